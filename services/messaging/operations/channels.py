"""Channels of teams: creating, finding, changing and archiving them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.topics import channel_topic, team_topic, user_topic
from services.messaging.domain import channels, system_posts
from services.messaging.domain.access import (
    OPEN,
    READ_CHANNEL,
    ChannelAccess,
    may_act_for,
    may_in_team,
    may_see,
    require,
)
from services.messaging.domain.channels import Channel, ChannelPatch, Stats
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.entering import enter
from services.messaging.operations.paging import offset_of
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.users import Users
from services.messaging.store import access
from services.messaging.store import channels as store
from services.messaging.store import teams as team_store
from services.messaging.wire import channels as wire


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """Whether a user holds a permission in a channel."""

    actor: Actor
    channel_id: str
    permission: str


class ChannelOperations:
    """What can be done with channels."""

    def __init__(self, database: Database, changes: Changes, settings: Settings, users: Users) -> None:
        """Work on `database`; limits are those of TeamSettings."""
        self._database, self._changes, self._users = database, changes, users
        self._settings = settings.TeamSettings

    async def create(self, actor: Actor, asked: Channel) -> Channel:
        """Create an open or private channel with its creator in it.

        Raises invalid_channel, invalid_channel_type, permission_denied, team_not_found, channel_name_taken,
        too_many_channels.
        """
        permission = channels.create_permission(asked.type)
        channels.check(asked)
        creator = (await self._users.require([actor.user_id]))[actor.user_id]
        channel_id = new_id()

        async def work(change: Change) -> Channel:
            if await team_store.read(change.tx, asked.team_id) is None:
                raise DomainError(Reason.TEAM_NOT_FOUND, by="id")
            await change.lock([team_topic(asked.team_id), user_topic(actor.user_id), channel_topic(channel_id)])
            team = await team_store.read(change.tx, asked.team_id)
            roles = await access.read_team(change.tx, actor.user_id, asked.team_id)
            require(may_in_team(permission, actor.roles, roles), permission)
            if team is None or team.delete_at:
                raise DomainError(Reason.TEAM_NOT_FOUND, by="id")
            if await store.count(change.tx, asked.team_id) >= self._settings.MaxChannelsPerTeam:
                raise DomainError(Reason.TOO_MANY_CHANNELS)
            at = change.next_at(channel_topic(channel_id))
            channel = replace(asked, id=channel_id, create_at=at, update_at=at, creator_id=actor.user_id)
            if not await store.insert(change.tx, [channel]):
                raise DomainError(Reason.CHANNEL_NAME_TAKEN)
            change.announce(
                user_topic(actor.user_id),
                events_pb2.ChannelCreated(channel_id=channel_id, team_id=channel.team_id),
                at,
            )
            await enter(change, [(channel, creator)], admin=True)
            await post_system_messages(change, [system_posts.joined_channel(channel, creator)])
            return await _existing(change.tx, channel_id)

        return await self._changes.commit(work)

    async def get(self, actor: Actor, channel_id: str) -> Channel:
        """Return a channel. Raises channel_not_found, permission_denied."""

        async def read(tx: Transaction) -> Channel:
            _, channel = await _looked_up(tx, actor, channel_id)
            return channel

        return await self._database.transact(read)

    async def get_by_name(
        self, actor: Actor, name: str, *, team_id: str, team_name: str, include_deleted: bool
    ) -> Channel:
        """Return a channel by name in a team; that a private one of others exists is not told.

        Raises team_not_found, channel_name_not_found, permission_denied.
        """

        async def read(tx: Transaction) -> Channel:
            viewed = await team_store.view(tx, actor.user_id, team_id=team_id, name=team_name)
            if viewed is None:
                raise DomainError(Reason.TEAM_NOT_FOUND, by="id" if team_id else "name")
            team, roles = viewed
            found = await store.named(tx, team.id, [name], personal=True)
            if not found or (found[0].delete_at and not include_deleted):
                raise DomainError(Reason.CHANNEL_NAME_NOT_FOUND, name=name)
            channel = found[0]
            facts = await access.read_one(tx, actor.user_id, channel.id)
            if facts is not None and may_see(facts, actor.roles):
                return channel
            if channel.type == OPEN:
                raise DomainError(Reason.PERMISSION_DENIED, permission="read_public_channel")
            if channel.personal or not may_in_team("manage_team", actor.roles, roles):
                raise DomainError(Reason.CHANNEL_NAME_NOT_FOUND, name=name)
            return channel

        return await self._database.transact(read)

    async def list_for_user(
        self, actor: Actor, user_id: str, team_id: str, *, include_deleted: bool, since: int
    ) -> Sequence[Channel]:
        """Return a user's channels, by display name. Raises permission_denied, user_not_found."""
        if actor.user_id != user_id:
            target = (await self._users.require([user_id]))[user_id]
            require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")

        async def read(tx: Transaction) -> Sequence[Channel]:
            if team_id:
                roles = await access.read_team(tx, actor.user_id, team_id)
                require(may_in_team("view_team", actor.roles, roles), "view_team")
            return await store.of_user(tx, user_id, team_id, deleted=include_deleted, since=since)

        return await self._database.transact(read)

    async def list_public(self, actor: Actor, team_id: str, page: int, per_page: int) -> Sequence[Channel]:
        """Return a page of a team's open channels, by display name. Raises permission_denied."""

        async def read(tx: Transaction) -> Sequence[Channel]:
            roles = await access.read_team(tx, actor.user_id, team_id)
            require(may_in_team("list_team_channels", actor.roles, roles), "list_team_channels")
            return await store.open_page(tx, team_id, per_page, offset_of(page, per_page))

        return await self._database.transact(read)

    async def patch(self, actor: Actor, channel_id: str, patch: ChannelPatch) -> Channel:
        """Change parts of a channel and tell its members.

        Raises channel_not_found, permission_denied, channel_archived, invalid_channel, channel_name_taken,
        default_channel_name_fixed.
        """
        by = (await self._users.require([actor.user_id]))[actor.user_id]

        async def work(change: Change) -> Channel:
            known = await _existing(change.tx, channel_id)
            topic = channel_topic(channel_id)
            # A name is free or taken under the team's lock, which creating a channel takes as well.
            await change.lock([topic] if known.personal else [topic, team_topic(known.team_id)])
            before = await _existing(change.tx, channel_id)
            facts = await _access(change.tx, actor, channel_id)
            channels.require_patch(before, patch, facts, actor.roles)
            at = change.next_at(topic)
            after = patch.apply(before, at)
            if after is before:
                return before
            (channels.check_texts if after.personal else channels.check)(after)
            if after.name != before.name and await store.named(change.tx, after.team_id, [after.name]):
                raise DomainError(Reason.CHANNEL_NAME_TAKEN)
            await store.update(change.tx, after)
            change.announce(topic, events_pb2.ChannelUpdated(channel=wire.channel(after)), at)
            await post_system_messages(change, system_posts.changed(before, after, by))
            return await _existing(change.tx, channel_id)

        return await self._changes.commit(work)

    async def delete(self, actor: Actor, channel_id: str) -> None:
        """Archive a channel: it can be read, and nothing can be written any more.

        Raises channel_not_found, channel_type_not_deletable, permission_denied, channel_already_archived,
        default_channel_not_deletable.
        """
        by = (await self._users.require([actor.user_id]))[actor.user_id]

        async def work(change: Change) -> None:
            known = await _existing(change.tx, channel_id)
            topics = [channel_topic(channel_id)] + ([] if known.personal else [team_topic(known.team_id)])
            await change.lock(topics)
            channel = await _existing(change.tx, channel_id)
            facts = await _access(change.tx, actor, channel_id)
            channels.require_delete(channel, facts, actor.roles)
            await post_system_messages(change, [system_posts.archived(channel, by)])
            at = change.next_at(channel_topic(channel_id))
            await store.update(change.tx, replace(channel, update_at=at, delete_at=at))
            body = events_pb2.ChannelArchived(
                channel_id=channel_id, team_id=channel.team_id, delete_at_ms=at, channel_type=channel.type
            )
            # The team hears of open channels only: of a private one it must not learn.
            for topic in topics if channel.type == OPEN else topics[:1]:
                change.announce(topic, body, at)

        await self._changes.commit(work)

    async def get_stats(self, actor: Actor, channel_id: str) -> Stats:
        """Return a channel's numbers. Raises permission_denied, also for an unknown channel."""

        async def read(tx: Transaction) -> Stats:
            facts = await access.read_one(tx, actor.user_id, channel_id)
            require(facts is not None and facts.may(READ_CHANNEL, actor.roles), READ_CHANNEL)
            return await store.stats(tx, channel_id)

        return await self._database.transact(read)

    async def check_access(self, questions: Sequence[AccessQuestion]) -> list[bool]:
        """Answer questions in their order; False for a channel that doesn't exist."""
        pairs = [(question.actor.user_id, question.channel_id) for question in questions]
        found = await self._database.transact(lambda tx: access.read(tx, pairs))
        return [
            facts is not None and facts.may(question.permission, question.actor.roles)
            for question, facts in zip(questions, found, strict=True)
        ]


async def _existing(tx: Transaction, channel_id: str) -> Channel:
    channel = await store.read(tx, channel_id)
    if channel is None:
        raise DomainError(Reason.CHANNEL_NOT_FOUND)
    return channel


async def _access(tx: Transaction, actor: Actor, channel_id: str) -> ChannelAccess:
    facts = await access.read_one(tx, actor.user_id, channel_id)
    if facts is None:
        raise DomainError(Reason.CHANNEL_NOT_FOUND)
    return facts


async def _looked_up(tx: Transaction, actor: Actor, channel_id: str) -> tuple[ChannelAccess, Channel]:
    """Return a channel that the actor may see. Raises channel_not_found, permission_denied."""
    channel, facts = await _existing(tx, channel_id), await _access(tx, actor, channel_id)
    require(may_see(facts, actor.roles), READ_CHANNEL)
    return facts, channel
