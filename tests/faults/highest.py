"""The highest of some values by time."""

from bisect import bisect_right
from collections.abc import Iterable
from math import inf


class Highest:
    """Asked for any moment once all that came before it are in."""

    def __init__(self, values: Iterable[tuple[float, float]]) -> None:
        """`values` are (when, what)."""
        self._times: list[float] = []
        self._highest: list[float] = []
        for when, what in sorted(values):
            self.add(when, what)

    def add(self, when: float, what: float) -> None:
        """One more; not before those that are in."""
        self._times.append(when)
        self._highest.append(max(what, self._highest[-1]) if self._highest else what)

    def before(self, when: float) -> float:
        """The highest of what came before a moment."""
        place = bisect_right(self._times, when)
        return self._highest[place - 1] if place else -inf
