"""Bringing statuses in line with sockets and activity: the one place where a status changes by itself."""

from collections.abc import Iterable

from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.presence.domain import statuses as domain
from services.presence.domain.statuses import StatusRow
from services.presence.operations.announcing import Announcer
from services.presence.store import statuses as store
from services.presence.store.registry import Facts, Registry

CHUNK = 500
"""Users a transaction."""

ACTIVITY_WRITTEN_MS = 120_000
"""How far activity alone must move on before it is written; in between, Redis knows it exactly."""


class Settling:
    """Settles statuses. Several instances may settle the same users at once: the rows' locks put them in order."""

    def __init__(
        self, database: Database, registry: Registry, announcer: Announcer, clock: Clock, *, away_after_ms: int
    ) -> None:
        """`away_after_ms`: without activity for so long, a user is away."""
        self._database, self._registry, self._announcer, self._clock = database, registry, announcer, clock
        self._away_after = away_after_ms

    async def settle(self, user_ids: Iterable[str], lost: Iterable[str] = ()) -> None:
        """Settle these users; `lost` are those of them of whom a socket has gone.

        May be repeated at will. Raises unavailable, with some of them settled and the others not.
        """
        ids, gone = sorted({*user_ids, *lost}), frozenset(lost)
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]

            async def work(tx: Transaction, chunk: list[str] = chunk) -> list[StatusRow]:
                rows = await store.lock(tx, chunk)
                # Looked at under the rows' locks: whoever settles a user last has seen the newest of its sockets.
                facts, complete = await self.look(tx, chunk)
                return await self._bring_up_to_date(tx, rows, facts, complete, gone)

            self._announcer.statuses_changed(await self._database.transact(work))

    async def look(self, tx: Transaction, user_ids: list[str]) -> tuple[Facts, bool]:
        """Return what Redis knows of the users, and whether that is everything: have all known edges reported?"""
        known = await store.known_edges(tx)
        facts = await self._registry.facts(user_ids)
        return facts, known <= facts.edges

    async def end_dnd(self, user_ids: Iterable[str]) -> None:
        """Give those whose do-not-disturb is over the status that they had before, or that they have by themselves."""
        ids = sorted(user_ids)

        async def work(tx: Transaction) -> list[StatusRow]:
            rows = await store.lock(tx, ids)
            facts, complete = await self.look(tx, ids)
            now = self._clock.now_ms()
            over = [row for row in rows if domain.dnd_is_over(row, now)]
            changed = [
                domain.settled(
                    domain.after_dnd(row),
                    has_sockets=row.user_id in facts.with_sockets,
                    last_activity=facts.last_activity.get(row.user_id, 0),
                    lost=False,
                    now=now,
                    away_after=self._away_after,
                )
                for row in over
                if complete or row.user_id in facts.with_sockets or row.prev_status
            ]
            await store.save(tx, changed)
            return changed

        if ids:
            self._announcer.statuses_changed(await self._database.transact(work))

    async def _bring_up_to_date(
        self, tx: Transaction, rows: list[StatusRow], facts: Facts, complete: bool, lost: frozenset[str]
    ) -> list[StatusRow]:
        """Save what changed; return the rows whose status did."""
        now = self._clock.now_ms()
        written, shown = [], []
        for row in rows:
            user = row.user_id
            after = domain.settled(
                row,
                has_sockets=True if user in facts.with_sockets else False if complete else None,
                last_activity=facts.last_activity.get(user, 0),
                lost=user in lost,
                now=now,
                away_after=self._away_after,
            )
            moved = after.last_activity_at - row.last_activity_at
            if after.status != row.status:
                shown.append(after)
            if after.status != row.status or after.vouched_at != row.vouched_at or moved >= ACTIVITY_WRITTEN_MS:
                written.append(after)
        await store.save(tx, written)
        return shown
