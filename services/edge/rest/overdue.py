"""A limit of time for each of many requests, at the price of one timer for all.

A timer of its own is a sixth of what the smallest request costs an edge, and hardly one ever ends: so the running ones
are looked at once a second, and what is overdue is ended then.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

T = TypeVar("T")

LOOK_SECONDS: Final = 1.0
"""How often it is looked; nothing runs longer than its limit and this."""


class Overdue:
    """Ends what takes too long."""

    def __init__(self) -> None:
        """Look at nothing yet: while nothing runs there is no timer."""
        self._running: dict[asyncio.Timeout, float] = {}
        self._look_later: asyncio.TimerHandle | None = None

    async def end(self, work: Awaitable[T], until: float) -> T:
        """Return what `work` comes to; end it once the loop's time is past `until`. Raises TimeoutError then."""
        if self._look_later is None:
            self._look_later = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        async with asyncio.timeout(None) as limit:
            self._running[limit] = until
            try:
                return await work
            finally:
                self._running.pop(limit, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for limit in [limit for limit, until in self._running.items() if until <= now]:
            del self._running[limit]
            limit.reschedule(now)
        self._look_later = loop.call_later(LOOK_SECONDS, self._look) if self._running else None
