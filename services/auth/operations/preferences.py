"""Preferences: what a user's clients keep for it."""

from collections.abc import Awaitable, Callable, Sequence

from chorus.common.v1.events_pb2 import LogEntry
from services.auth.domain import preferences as rules
from services.auth.domain.preferences import Preference
from services.auth.domain.users import check_editor
from services.auth.operations.messages import (
    CLUSTER,
    preferences_changed,
    preferences_deleted,
    threads_chosen,
    topic_of,
)
from services.auth.store import preferences as store
from services.auth.store import users
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher

Roles = tuple[str, ...]
Work = Callable[[Transaction, int], Awaitable[Announcement]]


class Preferences:
    """Preferences of a user: its own matter, and that of those who may change it."""

    def __init__(self, database: Database, log: EventLog, publisher: Publisher, clock: Clock) -> None:
        """Share the process's parts."""
        self._database, self._log, self._publisher, self._clock = database, log, publisher, clock

    async def find(
        self, actor_id: str, roles: Roles, user_id: str, category: str, name: str | None
    ) -> list[Preference]:
        """Return a user's preferences, of a category, or under a name.

        Raises permission_denied, user_not_found; preferences_not_found where a part was asked for and is empty.
        """
        await self._check(actor_id, roles, user_id)
        found = await store.find(self._database, user_id, category, name)
        if category and not found:
            raise DomainError(Reason.PREFERENCES_NOT_FOUND, by="category" if name is None else "name")
        return found

    async def save(self, actor_id: str, roles: Roles, user_id: str, preferences: Sequence[Preference]) -> None:
        """Set preferences, all or none.

        Raises permission_denied, user_not_found, invalid_preference, preference_of_other.
        """
        await self._check(actor_id, roles, user_id)
        kept = rules.savable(preferences, user_id)

        async def work(tx: Transaction, at: int) -> Announcement:
            await store.save(tx, kept)
            return preferences_changed(user_id, kept, at)

        await self._change(user_id, work, [each.collapsed for each in kept if each.chooses_threads])

    async def delete(self, actor_id: str, roles: Roles, user_id: str, preferences: Sequence[Preference]) -> None:
        """Remove preferences. Raises permission_denied, user_not_found, preference_of_other."""
        await self._check(actor_id, roles, user_id)
        gone = rules.own(preferences, user_id)

        async def work(tx: Transaction, at: int) -> Announcement:
            await store.delete(tx, user_id, gone)
            return preferences_deleted(user_id, gone, at)

        await self._change(user_id, work, [None for each in gone if each.chooses_threads])

    async def _check(self, actor_id: str, roles: Roles, user_id: str) -> None:
        if actor_id != user_id:
            account = await users.by_id(self._database, user_id)
            check_editor(actor_id, roles, account.user if account else None, user_id)

    async def _change(self, user_id: str, work: Work, threads: Sequence[bool | None]) -> None:
        """Do the work and tell of it; `threads` is what it makes of how the user reads replies, if anything."""
        topic = topic_of(user_id)

        async def whole(tx: Transaction) -> list[LogEntry]:
            topics = await self._log.lock(tx, [topic, CLUSTER] if threads else [topic])
            now_ms = self._clock.now_ms()
            told = [await work(tx, topics[topic].next_at(now_ms))]
            told += [threads_chosen(user_id, choice, topics[CLUSTER].next_at(now_ms)) for choice in threads[-1:]]
            return await self._log.append(tx, topics, told)

        self._publisher.publish_soon(await self._database.transact(whole))
