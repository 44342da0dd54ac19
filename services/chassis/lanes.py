"""As few lanes as will do: batches by key, side by side only when one lane's batches are large already.

A batch's price is mostly its own and not its items', so one lane carries more than two that are half full (DESIGN §3
"Lanes": one committer 20,000 posts/s, four 11,000–12,500). A second one pays once batches are so large that an item's
share of the price no longer falls; then the lanes, and with them the instances that work, double.
"""

import zlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from services.chassis.batching import Batcher
from services.chassis.errors import DomainError
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

Item = TypeVar("Item")
Answer = TypeVar("Answer")

WIDEN_AT: Final = 32
"""Items in a usual batch from which on there are twice as many lanes."""

NARROW_AT: Final = 8
"""Items in a usual batch below which there are half as many; a quarter of `WIDEN_AT`, so that halved batches stay."""

_REMEMBERED: Final = 8
"""Batches that a usual one is the average of, about."""


class Lanes(Generic[Item, Answer]):
    """Batchers side by side; items of one key share one, and so do all as long as their batches are small."""

    def __init__(
        self,
        name: str,
        send: Callable[[int, Sequence[Item]], Awaitable[Sequence[Answer | DomainError]]],
        tasks: Tasks,
        metrics: Metrics,
        *,
        most: int,
        max_items: int,
        max_waiting: int,
        size: Callable[[Item], int] = lambda item: 0,
    ) -> None:
        """`send(lane, items)` as a Batcher's, with the lane's number; at most `most` lanes, a power of two.

        Keys change lanes when the number of lanes does: `send` must not rely on one key's items coming through one.
        """
        self._send, self._most, self._width = send, most, 1
        self._usual = 0.0
        self._batchers: list[Batcher[Item, Answer]] = [
            Batcher(
                name, partial(self._sent, lane), tasks, metrics, max_items=max_items, max_waiting=max_waiting, size=size
            )
            for lane in range(most)
        ]

    async def submit(self, key: str, item: Item) -> Answer:
        """Return the item's answer or raise its error; raise busy at once when too many wait in its lane."""
        lane = zlib.crc32(key.encode()) % self._width if self._width > 1 else 0
        return await self._batchers[lane].submit(item)

    async def _sent(self, lane: int, items: Sequence[Item]) -> Sequence[Answer | DomainError]:
        self._usual += (len(items) - self._usual) / _REMEMBERED
        if self._usual >= WIDEN_AT and self._width < self._most:
            self._width, self._usual = self._width * 2, self._usual / 2
        elif self._usual < NARROW_AT and self._width > 1:
            self._width, self._usual = self._width // 2, self._usual * 2
        return await self._send(lane, items)
