"""What members want to hear of a channel, and what they have put back to unread."""

from collections.abc import Mapping

from chorus.messaging.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.config import Settings
from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog, Publisher, channel_topic, user_topic
from services.messaging.domain import memberships
from services.messaging.domain.access import READ_CONTENT, may_act_for, require
from services.messaging.domain.memberships import Member
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.users import Users
from services.messaging.store import access as access_store
from services.messaging.store import attention as store
from services.messaging.store import memberships as member_store
from services.messaging.store import posts as post_store
from services.messaging.wire import memberships as wire


class AttentionOperations:
    """What members do to be told more or less."""

    def __init__(
        self, database: Database, events: EventLog, publisher: Publisher, clock: Clock, settings: Settings, users: Users
    ) -> None:
        """Work on `database`."""
        self._users = users
        self._changes = Changes(database, events, publisher, clock)

    async def mark_unread(self, actor: Actor, user_id: str, post_id: str) -> tuple[str, Member]:
        """Put a channel back to unread from one of its posts on; return its team and the membership.

        Raises permission_denied (also for an unknown post), member_not_found.
        """
        await self._require_for(actor, user_id)

        async def work(change: Change) -> tuple[str, Member]:
            channel_id = await post_store.channel_of(change.tx, post_id)
            if channel_id is None:
                raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
            topic, own = channel_topic(channel_id), user_topic(user_id)
            await change.lock([topic, own])
            access = await access_store.read_one(change.tx, actor.user_id, channel_id)
            post = (await post_store.read(change.tx, [post_id])).get(post_id)
            if access is None or post is None or post.delete_at or not access.may(READ_CONTENT, actor.roles):
                raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
            await member_store.lock_rows(change.tx, user_id, [channel_id])
            await store.mark_unread(change.tx, channel_id, user_id, post.create_at, change.last_at(topic))
            member = await _member(change, channel_id, user_id)
            body = events_pb2.PostUnread(post_id=post_id, team_id=access.team_id, member=wire.member(member))
            change.announce(own, body, change.next_at(own))
            return access.team_id, member

        return await self._changes.commit(work)

    async def set_notify_props(self, actor: Actor, channel_id: str, user_id: str, props: Mapping[str, str]) -> None:
        """Change how a member is notified. Raises permission_denied, invalid_notify_props, member_not_found."""
        memberships.check_notify_props(props)
        await self._require_for(actor, user_id)

        async def work(change: Change) -> None:
            own = user_topic(user_id)
            await change.lock([channel_topic(channel_id), own])
            await member_store.lock_rows(change.tx, user_id, [channel_id])
            await store.set_notify_props(change.tx, channel_id, user_id, props, change.now_ms)
            member = await _member(change, channel_id, user_id)
            change.announce(own, events_pb2.MemberUpdated(member=wire.member(member)), change.next_at(own))

        await self._changes.commit(work)

    async def _require_for(self, actor: Actor, user_id: str) -> None:
        target = (await self._users.require([user_id]))[user_id]
        require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")


async def _member(change: Change, channel_id: str, user_id: str) -> Member:
    found = await member_store.read(change.tx, channel_id, [user_id])
    if not found:
        raise DomainError(Reason.MEMBER_NOT_FOUND)
    return found[0]
