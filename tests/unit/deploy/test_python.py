"""Which Python the virtual environment is made with, among stand-ins that say how fast they are."""

import subprocess
from pathlib import Path

import pytest

from deploy.local.paths import REPOSITORY


def python(folder: Path, name: str, took: int | None) -> str:
    """A stand-in that measures `took`; None for one that is too old, or has no venv."""
    made = folder / name
    made.write_text("#!/bin/sh\n" + (f"echo {took}\n" if took is not None else "exit 1\n"))
    made.chmod(0o755)
    return str(made)


@pytest.mark.parametrize(
    ("asked_for", "systems", "chosen"),
    [
        (14_000, 10_000, "system's"),
        (11_000, 10_000, "asked for"),
        (10_000, 14_000, "asked for"),
        (None, 10_000, "system's"),
        (10_000, None, "asked for"),
        (None, None, "asked for"),
    ],
)
def test_the_one_on_the_path_unless_the_systems_is_much_faster(
    tmp_path: Path, asked_for: int | None, systems: int | None, chosen: str
) -> None:
    candidates = [python(tmp_path, "asked for", asked_for), python(tmp_path, "system's", systems)]
    script = REPOSITORY / "deploy" / "local" / "python.sh"
    said = subprocess.run(["sh", str(script), *candidates], capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).name == chosen


def test_a_real_one_is_measured(tmp_path: Path) -> None:
    script = REPOSITORY / "deploy" / "local" / "python.sh"
    candidates = [python(tmp_path, "no python at all", None), "/no/such/python", "python3"]
    said = subprocess.run(["sh", str(script), *candidates], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "python3"
