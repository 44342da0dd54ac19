"""Programs that a test needs and that are not ours to bring."""

import os
import shutil

import pytest


def need(tool: str) -> str:
    """Return where the program is. Without it the test is skipped on a developer's machine, and fails in CI."""
    found = shutil.which(tool)
    if found is not None:
        return found
    sentence = f"{tool} is not on this machine: install it to run this test"
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
