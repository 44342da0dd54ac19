"""What several rounds say together: medians, less what an idle mesh takes, and which changes are no noise. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Costs = Mapping[str, float]
"""Microseconds of CPU for one unit, by process."""

_LEAST = 0.03
"""A change below this share is not told as one, however sure it is."""


def per_unit(spent: Mapping[str, float], units: int, idle: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Microseconds of CPU that each process took for one unit.

    `spent` are its CPU seconds meanwhile; `idle` what it takes a second by itself, which is taken off: on a busy
    machine the same work takes longer, and must not cost more for that. Never below nothing.
    """
    if units <= 0:
        return {}
    return {name: max(0.0, cpu - idle.get(name, 0.0) * seconds) / units * 1e6 for name, cpu in spent.items()}


def medians(rounds: Sequence[Costs]) -> dict[str, float]:
    """The median of each process over the rounds that have it."""
    names = {name: None for costs in rounds for name in costs}
    return {name: median(costs[name] for costs in rounds if name in costs) for name in names}


def total(costs: Costs) -> float:
    """All processes together."""
    return sum(costs.values())


@dataclass(frozen=True, slots=True)
class Change:
    """One figure on two sides."""

    before: float
    after: float
    ratio: float
    """Median of after ÷ before, round by round."""
    moved: bool
    """Whether this is more than noise."""


def compare(before: Sequence[float], after: Sequence[float]) -> Change | None:
    """The same figure of interleaved rounds, one pair a round; None where nothing can be said.

    It moved when every round says so in the same direction and the median is 3 % or more: with five rounds, chance
    alone does that once in sixteen times; with seven, once in sixty-four.
    """
    ratios = [late / early for early, late in zip(before, after, strict=True) if early > 0]
    if not ratios:
        return None
    middle = median(ratios)
    agreed = all(ratio > 1 for ratio in ratios) or all(ratio < 1 for ratio in ratios)
    return Change(median(before), median(after), middle, agreed and len(ratios) > 1 and abs(middle - 1) >= _LEAST)
