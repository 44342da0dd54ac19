"""Moments at which what comes round comes round together: a wake-up costs an idle process more than what it does then.

Woken for nothing much, a process takes some hundred microseconds: its caches are cold. Duties of the same period that
wait `until_tick` share the wake-up, whenever each of them began.
"""

import asyncio
from typing import Final

_CLOSE: Final = 0.01


def until_tick(period: float) -> float:
    """Return how long to wait until the loop's time is a multiple of `period` seconds, at most a hundredth over it.

    A multiple that is as good as here counts as gone: a timer may have come a little early.
    """
    left = period - asyncio.get_running_loop().time() % period
    return left if left > period * _CLOSE else left + period
