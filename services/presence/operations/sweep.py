"""What time alone changes: leases that run out, users who fall idle, do-not-disturb that ends.

Every instance runs the loops; a short lock in Redis lets one of them work. Two at work at once would do no harm.

A lease may only expire after Redis has worked, as this instance saw it, for a whole lease: before that, an edge that
did not renew may merely have been unable to.
"""

import asyncio
import logging
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import DomainError
from services.chassis.ticks import until_tick
from services.presence.metrics import PresenceMetrics
from services.presence.operations.settling import CHUNK, Settling
from services.presence.store import statuses as store
from services.presence.store.registry import Look, Registry

_log = logging.getLogger(__name__)

_PAGE: Final = 1000
_LOCK_MS: Final = 5000  # a few looks


class Sweep:
    """The two loops: one looks, the other does what the look shows to be due."""

    def __init__(
        self,
        instance: str,
        database: Database,
        registry: Registry,
        settling: Settling,
        clock: Clock,
        metrics: PresenceMetrics,
        *,
        lease_ms: int,
        away_after_ms: int,
    ) -> None:
        """`instance` owns the lock; `lease_ms` is what edges are promised."""
        self._instance, self._database, self._registry = instance, database, registry
        self._settling, self._clock, self._metrics = settling, clock, metrics
        self._lease, self._away_after = lease_ms, away_after_ms
        self._look: Look | None = None
        self._looked = asyncio.Event()
        self._looked_at = 0.0
        self._worked_since: float | None = None
        self._next_reconcile = 0.0
        self._dnd_minute = 0

    async def watch(self) -> None:
        """Look at Redis without end, five times a lease and when one ends; apart from the work, which may take long."""
        while True:
            try:
                self._look = await self._registry.look(self._instance, _LOCK_MS, self._lease)
                self._note_that_redis_works()
                self._looked.set()
            except DomainError as error:
                self._look = self._worked_since = None
                _log.warning("redis is away", extra={"why": str(error)})
            except Exception:
                self._look = self._worked_since = None
                _log.exception("redis could not be looked at")
            await self._pause()

    async def run(self) -> None:
        """Do what is due without end, after every look that shows the lock to be ours."""
        while True:
            await self._looked.wait()
            self._looked.clear()
            try:
                if self._look is not None:
                    await self._work(self._look)
            except DomainError as error:
                self._metrics.sweep_failures.inc()
                _log.warning("sweep failed", extra={"why": str(error)})
            except Exception:
                self._metrics.sweep_failures.inc()
                _log.exception("sweep failed")

    async def _work(self, look: Look) -> None:
        if self._worked_for_a_lease():
            reconciling = self._clock.monotonic() >= self._next_reconcile
            # PostgreSQL knows of more edges than Redis after Redis lost something: looked at every time then, and
            # otherwise once a lease, so that an idle mesh is not asked every second.
            await self._expire(look, compare=reconciling or look.age < 2 * self._lease)
            if reconciling or self._clock.monotonic() >= self._next_reconcile:
                await self._reconcile()
                self._next_reconcile = self._clock.monotonic() + self._lease / 1000
        await self._idle(look)
        await self._end_dnd()

    async def _pause(self) -> None:
        due = self._look.due if self._look is not None else self._lease
        await asyncio.sleep(min(until_tick(self._lease / 5_000), max(self._lease / 40, due) / 1000))

    def _note_that_redis_works(self) -> None:
        """Count how long it has.

        An answer that was long in coming counts as a failure before: the edges' reports may have waited as long, be it
        that Redis was paused or this process was.
        """
        now = self._clock.monotonic()
        if self._worked_since is None or now - self._looked_at > self._lease / 3000:
            self._worked_since = now
        self._looked_at = now

    def _worked_for_a_lease(self) -> bool:
        return self._worked_since is not None and self._clock.monotonic() - self._worked_since >= self._lease / 1000

    async def _expire(self, look: Look, *, compare: bool) -> None:
        known = await self._database.transact(store.known_edges) if compare else set[str]()
        # What Redis has held for less than a lease may lack edges that just have not reported again.
        unheard = known - look.edges if look.age >= self._lease else set()
        for edge_id in sorted({*look.silent, *unheard}):
            if not self._worked_for_a_lease():
                return
            await self._database.transact(lambda tx, edge_id=edge_id: store.forget_edge(tx, edge_id))  # type: ignore[misc]
            lost = await self._registry.expire(edge_id, self._lease)
            if lost is None:
                await self._database.transact(lambda tx, edge_id=edge_id: store.remember_edge(tx, edge_id))  # type: ignore[misc]
                continue
            self._metrics.edges_expired.inc()
            _log.warning("edge expired", extra={"edge": edge_id, "users": len(lost)})
            self._next_reconcile = 0.0  # users of whom only PostgreSQL knew
            await self._settling.settle((), lost=lost)

    async def _reconcile(self) -> None:
        """Settle users who are shown as present and have no socket: what a crash or a loss of Redis left behind."""
        after = ""
        while True:
            page = await self._database.transact(lambda tx, after=after: store.present(tx, after, _PAGE))  # type: ignore[misc]
            if not page:
                return
            facts = await self._registry.facts(page)
            await self._settling.settle(set(page) - facts.with_sockets)
            after = page[-1]

    async def _idle(self, look: Look) -> None:
        since = self._clock.now_ms() - self._away_after
        if look.idle_since is None or look.idle_since > since:
            return
        while idle := await self._registry.idle(since, _PAGE):
            await self._settling.settle(idle)
            await self._registry.unwatch(idle, since)

    async def _end_dnd(self) -> None:
        now_s = self._clock.now_ms() // 1000
        if now_s // 60 == self._dnd_minute:
            return
        over = await self._database.transact(lambda tx: store.dnd_over(tx, now_s, CHUNK))
        await self._settling.end_dnd(over)
        if len(over) < CHUNK:
            self._dnd_minute = now_s // 60
