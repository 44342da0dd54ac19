"""A clock that stands still until a test moves it."""


class ManualClock:
    """Satisfies `services.chassis.clock.Clock`; both its times move only by `advance`."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        """Start at `now_ms` of wall-clock time and 0.0 of monotonic time."""
        self._now_ms = now_ms
        self._monotonic = 0.0

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds since the start of the test."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass for both."""
        self._now_ms += round(seconds * 1000)
        self._monotonic += seconds

    def set_wall(self, now_ms: int) -> None:
        """Move the wall clock alone, backwards too, as an NTP step does."""
        self._now_ms = now_ms
