"""Partitions of the event log: a day each, attached a week ahead, detached when all in them is older than is kept.

Attaching a table that exists and detaching concurrently lock the log against no writer; a plain DROP behind one open
reader would stop all posting (measured: 3 s, DESIGN §4).
"""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Final

import psycopg

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import DomainError

_log = logging.getLogger(__name__)

DAY_MS: Final = 24 * 3600 * 1000
AHEAD_DAYS: Final = 7
KEPT_MS: Final = DAY_MS
"""How long events are kept at least; who asks for older ones is told so and reads anew."""

_EVERY_SECONDS: Final = 3600
_LOCK: Final = 0x43484F45  # "CHOE": one instance at a time
_PRESENT: Final = """
SELECT child.relname AS name, inhdetachpending AS pending FROM pg_inherits
JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
WHERE parent.relname = 'events'"""


class Partitions:
    """Keeps the log's partitions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep those of the log in `database`."""
        self._database, self._clock = database, clock

    async def ensure(self) -> None:
        """Attach what is missing from yesterday to a week ahead. To be awaited before the service writes."""
        day = self._clock.now_ms() // DAY_MS
        for number in range(day - 1, day + AHEAD_DAYS + 1):
            await self._attach(number)

    async def run(self) -> None:
        """Keep the partitions, hour by hour, without end."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self.ensure()
                await self.retire()
            except (DomainError, psycopg.Error):
                _log.exception("the log's partitions could not be kept; there is a week to mend it")

    async def retire(self) -> None:
        """Detach and drop partitions in which everything is older than is kept."""
        oldest = _name((self._clock.now_ms() - KEPT_MS) // DAY_MS)
        for name, pending in sorted(await self._database.fetch(_PRESENT)):
            if name < oldest:
                # An instance that ended in the middle of a detach left it pending.
                how = "FINALIZE" if pending else "CONCURRENTLY"
                await self._database.outside_transaction(f"ALTER TABLE events DETACH PARTITION {name} {how}")
                await self._database.outside_transaction(f"DROP TABLE {name}")
                _log.info("events retired", extra={"partition": name})

    async def _attach(self, day: int) -> None:
        name, start = _name(day), day * DAY_MS
        if name in await self._present():
            return
        async with self._database.transaction() as tx:
            # One instance at a time; the others then find it done.
            await tx.fetch("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_LOCK)
            if name in {row.name for row in await tx.fetch(_PRESENT)}:
                return
            await tx.fetch(f"CREATE TABLE {name} (LIKE events INCLUDING ALL)")
            await tx.fetch(
                f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({start + DAY_MS})"
            )

    async def _present(self) -> set[str]:
        return {row.name for row in await self._database.fetch(_PRESENT)}


def _name(day: int) -> str:
    """Return a partition's name; made from the day alone, so it may stand in a statement."""
    return f"events_{datetime.fromtimestamp(day * DAY_MS / 1000, UTC):%Y%m%d}"
