"""What users say they are doing."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from chorus.common.v1.events_pb2 import LogEntry
from services.auth.domain import custom_statuses as rules
from services.auth.domain import users as user_rules
from services.auth.domain.custom_statuses import CustomStatus
from services.auth.domain.preferences import Preference
from services.auth.domain.users import User, check_editor
from services.auth.operations.messages import CLUSTER, preferences_changed, topic_of, user_updated
from services.auth.store import preferences as preference_store
from services.auth.store import users as store
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher

Roles = tuple[str, ...]


class CustomStatuses:
    """Custom statuses, in the user's properties; and the latest ones, in its preferences."""

    def __init__(self, database: Database, log: EventLog, publisher: Publisher, clock: Clock, *, enabled: bool) -> None:
        """Share the process's parts; `enabled` is EnableCustomUserStatuses."""
        self._database, self._log, self._publisher, self._clock = database, log, publisher, clock
        self._enabled = enabled

    async def set(self, actor_id: str, roles: Roles, user_id: str, asked: CustomStatus) -> None:
        """Set a user's status, and remember it among the latest ones.

        Raises custom_statuses_disabled, permission_denied, user_not_found, invalid_custom_status.
        """
        self._require_enabled()
        status = rules.checked(asked, self._clock.now_ms())

        async def work(tx: Transaction, user: User, at: int) -> tuple[User, list[Announcement]]:
            kept = await _recent(tx, user_id)
            recent = Preference(user_id, *rules.RECENT, rules.latest(kept, status))
            await preference_store.save(tx, [recent])
            return rules.saying(user, status), [preferences_changed(user_id, [recent], at)]

        await self._change(actor_id, roles, user_id, work)

    async def clear(self, actor_id: str, roles: Roles, user_id: str) -> None:
        """Take a user's status away. Raises custom_statuses_disabled, permission_denied, user_not_found."""
        self._require_enabled()

        async def work(tx: Transaction, user: User, at: int) -> tuple[User, list[Announcement]]:
            return rules.saying(user, None), []

        await self._change(actor_id, roles, user_id, work)

    async def forget(self, actor_id: str, roles: Roles, user_id: str, status: CustomStatus) -> None:
        """Take a status out of the latest ones. Raises custom_statuses_disabled, permission_denied, user_not_found."""
        self._require_enabled()

        async def work(tx: Transaction, user: User, at: int) -> tuple[User, list[Announcement]]:
            kept = await _recent(tx, user_id)
            recent = Preference(user_id, *rules.RECENT, rules.without(kept, status))
            if not kept or recent.value == kept:
                return user, []
            await preference_store.save(tx, [recent])
            return user, [preferences_changed(user_id, [recent], at)]

        await self._change(actor_id, roles, user_id, work)

    def _require_enabled(self) -> None:
        if not self._enabled:
            raise DomainError(Reason.CUSTOM_STATUSES_DISABLED)

    async def _change(
        self,
        actor_id: str,
        roles: Roles,
        user_id: str,
        decide: Callable[[Transaction, User, int], Awaitable[tuple[User, list[Announcement]]]],
    ) -> None:
        async def work(tx: Transaction) -> list[LogEntry]:
            own = topic_of(user_id)
            topics = await self._log.lock(tx, [CLUSTER, own])
            account = await store.lock(tx, user_id)
            before = check_editor(actor_id, roles, account.user if account else None, user_id)
            after, announcements = await decide(tx, before, topics[own].next_at(self._clock.now_ms()))
            if after != before:
                user_rules.check(after)
                after = replace(after, update_at=topics[CLUSTER].next_at(self._clock.now_ms()))
                await store.update(tx, after)
                announcements = [user_updated(after), *announcements]
            if not announcements:
                tx.vouch()
            return await self._log.append(tx, topics, announcements)

        self._publisher.publish_soon(await self._database.transact(work))


async def _recent(tx: Transaction, user_id: str) -> str:
    found = await preference_store.find(tx, user_id, *rules.RECENT)
    return found[0].value if found else ""
