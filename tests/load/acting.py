"""Lines that act again and again: at once when the last answer came, or all together at a rate."""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from tests.load.connection import Connection, Refused
from tests.load.latency import distribution, due, quantile_ms

Act = Callable[[int, int, float], Awaitable[int]]
"""What a worker (its number, its how-manieth time, when that was due) does; the HTTP status it got, 0 for none, or
below that for a wrong body."""

_EARLY = 0.002  # seconds before a request is due: the loop's own timer is a millisecond late at times


async def acting(
    lines: Sequence[Connection], seconds: float, act: Act, wanted: int, *, rate: float = 0, most: int | None = None
) -> dict[str, Any]:
    """Act on every line, for so long or so many times; what came of it. The lines are closed at the end.

    With a rate, latencies count from when a request was due (see latency.due). Raises Refused when nothing is answered.
    """
    latencies = array("d")
    failures: Counter[str] = Counter()
    began = time.perf_counter()
    ends = began + seconds
    left = most

    async def worker(number: int) -> None:
        nonlocal left
        times = due(began, rate, number, len(lines), ends) if rate else _at_once(ends)
        for turn, planned in enumerate(times):
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            await until(planned)
            try:
                status = await act(number, turn, planned)
            except (OSError, TimeoutError) as error:
                failures[type(error).__name__] += 1
                return
            latencies.append(time.perf_counter() - planned)
            if status != wanted:
                failures[str(status) if status >= 0 else f"{-status}, wrong body"] += 1

    await asyncio.gather(*(worker(number) for number in range(len(lines))))
    took = time.perf_counter() - began
    close(lines)
    if not latencies:
        raise Refused(f"nothing was answered: {dict(failures)}")
    done = len(latencies) - sum(count for name, count in failures.items() if name[0].isdigit())
    return {"done": done, "seconds": took, **quantiles(latencies), "failures": dict(failures)}


def quantiles(seconds: "array[float]") -> dict[str, Any]:
    """Median, 99th percentile and distribution, in milliseconds."""
    ordered = sorted(seconds)
    return {
        "p50_ms": quantile_ms(ordered, 0.5),
        "p99_ms": quantile_ms(ordered, 0.99),
        "distribution": distribution(ordered),
    }


def _at_once(ends: float) -> Iterator[float]:
    while (now := time.perf_counter()) < ends:
        yield now


async def until(planned: float) -> None:
    """Wait for a time, to some ten microseconds: the last stretch turn by turn, in which answers are read as ever."""
    wait = planned - time.perf_counter()
    if wait > _EARLY:
        await asyncio.sleep(wait - _EARLY)
    # Not an event: nothing but the clock sets it.
    while time.perf_counter() < planned:  # noqa: ASYNC110
        await asyncio.sleep(0)


def close(lines: Sequence[Connection]) -> None:
    """Close the connections."""
    for line in lines:
        line.close()
