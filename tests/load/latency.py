"""Latencies as a distribution, of requests that were sent when they were due. Pure."""

from collections.abc import Iterator, Sequence

SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0)
"""What is told of a distribution: the share of all that took no longer. The last is the slowest."""


def due(began: float, rate: float, first: int, step: int, ends: float) -> Iterator[float]:
    """The times at which one of `step` lines sends, all together `rate` a second, before `ends`.

    A latency counts from here and not from when the line came to it: a server that stalls is charged with every
    request that should have been sent meanwhile, and not only with the one that was under way.
    """
    turn = 0
    while (planned := began + (turn * step + first) / rate) < ends:
        yield planned
        turn += 1


def distribution(ordered: Sequence[float]) -> list[tuple[float, float]]:
    """Each of SHARES with the milliseconds within which it came, of sorted seconds; none for no values."""
    if not ordered:
        return []
    last = len(ordered) - 1
    return [(share, ordered[min(last, int(len(ordered) * share))] * 1e3) for share in SHARES]


def quantile_ms(ordered: Sequence[float], share: float) -> float | None:
    """The value in milliseconds that this share of the sorted seconds does not exceed; None for no values."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3
