"""One phase of the load: what came of it, what it cost, and what spoils its figures. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

COLUMNS = ("edge", "messaging", "envoy", "postgres", "redis")
"""Groups of processes with a column of their own; the others are summed up as `rest`."""

_GENERATOR_BUSY = 0.9
"""Share of a core: above it the load may have been the limit."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What came of one phase."""

    figures: Mapping[str, Any]
    """As the load said it."""
    cpu: Mapping[str, float]
    """CPU seconds that each group of processes spent in it; empty when they are not ours to look at."""

    @property
    def rate(self) -> float:
        """Units a second."""
        seconds = float(self.figures["seconds"])
        return float(self.figures["done"]) / seconds if seconds else 0.0

    def cpu_us(self, group: str = "", units: str = "done") -> float:
        """Microseconds of CPU for one unit: of a group of processes, or of all."""
        seconds = self.cpu.get(group, 0.0) if group else sum(self.cpu.values())
        count = self.figures[units]
        return seconds / count * 1e6 if count else 0.0


def cpu_by_column(phase: Phase) -> dict[str, float]:
    """Microseconds of each column's processes for one unit; `rest` is everything that has no column."""
    if not phase.figures["done"] or not phase.cpu:
        return {}
    each = {name: phase.cpu_us(name) for name in COLUMNS}
    return {**each, "rest": phase.cpu_us() - sum(each.values())}


def typical(rounds: Iterable[float | None]) -> float | None:
    """The median of what several rounds found; None when none found anything."""
    known = [value for value in rounds if value is not None]
    return median(known) if known else None


def faults(name: str, figures: Mapping[str, Any]) -> list[str]:
    """What went wrong in it, and must not."""
    found = []
    if figures.get("failures"):
        found.append(f"{name}: requests failed: {figures['failures']}")
    if figures.get("done", 0) != figures.get("expected", figures.get("done", 0)):
        found.append(f"{name}: {figures['done']:,} deliveries, expected {figures['expected']:,}")
    if figures.get("misnumbered") or figures.get("closed"):
        found.append(f"{name}: {figures['misnumbered']} frames misnumbered, {figures['closed']} sockets closed")
    return found


def load_was_busy(phases: Sequence[Phase]) -> float | None:
    """The share of a core that the load took, typically, if that may have been the limit."""
    shares = [
        one.figures.get("generator_cpu", 0.0) / one.figures["seconds"] for one in phases if one.figures["seconds"]
    ]
    busy = median(shares) if shares else 0.0
    return busy if busy > _GENERATOR_BUSY else None
