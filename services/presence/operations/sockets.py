"""What edges report: sockets and activity."""

from collections.abc import Sequence

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.presence.metrics import PresenceMetrics
from services.presence.operations.settling import ACTIVITY_WRITTEN_MS, Settling
from services.presence.store import statuses as store
from services.presence.store.registry import Registry


class Sockets:
    """Keeps the edges' reports."""

    def __init__(
        self, database: Database, registry: Registry, settling: Settling, clock: Clock, metrics: PresenceMetrics
    ) -> None:
        """Take reports."""
        self._database, self._registry, self._settling = database, registry, settling
        self._clock, self._metrics = clock, metrics

    async def report(
        self, edge_id: str, incarnation: str, number: int, *, full: bool, online: Sequence[str], gone: Sequence[str]
    ) -> bool:
        """Keep a report, unless one with a higher number is kept; return False if the edge must report in full.

        Returns after the statuses are settled. A report that failed may be repeated, and must be, in full.
        """
        lost = await self._registry.report(
            edge_id, incarnation, number, full=full, online=online, gone=gone, nonce=new_id()
        )
        if lost is None:
            self._metrics.full_reports_wanted.inc()
            return False
        if full:
            await self._database.transact(lambda tx: store.remember_edge(tx, edge_id))
        if online or gone or lost:
            # To connect is to do something; to be reported once more is not.
            await self._registry.touch(online, self._clock.now_ms(), only_new=full)
            await self._settling.settle(online, lost=[*gone, *lost])
        return True

    async def active(self, user_ids: Sequence[str]) -> None:
        """Note that users did something: those who were away are online again."""
        if not user_ids:
            return
        now = self._clock.now_ms()
        await self._registry.touch(user_ids, now)
        since = now - ACTIVITY_WRITTEN_MS
        fine = await self._database.transact(lambda tx: store.up_to_date(tx, user_ids, since))
        await self._settling.settle(set(user_ids) - fine)
