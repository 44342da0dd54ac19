"""Channels that come back, and that become open or private."""

from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.topics import channel_topic, team_topic
from services.messaging.domain import channels, system_posts
from services.messaging.domain.access import OPEN
from services.messaging.domain.channels import Channel
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.users import Users
from services.messaging.store import access
from services.messaging.store import channels as store
from services.messaging.wire import channels as wire


class ChannelStateOperations:
    """What changes a channel as a whole, besides archiving it."""

    def __init__(self, database: Database, changes: Changes, users: Users) -> None:
        """Work on `database`."""
        self._database, self._changes, self._users = database, changes, users

    async def restore(self, actor: Actor, channel_id: str) -> Channel:
        """Bring an archived channel back. Raises channel_not_found, permission_denied, channel_not_archived."""
        by = (await self._users.require([actor.user_id]))[actor.user_id]

        async def work(change: Change) -> Channel:
            before = await _locked(change, channel_id)
            roles = await access.read_team(change.tx, actor.user_id, before.team_id)
            channels.require_restore(before, actor.roles, roles)
            topic = channel_topic(channel_id)
            at = change.next_at(topic)
            after = replace(before, update_at=at, delete_at=0)
            await store.update(change.tx, after)
            body = events_pb2.ChannelRestored(channel_id=channel_id, team_id=after.team_id, channel_type=after.type)
            # The team hears of open channels only: of a private one it must not learn.
            for told in (topic, team_topic(after.team_id)) if after.type == OPEN else (topic,):
                change.announce(told, body, at)
            await post_system_messages(change, [system_posts.restored(after, by)])
            return await _existing(change.tx, channel_id)

        return await self._changes.commit(work)

    async def set_privacy(self, actor: Actor, channel_id: str, kind: str) -> Channel:
        """Make a channel open or private; again is no change.

        Raises channel_not_found, permission_denied, channel_archived, default_channel_not_private.
        """
        by = (await self._users.require([actor.user_id]))[actor.user_id]

        async def work(change: Change) -> Channel:
            before = await _locked(change, channel_id)
            facts = await access.read_one(change.tx, actor.user_id, channel_id)
            if facts is None:
                raise DomainError(Reason.CHANNEL_NOT_FOUND)
            channels.require_privacy(before, kind, facts, actor.roles)
            if before.type == kind:
                return before
            topic = channel_topic(channel_id)
            at = change.next_at(topic)
            after = replace(before, update_at=at, type=kind)
            await store.update(change.tx, after)
            change.announce(topic, events_pb2.ChannelUpdated(channel=wire.channel(after)), at)
            converted = events_pb2.ChannelConverted(channel_id=channel_id, team_id=after.team_id)
            change.announce(team_topic(after.team_id), converted, at)
            tell = system_posts.made_open if kind == OPEN else system_posts.made_private
            await post_system_messages(change, [tell(after, by)])
            return await _existing(change.tx, channel_id)

        return await self._changes.commit(work)


async def _locked(change: Change, channel_id: str) -> Channel:
    """Lock the topics of a channel and its team; return the channel as it is then."""
    known = await _existing(change.tx, channel_id)
    topic = channel_topic(channel_id)
    await change.lock([topic] if known.personal else [topic, team_topic(known.team_id)])
    return await _existing(change.tx, channel_id)


async def _existing(tx: Transaction, channel_id: str) -> Channel:
    channel = await store.read(tx, channel_id)
    if channel is None:
        raise DomainError(Reason.CHANNEL_NOT_FOUND)
    return channel
