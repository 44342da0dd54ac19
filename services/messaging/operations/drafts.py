"""Keeping what users have begun to write, the same on all their devices."""

from collections.abc import Sequence
from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.topics import user_topic
from services.messaging.domain import drafts
from services.messaging.domain.access import granted_write, may_in_team, require
from services.messaging.domain.drafts import Draft
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.store import access
from services.messaging.store import drafts as store
from services.messaging.wire import drafts as wire


class DraftOperations:
    """What can be done with one's own drafts."""

    def __init__(self, database: Database, changes: Changes, settings: Settings) -> None:
        """Work on `database`; AllowSyncedDrafts says whether drafts are kept at all."""
        self._database, self._changes = database, changes
        self._kept = settings.ServiceSettings.AllowSyncedDrafts

    async def save(self, actor: Actor, draft: Draft, connection_id: str) -> Draft | None:
        """Keep a draft; one in which nothing is written is removed, and None returned.

        The connection named, of which the draft comes, is spared the event. Raises drafts_disabled, draft_invalid,
        permission_denied, also for an unknown channel.
        """
        self._require_kept()
        drafts.check(draft)

        async def work(change: Change) -> Draft | None:
            topic = user_topic(actor.user_id)
            await change.lock([topic])
            facts = await access.read_one(change.tx, actor.user_id, draft.channel_id)
            require(facts is not None and granted_write(facts, actor.roles), "create_post")
            if draft.is_empty:
                await _delete(change, actor, draft.channel_id, draft.root_id, connection_id)
                return None
            at = change.next_at(topic)
            saved = await store.save(change.tx, replace(draft, update_at=at))
            change.announce(topic, events_pb2.DraftSaved(draft=wire.draft(saved), connection_id=connection_id), at)
            return saved

        return await self._changes.commit(work)

    async def list(self, actor: Actor, team_id: str) -> Sequence[Draft]:
        """Return the actor's drafts in a team's channels and in direct and group ones, newest first.

        Raises drafts_disabled, permission_denied.
        """
        self._require_kept()

        async def read(tx: Transaction) -> Sequence[Draft]:
            roles = await access.read_team(tx, actor.user_id, team_id)
            require(may_in_team("view_team", actor.roles, roles), "view_team")
            return await store.of_user(tx, actor.user_id, team_id)

        return await self._database.transact(read)

    async def delete(self, actor: Actor, channel_id: str, root_id: str, connection_id: str) -> None:
        """Remove a draft; none is no change. Raises drafts_disabled."""
        self._require_kept()

        async def work(change: Change) -> None:
            await change.lock([user_topic(actor.user_id)])
            await _delete(change, actor, channel_id, root_id, connection_id)

        await self._changes.commit(work)

    def _require_kept(self) -> None:
        if not self._kept:
            raise DomainError(Reason.DRAFTS_DISABLED)


async def _delete(change: Change, actor: Actor, channel_id: str, root_id: str, connection_id: str) -> None:
    gone = await store.delete(change.tx, actor.user_id, channel_id, root_id)
    if gone is not None:
        topic = user_topic(actor.user_id)
        body = events_pb2.DraftDeleted(draft=wire.draft(gone), connection_id=connection_id)
        change.announce(topic, body, change.next_at(topic))
