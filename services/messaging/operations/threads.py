"""Following threads, and reading them.

Whatever changes what a follower has seen locks the thread's channel: replies move the same counters there.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from chorus.messaging.v1 import events_pb2
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic, user_topic
from services.messaging.domain.access import READ_CONTENT, ChannelAccess, may_act_for, may_in_team, require
from services.messaging.domain.posts import Post
from services.messaging.domain.threads import FollowedThread, Following, TeamUnread, ThreadsQuery
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.users import Users
from services.messaging.store import access as access_store
from services.messaging.store import followed_threads as store
from services.messaging.store import posts as post_store
from services.messaging.store.followed_threads import Totals


@dataclass(frozen=True, slots=True)
class _Place:
    """A thread under its channel's lock, and what the user has to do with it; None for nothing."""

    root: Post
    access: ChannelAccess
    state: Following | None
    upto: int
    """The channel's time: whatever comes is later."""


class ThreadOperations:
    """What can be done with threads."""

    def __init__(self, database: Database, changes: Changes, users: Users) -> None:
        """Work on `database`."""
        self._database, self._changes, self._users = database, changes, users

    async def page(
        self, actor: Actor, query: ThreadsQuery, *, threads: bool = True, totals: bool = True
    ) -> tuple[Sequence[FollowedThread], Totals]:
        """Return followed threads, and the totals of all pages, each if asked for. Raises permission_denied."""
        await self._require_for(actor, query.user_id)

        async def read(tx: Transaction) -> tuple[Sequence[FollowedThread], Totals]:
            await _require_team(tx, actor, query.team_id)
            return (
                await store.page(tx, query) if threads else (),
                await store.totals(tx, query) if totals else Totals(),
            )

        return await self._database.snapshot(read)

    async def get(self, actor: Actor, user_id: str, root_id: str) -> FollowedThread:
        """Return a thread that a user follows.

        Raises permission_denied, thread_membership_not_found, thread_not_followed.
        """
        await self._require_for(actor, user_id)

        async def read(tx: Transaction) -> FollowedThread:
            root, _ = await _readable(tx, actor, root_id)
            return _followed(root, _require_following((await store.states(tx, user_id, [root_id])).get(root_id)))

        return await self._database.snapshot(read)

    async def read(self, actor: Actor, user_id: str, root_id: str, at: int) -> FollowedThread:
        """Mark a followed thread as seen up to a time, in ms, be it earlier than before. Raises as `get`."""

        async def decide(tx: Transaction, place: _Place) -> tuple[Following, int]:
            state = _require_following(place.state)
            return await seen_up_to(tx, state, min(at, place.upto)), at

        return await self._set_viewed(actor, user_id, root_id, decide)

    async def unread(self, actor: Actor, user_id: str, root_id: str, post_id: str) -> FollowedThread:
        """Put a thread back to unread from one of its posts on, and follow it. Raises post_not_found."""

        async def decide(tx: Transaction, place: _Place) -> tuple[Following, int]:
            post = (await post_store.read(tx, [post_id])).get(post_id)
            if post is None or post.delete_at or root_id not in (post.id, post.root_id):
                raise DomainError(Reason.POST_NOT_FOUND)
            state = place.state or Following(root_id, place.root.channel_id, user_id)
            at = post.create_at - 1
            return await seen_up_to(tx, replace(state, following=True), at), at

        return await self._set_viewed(actor, user_id, root_id, decide)

    async def read_all(self, actor: Actor, user_id: str, team_id: str) -> None:
        """Mark all threads of a team, direct and group channels included, as seen. Raises permission_denied."""
        await self._require_for(actor, user_id)

        async def work(change: Change) -> None:
            await _require_team(change.tx, actor, team_id)
            channel_ids = await store.unread_channels(change.tx, user_id, team_ids=[team_id, ""])
            topic = user_topic(user_id)
            await change.lock([topic, *(channel_topic(channel_id) for channel_id in channel_ids)])
            await change.tx.pipelined(store.reading_all(user_id, channel_ids, change.now_ms))
            change.announce(topic, events_pb2.ThreadReadChanged(team_id=team_id), change.next_at(topic))

        await self._changes.commit(work)

    async def follow(self, actor: Actor, user_id: str, root_id: str, *, following: bool) -> None:
        """Begin or stop to follow a thread. Who begins has seen it. Raises permission_denied, post_not_found."""
        await self._require_for(actor, user_id)

        async def work(change: Change) -> None:
            place = await _lock(change, actor, user_id, root_id)
            state = place.state or Following(root_id, place.root.channel_id, user_id)
            if state.following == following and (state.known or not following):
                return
            if following or not state.known:
                state = await seen_up_to(change.tx, state, place.upto)
            await store.store(change.tx, replace(state, following=following), change.now_ms)
            body = events_pb2.ThreadFollowChanged(
                thread_id=root_id,
                team_id=place.access.team_id,
                following=following,
                reply_count=place.root.reply_count,
            )
            change.announce(user_topic(user_id), body, change.next_at(user_topic(user_id)))

        await self._changes.commit(work)

    async def team_unreads(
        self, actor: Actor, user_id: str, team_id: str, *, with_threads: bool
    ) -> Sequence[TeamUnread]:
        """Return what a user has not seen in each of its teams, or in one. Raises permission_denied."""
        if team_id:
            await self._require_for(actor, user_id)
        else:
            require(actor.user_id == user_id or granted(actor.roles, "manage_system"), "manage_system")

        async def read(tx: Transaction) -> Sequence[TeamUnread]:
            if team_id:
                await _require_team(tx, actor, team_id)
            found = await store.team_unreads(tx, user_id, team_id, with_threads=with_threads)
            return found or ([TeamUnread(team_id, 0, 0, 0, 0)] if team_id else [])

        return await self._database.snapshot(read)

    async def _set_viewed(
        self,
        actor: Actor,
        user_id: str,
        root_id: str,
        decide: Callable[[Transaction, _Place], Awaitable[tuple[Following, int]]],
    ) -> FollowedThread:
        """Store what `decide` says was seen, and tell it under the time that it names."""
        await self._require_for(actor, user_id)

        async def work(change: Change) -> FollowedThread:
            place = await _lock(change, actor, user_id, root_id)
            state, at = await decide(change.tx, place)
            if state == place.state:
                return _followed(place.root, state)
            await store.store(change.tx, state, change.now_ms)
            before = place.state or state
            body = events_pb2.ThreadReadChanged(
                thread_id=root_id,
                team_id=place.access.team_id,
                channel_id=place.root.channel_id,
                timestamp_ms=at,
                unread_replies=state.unread(place.root.reply_count),
                unread_mentions=state.unread_mentions,
                previous_unread_replies=before.unread(place.root.reply_count),
                previous_unread_mentions=before.unread_mentions,
            )
            change.announce(user_topic(user_id), body, change.next_at(user_topic(user_id)))
            return _followed(place.root, state)

        return await self._changes.commit(work)

    async def _require_for(self, actor: Actor, user_id: str) -> None:
        if actor.user_id != user_id:
            target = (await self._users.require([user_id]))[user_id]
            require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")


