"""The source files that the architecture tests read."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield (path from the root, syntax tree) of every Python file below the folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def called(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with its dotted name, as in `asyncio.create_task`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node
