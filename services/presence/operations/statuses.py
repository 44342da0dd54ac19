"""Statuses as users see and set them."""

import contextlib
from collections.abc import Sequence

from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.presence.domain import statuses as domain
from services.presence.domain.statuses import Actor, StatusRow
from services.presence.operations.announcing import Announcer
from services.presence.store import statuses as store
from services.presence.store.registry import Registry


class Statuses:
    """Reads and sets statuses; neither needs Redis."""

    def __init__(
        self, database: Database, registry: Registry, announcer: Announcer, clock: Clock, *, enabled: bool
    ) -> None:
        """`enabled` is ServiceSettings.EnableUserStatuses."""
        self._database, self._registry, self._announcer, self._clock = database, registry, announcer, clock
        self._enabled = enabled

    async def get(self, user_ids: Sequence[str]) -> list[StatusRow]:
        """Return the users' statuses in the order asked for; offline for one who never had any."""
        if not self._enabled or not user_ids:
            return []
        rows = await self._database.transact(lambda tx: store.get(tx, user_ids))
        return [rows.get(user_id) or StatusRow(user_id) for user_id in user_ids]

    async def set(self, actor: Actor, user_id: str, status: str, dnd_end_time_s: int) -> StatusRow:
        """Set a status by hand and return it. Raises statuses_disabled, permission_denied, invalid_status."""
        if not self._enabled:
            raise DomainError(Reason.STATUSES_DISABLED)
        domain.require_may_set(actor, user_id)
        now = self._clock.now_ms()

        async def work(tx: Transaction) -> tuple[StatusRow, StatusRow]:
            (before,) = await store.lock(tx, [user_id])
            after = domain.chosen(before, status, dnd_end_time_s, now)
            await store.save(tx, [after])
            return before, after

        before, after = await self._database.transact(work)
        if after.status != before.status:
            self._announcer.statuses_changed([after])
        if not after.manual:
            # Watched for idleness from now on; without Redis the user's next activity does it.
            with contextlib.suppress(DomainError):
                await self._registry.touch([user_id], now)
        return after