async def seen_up_to(tx: Transaction, state: Following, at: int) -> Following:
    """Return what a user has to do with a thread that it has seen up to a time; the thread's channel is locked."""
    seen, mentions = await store.count(tx, state.root_id, state.user_id, at)
    return replace(state, last_viewed_at=at, replies_seen=seen, unread_mentions=mentions)


async def _lock(change: Change, actor: Actor, user_id: str, root_id: str) -> _Place:
    """Lock a thread's channel and the user, then look at the thread."""
    channel_id = await post_store.channel_of(change.tx, root_id)
    if channel_id is None:
        raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
    topic = channel_topic(channel_id)
    await change.lock([topic, user_topic(user_id)])
    root, access = await _readable(change.tx, actor, root_id)
    return _Place(root, access, (await store.states(change.tx, user_id, [root_id])).get(root_id), change.last_at(topic))


async def _readable(tx: Transaction, actor: Actor, root_id: str) -> tuple[Post, ChannelAccess]:
    """Return a thread's root and what the actor may in its channel. An unknown thread is one that nobody may read."""
    root = (await post_store.read(tx, [root_id])).get(root_id)
    access = None if root is None else await access_store.read_one(tx, actor.user_id, root.channel_id)
    if root is None or access is None or not access.may(READ_CONTENT, actor.roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
    if root.delete_at or root.root_id:
        raise DomainError(Reason.POST_NOT_FOUND)
    return root, access


async def _require_team(tx: Transaction, actor: Actor, team_id: str) -> None:
    roles = await access_store.read_team(tx, actor.user_id, team_id)
    require(may_in_team("view_team", actor.roles, roles) or granted(actor.roles, "manage_system"), "view_team")


def _require_following(state: Following | None) -> Following:
    if state is None:
        raise DomainError(Reason.THREAD_MEMBERSHIP_NOT_FOUND)
    if not state.following:
        raise DomainError(Reason.THREAD_NOT_FOLLOWED)
    return state


def _followed(root: Post, state: Following) -> FollowedThread:
    return FollowedThread(root, state.last_viewed_at, state.unread(root.reply_count), state.unread_mentions)
