"""Progress on a terminal, or in a log: one line a step, with its time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Called with the name of a step as it begins; see `steps`."""

    def __init__(self) -> None:
        """Nothing has begun."""
        self._name = ""
        self._began = 0.0
        self._live = sys.stdout.isatty()

    def __call__(self, name: str) -> None:
        """The step before is done, and this one begins."""
        self.finish("✓")
        self._name, self._began = name, time.monotonic()
        if self._live:
            print(f"  … {name}", end="", flush=True)

    def finish(self, sign: str) -> None:
        """End the step that runs, if any."""
        if not self._name:
            return
        start = "\r\x1b[K" if self._live else ""
        print(f"{start}  {sign} {self._name:<36} {time.monotonic() - self._began:5.1f} s", flush=True)
        self._name = ""


@contextmanager
def steps() -> Iterator[Steps]:
    """Steps that end well when the block does, and are marked as failed when it raises."""
    progress = Steps()
    try:
        yield progress
    except BaseException:
        progress.finish("✗")
        raise
    progress.finish("✓")
