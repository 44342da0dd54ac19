"""Time, as a dependency: whoever needs it is given a `Clock`, so that a test can hold it in its hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now_ms(self) -> int:
        """Wall-clock time in milliseconds since 1970; may step back, so never measure durations with it."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start, never going back; for durations and deadlines inside one process."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    def now_ms(self) -> int:
        """Wall-clock time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since an arbitrary start, never going back."""
        return time.monotonic()
