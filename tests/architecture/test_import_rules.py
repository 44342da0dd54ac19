"""A broken import rule fails `make check`: one is planted in a copy and caught."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

PLANTS = {
    "one service knows another": ("services/messaging/operations/posts.py", "import services.auth.domain"),
    "an operation speaks gRPC": ("services/messaging/operations/posts.py", "import grpc"),
    "a rule has a clock": ("services/messaging/domain/posts.py", "import services.chassis.clock"),
    "a layer looks up": ("services/messaging/store/posts.py", "import services.messaging.operations.posts"),
    "the chassis knows a service": ("services/chassis/ids.py", "import services.messaging"),
    "a route reads a service's message": ("services/edge/rest/posts.py", "import chorus.messaging.v1.posts_pb2"),
    "SQL outside of store": ("services/messaging/operations/posts.py", "import sqlalchemy"),
}


def lint(copy: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("plant", PLANTS, ids=str)
def test_a_planted_import_is_caught(plant: str, tmp_path: Path) -> None:
    for name in ("services", "deploy"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path, line = PLANTS[plant]
    planted = tmp_path / path
    planted.write_text(planted.read_text() + f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
