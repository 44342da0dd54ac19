"""Ending sessions so that no edge serves them any more once the caller has its answer (DESIGN §2, promise 6)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from chorus.common.v1 import events_pb2
from services.auth.metrics import AuthMetrics
from services.chassis.bus import Bus, BusError, BusMessage
from services.chassis.events import Announcement, EventLog, Publisher
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Revocations:
    """Tells the edges of ended sessions: on the control stream before the call is answered, then like any event."""

    def __init__(self, log: EventLog, publisher: Publisher, bus: Bus, tasks: Tasks, metrics: AuthMetrics) -> None:
        """Share the process's parts."""
        self._log, self._publisher, self._bus, self._tasks, self._metrics = log, publisher, bus, tasks, metrics

    async def uninterrupted(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` to its end, even when the caller goes away between the commit and the announcement."""

        async def run() -> T:
            return await work()

        return await asyncio.shield(self._tasks.spawn("revocation", run()))

    async def announce(self, entries: Sequence[events_pb2.LogEntry]) -> None:
        """Announce committed events and return when the control stream has them.

        When the bus is away the sessions have ended nevertheless, and the call is answered: edges that cannot read
        the control stream trust no cached session but ask auth.
        """
        self._publisher.publish_soon(entries)
        for entry in entries:
            self._metrics.revocations.inc()
            try:
                await self._bus.publish_control(BusMessage(entry.topic, entry.seq, entry.SerializeToString()))
            except BusError as error:
                self._metrics.revocation_failures.inc()
                _log.warning("control stream did not take a revocation", extra={"why": str(error)})

    async def announce_again(self, told: Announcement) -> None:
        """Announce, outside the log, what a call before this one did and may have died before announcing."""
        await self.announce(
            [
                events_pb2.LogEntry(
                    topic=told.topic,
                    seq=0,
                    at_ms=told.at_ms,
                    kind=told.kind,
                    body=told.body,
                    incarnation=self._log.incarnation,
                )
            ]
        )
