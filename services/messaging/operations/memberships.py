"""Who is in which channel, and what they have seen of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic, team_topic, user_topic
from services.messaging.domain import memberships, system_posts
from services.messaging.domain.access import READ_CHANNEL, ChannelAccess, may_act_for, may_in_team, require
from services.messaging.domain.channels import Channel
from services.messaging.domain.memberships import Member, Seen
from services.messaging.domain.threads import Collapsing
from services.messaging.domain.users import User
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.entering import enter, leave
from services.messaging.operations.paging import offset_of
from services.messaging.operations.system_posts import post_system_messages
from services.messaging.operations.users import Users
from services.messaging.operations.visibility import acquainted_ids
from services.messaging.store import access, followed_threads
from services.messaging.store import channels as channel_store
from services.messaging.store import memberships as store
from services.messaging.store import teams as team_store


@dataclass(frozen=True, slots=True)
class UserSearch:
    """Describes users; what is empty does not count."""

    term: str
    match_names: bool
    in_team_id: str
    not_in_team_id: str
    in_channel_id: str
    not_in_channel_id: str
    visible_to: str
    roles: Sequence[str]
    without_team: bool
    include_inactive: bool
    inactive_only: bool
    newest_first: bool
    page: int
    per_page: int


class MembershipOperations:
    """What can be done with channel members."""

    def __init__(self, database: Database, changes: Changes, settings: Settings, users: Users) -> None:
        """Work on `database`."""
        self._database, self._changes, self._users = database, changes, users
        self._tells_joins = settings.TeamSettings.EnableJoinLeaveMessageByDefault
        self._collapsing = Collapsing.of(settings.ServiceSettings.CollapsedThreads)

    async def add(self, actor: Actor, channel_id: str, user_ids: Sequence[str]) -> list[Member | DomainError]:
        """Put users into a channel; those who are in it stay in it. Item i of the answer belongs to user i.

        A user fails alone with user_not_found or team_member_not_found. Raises channel_not_found, permission_denied,
        direct_channel_not_joinable, channel_archived.
        """
        users = await self._users.known([actor.user_id, *user_ids])
        by = users.get(actor.user_id)
        if by is None:
            raise DomainError(Reason.USER_NOT_FOUND, user_id=actor.user_id)

        async def work(change: Change) -> dict[str, Member | DomainError]:
            known = await _channel(change.tx, channel_id)
            topics = [channel_topic(channel_id), *(user_topic(id) for id in user_ids if id in users)]
            await change.lock([*topics, team_topic(known.team_id)] if known.team_id else topics)
            channel = await _channel(change.tx, channel_id)
            facts = await _access(change.tx, actor, channel_id)
            memberships.require_add(channel, facts, actor.user_id, actor.roles, user_ids)
            in_team = await team_store.members(change.tx, channel.team_id, user_ids)
            here: dict[str, Member | DomainError] = {
                member.user_id: member for member in await store.read(change.tx, channel_id, user_ids)
            }
            coming: list[User] = []
            for user_id in dict.fromkeys(user_ids):
                if user_id in here:
                    continue
                if user_id not in users:
                    here[user_id] = DomainError(Reason.USER_NOT_FOUND, user_id=user_id)
                elif user_id not in in_team or not in_team[user_id].active:
                    here[user_id] = DomainError(Reason.TEAM_MEMBER_NOT_FOUND)
                else:
                    coming.append(users[user_id])
            for member in await enter(change, [(channel, user) for user in coming]):
                here[member.user_id] = member
            if self._tells_joins:
                await post_system_messages(
                    change,
                    [
                        system_posts.joined_channel(channel, user)
                        if user.id == by.id
                        else system_posts.added_to_channel(channel, by, user)
                        for user in coming
                    ],
                )
            return here

        answers = await self._changes.commit(work)
        return [
            answer.shown_to(actor.user_id) if isinstance(answer := answers[user_id], Member) else answer
            for user_id in user_ids
        ]

    async def remove(self, actor: Actor, channel_id: str, user_id: str) -> None:
        """Take a user out of a channel.

        Raises channel_not_found, user_not_found, direct_channel_not_leavable, permission_denied,
        default_channel_not_leavable, channel_archived, member_not_found.
        """
        users = await self._users.require([actor.user_id, user_id])
        by, user = users[actor.user_id], users[user_id]

        async def work(change: Change) -> None:
            known = await _channel(change.tx, channel_id)
            topics = [channel_topic(channel_id), user_topic(user_id)]
            await change.lock([*topics, team_topic(known.team_id)] if known.team_id else topics)
            channel = await _channel(change.tx, channel_id)
            facts = await _access(change.tx, actor, channel_id)
            memberships.require_remove(channel, facts, actor.user_id, actor.roles, user)
            if not await store.read(change.tx, channel_id, [user_id]):
                raise DomainError(Reason.MEMBER_NOT_FOUND)
            await leave(change, user_id, [channel], actor.user_id)
            if self._tells_joins:
                notice = (
                    system_posts.left_channel(channel, user)
                    if by.id == user.id
                    else system_posts.removed_from_channel(channel, by, user)
                )
                await post_system_messages(change, [notice])

        await self._changes.commit(work)

    async def get(self, actor: Actor, channel_id: str, user_id: str) -> Member:
        """Return a membership. Raises permission_denied, member_not_found."""
        found = await self.get_many(actor, channel_id, [user_id])
        if not found:
            raise DomainError(Reason.MEMBER_NOT_FOUND)
        return found[0]

    async def get_many(self, actor: Actor, channel_id: str, user_ids: Sequence[str]) -> list[Member]:
        """Return those of the memberships that exist, by user id. Raises permission_denied."""

        async def read(tx: Transaction) -> list[Member]:
            await _require_read(tx, actor, channel_id)
            return await store.read(tx, channel_id, user_ids)

        return [member.shown_to(actor.user_id) for member in await self._database.transact(read)]

    async def list(self, actor: Actor, channel_id: str, page: int, per_page: int) -> Sequence[Member]:
        """Return a page of a channel's members, by user id. Raises permission_denied."""

        async def read(tx: Transaction) -> Sequence[Member]:
            await _require_read(tx, actor, channel_id)
            return await store.page(tx, channel_id, per_page, offset_of(page, per_page))

        return [member.shown_to(actor.user_id) for member in await self._database.transact(read)]

    async def list_for_user(self, actor: Actor, user_id: str, team_id: str) -> Sequence[Member]:
        """Return a user's memberships in a team's channels and direct and group ones. Raises permission_denied."""
        if actor.user_id != user_id:
            target = (await self._users.require([user_id]))[user_id]
            if team_id:
                require(granted(actor.roles, "manage_system"), "manage_system")
            else:
                require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")

        async def read(tx: Transaction) -> Sequence[Member]:
            if team_id:
                roles = await access.read_team(tx, actor.user_id, team_id)
                require(may_in_team("view_team", actor.roles, roles), "view_team")
            return await store.of_user(tx, user_id, team_id)

        return [member.shown_to(actor.user_id) for member in await self._database.transact(read)]

    async def view(
        self, actor: Actor, user_id: str, channel_ids: Sequence[str], *, keeps_threads: bool
    ) -> dict[str, int]:
        """Mark channels as seen by a user; return each one's last post, in ms. Those without membership are ignored.

        Unless client (`keeps_threads`) and user read threads apart, the channels' threads are seen, too.
        """
        target = (await self._users.require([user_id]))[user_id]
        require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")
        collapsed = self._collapsing.holds_for(target.collapsed_threads)
        keeps_threads = keeps_threads and collapsed
        ids = sorted(set(channel_ids))

        async def look(tx: Transaction) -> tuple[list[Seen], list[str]]:
            unread = [] if keeps_threads else await followed_threads.unread_channels(tx, user_id, channel_ids=ids)
            return await store.seen(tx, user_id, ids), unread

        before, threaded = await self._database.transact(look)
        if all(seen.up_to_date for seen in before) and not threaded:
            return {seen.channel_id: seen.last_post_at for seen in before}

        async def work(change: Change) -> list[Seen]:
            topic = user_topic(user_id)
            await change.lock([topic, *(channel_topic(channel_id) for channel_id in threaded)])
            await store.lock_rows(change.tx, user_id, ids)
            seen = await store.seen(change.tx, user_id, ids)
            await store.view(change.tx, user_id, [s.channel_id for s in seen], change.now_ms)
            times = {s.channel_id: max(s.last_viewed_at, s.last_post_at) for s in seen if s.anything_unread}
            if times:
                change.announce(topic, events_pb2.ChannelsViewed(channel_times=times), change.next_at(topic))
            if threaded:
                await change.tx.pipelined(followed_threads.reading_all(user_id, threaded, change.now_ms))
            for channel_id in threaded if collapsed else ():  # only then is there a client that shows them apart
                at = change.next_at(topic)
                change.announce(topic, events_pb2.ThreadReadChanged(channel_id=channel_id, timestamp_ms=at), at)
            return seen

        return {seen.channel_id: seen.last_post_at for seen in await self._changes.commit(work)}

    async def get_unread(self, actor: Actor, user_id: str, channel_id: str) -> Seen:
        """Return what a user has not seen of a channel. Raises permission_denied, member_not_found."""
        target = (await self._users.require([user_id]))[user_id]
        require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")

        async def read(tx: Transaction) -> list[Seen]:
            await _require_read(tx, actor, channel_id)
            return await store.seen(tx, user_id, [channel_id])

        found = await self._database.transact(read)
        if not found:
            raise DomainError(Reason.MEMBER_NOT_FOUND)
        return found[0]

    async def get_baselines(self, user_ids: Sequence[str]) -> Sequence[Sequence[tuple[str, int]]]:
        """Return for each user the topics that it listens to with their positions, in one snapshot of the primary."""
        return await self._database.transact(lambda tx: store.baseline(tx, user_ids))

    async def find_user_ids(self, search: UserSearch) -> Sequence[str]:
        """Return the ids of the users described."""
        return await self._database.transact(
            lambda tx: store.find_user_ids(
                tx,
                term=search.term,
                names=search.match_names,
                in_team=search.in_team_id,
                not_in_team=search.not_in_team_id,
                in_channel=search.in_channel_id,
                not_in_channel=search.not_in_channel_id,
                visible_to=search.visible_to,
                roles=search.roles,
                without_team=search.without_team,
                inactive=search.include_inactive,
                inactive_only=search.inactive_only,
                newest=search.newest_first,
                limit=search.per_page,
                offset=offset_of(search.page, search.per_page),
            )
        )

    async def find_visible_user_ids(self, viewer_id: str, user_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the users whom a user who may not see everybody may see, in their order."""
        visible = await self._database.transact(lambda tx: acquainted_ids(tx, viewer_id, user_ids))
        return [user_id for user_id in user_ids if user_id in visible]

    async def list_known(self, actor: Actor) -> Sequence[str]:
        """Return who else is in any channel of the actor."""
        return await self._database.transact(lambda tx: store.known(tx, actor.user_id))

    async def list_group_members(self, actor: Actor, channel_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return who else is in those of the channels that are the actor's group channels."""
        return await self._database.transact(lambda tx: store.in_groups(tx, actor.user_id, channel_ids))


async def _channel(tx: Transaction, channel_id: str) -> Channel:
    channel = await channel_store.read(tx, channel_id)
    if channel is None:
        raise DomainError(Reason.CHANNEL_NOT_FOUND)
    return channel


async def _access(tx: Transaction, actor: Actor, channel_id: str) -> ChannelAccess:
    facts = await access.read_one(tx, actor.user_id, channel_id)
    if facts is None:
        raise DomainError(Reason.CHANNEL_NOT_FOUND)
    return facts


async def _require_read(tx: Transaction, actor: Actor, channel_id: str) -> None:
    facts = await access.read_one(tx, actor.user_id, channel_id)
    require(facts is not None and facts.may(READ_CHANNEL, actor.roles), READ_CHANNEL)
