"""Services whose wall clocks can be stepped while they run, each by itself.

`python -m tests.faults.clocks FILE services.messaging --instance …` runs the service with a clock that is off by as
many milliseconds as the file holds, at every moment. Time that is measured inside of a process goes on as ever, as it
does when NTP steps a machine's clock.
"""

import mmap
import runpy
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.paths import Layout
from deploy.local.programs import Command
from deploy.local.topology import Instance

_OFFSET = struct.Struct("=q")


class Clocks:
    """The clocks of a mesh's instances, as the one who steps them sees them."""

    def __init__(self, folder: Path) -> None:
        """Keep them in the folder."""
        self._folder = folder
        folder.mkdir(parents=True)

    def command(self, inner: Command) -> Command:
        """The command line of an instance that goes by its clock here; `inner` says how it is run otherwise."""

        def stepped(instance: Instance, layout: Layout) -> Sequence[str]:
            line = list(inner(instance, layout))
            self.step(instance.name, 0)
            module = line.index("-m") + 1
            line[module:module] = ["tests.faults.clocks", str(self._folder / instance.name)]
            return line

        return stepped

    def step(self, instance: str, seconds: float) -> None:
        """Let an instance's clock be off by so much from now on."""
        path = self._folder / instance
        offset = _OFFSET.pack(round(seconds * 1000))
        if not path.exists():
            path.write_bytes(offset)
        with path.open("r+b") as file, mmap.mmap(file.fileno(), _OFFSET.size) as seen:
            seen[:] = offset


def _follow(path: Path) -> None:
    from services.chassis.clock import SystemClock

    with path.open("rb") as file:
        seen = mmap.mmap(file.fileno(), _OFFSET.size, prot=mmap.PROT_READ)

    def now_ms(self: SystemClock) -> int:
        offset: int = _OFFSET.unpack_from(seen)[0]
        return time.time_ns() // 1_000_000 + offset

    SystemClock.now_ms = now_ms  # type: ignore[method-assign]


if __name__ == "__main__":
    _follow(Path(sys.argv.pop(1)))
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
