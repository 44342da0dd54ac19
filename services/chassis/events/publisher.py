"""From COMMIT to the bus, without anybody waiting for it.

A lost publish is no lost event: followers see the gap in the seq, or hear of it from `Changed`, and read the log.
"""

import asyncio
import logging
from collections.abc import Iterable

from chorus.common.v1 import events_pb2
from services.chassis.bus import Bus, BusError, BusMessage
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)


class Publisher:
    """Hands entries to the bus in their order, many in one round trip."""

    def __init__(self, bus: Bus, tasks: Tasks, metrics: Metrics, *, max_waiting: int = 50_000) -> None:
        """Keep at most `max_waiting` entries while the bus is away; further ones are left to repair."""
        self._bus, self._tasks, self._max_waiting = bus, tasks, max_waiting
        self._waiting: list[BusMessage] = []
        self._publishing: asyncio.Task[None] | None = None
        self._durable = metrics.bus_published.labels("durable")
        self._ephemeral = metrics.bus_published.labels("ephemeral")
        self._failures = metrics.bus_publish_failures

    def publish_soon(self, entries: Iterable[events_pb2.LogEntry]) -> None:
        """Publish entries of a committed transaction, or ephemeral ones; return at once."""
        for entry in entries:
            if len(self._waiting) >= self._max_waiting:
                self._failures.labels("durable" if entry.seq else "ephemeral").inc()
                continue
            self._waiting.append(BusMessage(entry.topic, entry.seq, entry.SerializeToString()))
        if self._waiting and (self._publishing is None or self._publishing.done()):
            self._publishing = self._tasks.spawn("publisher", self._run())

    async def close(self) -> None:
        """Hand over what waits: once nothing more is committed, and before the bus is closed.

        It would not be lost, but every edge would find it only a second later, at each restart.
        """
        if self._publishing is not None:
            await asyncio.wait({self._publishing})

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:1000], self._waiting[1000:]
            durable = sum(1 for message in batch if message.seq)
            try:
                await self._bus.publish(batch)
            except BusError as error:
                _log.warning("bus did not take events", extra={"count": len(batch), "why": str(error)})
                self._failures.labels("durable").inc(durable)
                self._failures.labels("ephemeral").inc(len(batch) - durable)
            else:
                self._durable.inc(durable)
                self._ephemeral.inc(len(batch) - durable)
