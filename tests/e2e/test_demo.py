"""What `make demo` shows is true: it says so itself at the end."""

import re
import subprocess
import sys

from deploy.local.paths import REPOSITORY


def test_the_demo_ends_with_one_history_on_both_edges() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "demo", "--pace", "0"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "\x1b" not in played.stdout, "a pipe gets plain lines"
    assert re.search(r"kill -9 \d+: edge-1 dies", played.stdout)
    assert played.stdout.count("with nothing missing") == 2
    assert "The same history on both edges: 7 messages" in played.stdout
