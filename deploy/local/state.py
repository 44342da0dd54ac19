"""What was asked of a mesh last, so that `chorus up` needs no argument the second time; and one command at a time."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.paths import Layout
from deploy.local.secrets import write_private
from deploy.local.trouble import Trouble


@dataclass(frozen=True, slots=True)
class State:
    """Where the mesh stands and how large it is."""

    data: str
    """Its data folder, to notice when that was moved."""
    port: int
    scale: Mapping[str, int]


def load(layout: Layout) -> State | None:
    """What was saved; None for a mesh that never ran."""
    if not layout.mesh.exists():
        return None
    return State(**json.loads(layout.mesh.read_text()))


def save(layout: Layout, state: State) -> None:
    """Remember."""
    write_private(layout.mesh, json.dumps(asdict(state), indent=2) + "\n")


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Hold the mesh for one command. Raises Trouble when another one is at work."""
    path: Path = layout.data / ".lock"
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(
                f"another chorus command (process {file.read().strip()}) is at work on {layout.data}: "
                "wait for it to end."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # The lock goes with the open file: a killed command leaves no stale one.
        yield
