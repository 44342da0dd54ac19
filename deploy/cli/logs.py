"""`chorus logs`."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.local.mesh import Mesh
from deploy.local.trouble import Trouble

_BLOCK = 64 * 1024
_PAUSE = 0.2  # seconds between two looks at the files


def show(arguments: argparse.Namespace) -> int:
    """Print the end of the logs of one process or of all instances of a service, and go on with --follow."""
    mesh = Mesh(arguments.data, arguments.port)
    files = find(mesh.layout.logs, arguments.service)
    width = max(len(file.stem) for file in files)
    prefix = {file: f"{file.stem:<{width}} | " if len(files) > 1 else "" for file in files}
    places = {}
    for file in files:
        lines, places[file] = tail(file, arguments.lines)
        _print(prefix[file], lines)
    while arguments.follow:
        time.sleep(_PAUSE)
        for file in files:
            lines, places[file] = since(file, places[file])
            _print(prefix[file], lines)
    return 0


def find(folder: Path, name: str) -> list[Path]:
    """The logs of the process `name`, or of the instances of the service `name`. Raises Trouble when there are none."""
    exact = folder / f"{name}.log"
    files = [exact] if exact.exists() else sorted(folder.glob(f"{name}-*.log"))
    if not files:
        names = ", ".join(sorted(file.stem for file in folder.glob("*.log"))) or "none yet: start the mesh (make up)"
        raise Trouble(f"there is no log of {name!r} in {folder}; there are: {names}.")
    return files


def tail(file: Path, count: int) -> tuple[list[str], int]:
    """The last `count` lines, and the place behind them."""
    with file.open("rb") as log:
        end = log.seek(0, 2)
        start, data = end, b""
        while start > 0 and data.count(b"\n") <= count:
            start = max(0, start - _BLOCK)
            log.seek(start)
            data = log.read(end - start)
    lines = data.decode(errors="replace").splitlines()
    return lines[len(lines) - count :] if 0 < count < len(lines) else lines if count else [], end


def since(file: Path, place: int) -> tuple[list[str], int]:
    """The whole lines written after `place`, and the place behind them; a rotated file is read from its start."""
    if not file.exists():
        return [], 0
    with file.open("rb") as log:
        log.seek(place if log.seek(0, 2) >= place else 0)
        start = log.tell()
        whole = log.read().rpartition(b"\n")[0]
    if not whole:
        return [], start
    return whole.decode(errors="replace").splitlines(), start + len(whole) + 1


def _print(prefix: str, lines: Iterator[str] | list[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{prefix}{line}\n")
    sys.stdout.flush()
