"""Contracts compile with buf.validate's rules, and a planted fault or break is caught."""

import subprocess
from pathlib import Path

import pytest

from deploy.local import contracts, protos

CONTRACT = """\
syntax = "proto3";

// A test's contract.
package chorus.test.v1;

import "buf/validate/validate.proto";

// A thing.
message Thing {
  // Its id.
  string id = 1 [(buf.validate.field).string.len = 26];
  // How many.
  int64 count = 2;
}
"""


def _image(tmp_path: Path, text: str) -> Path:
    source = tmp_path / "protos" / "chorus" / "test" / "v1" / "things.proto"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(text)
    image = tmp_path / "image.binpb"
    assert protos.generate(tmp_path / "protos", tmp_path / "code", image) == 1
    return image


def test_code_types_and_an_image_without_faults(tmp_path: Path) -> None:
    image = _image(tmp_path, CONTRACT)
    made = {path.name for path in (tmp_path / "code").rglob("*.py*")}
    assert {"things_pb2.py", "things_pb2.pyi", "validate_pb2.py"} <= made
    assert contracts.lint(image)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("  // How many.\n", ""), ("chorus.test.v1", "chorus.test"), ("int64 count", "int64 Count")],
    ids=["no comment", "no version", "not lower_snake_case"],
)
def test_lint_catches(tmp_path: Path, right: str, wrong: str) -> None:
    assert not contracts.lint(_image(tmp_path, CONTRACT.replace(right, wrong)))


@pytest.mark.parametrize(
    ("before", "after", "harmless"),
    [
        ("int64 count = 2", "int64 amount = 2", False),
        ("int64 count = 2", "string count = 2", False),
        ("int64 count = 2;", "int64 count = 2;\n  // More.\n  int64 more = 3;", True),
    ],
    ids=["renamed", "retyped", "added"],
)
def test_a_break_is_caught_and_an_addition_is_none(tmp_path: Path, before: str, after: str, harmless: bool) -> None:
    released = _image(tmp_path, CONTRACT).rename(tmp_path / "released.binpb")
    assert contracts.compatible(_image(tmp_path, CONTRACT.replace(before, after)), released) == harmless


def test_what_does_not_compile_keeps_the_code_that_was_there(tmp_path: Path) -> None:
    _image(tmp_path, CONTRACT)
    with pytest.raises(subprocess.CalledProcessError):
        _image(tmp_path, "syntax = nonsense")
    assert (tmp_path / "code" / "chorus" / "test" / "v1" / "things_pb2.py").exists()
