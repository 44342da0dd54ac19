"""What members want to hear of a channel, and what they have put back to unread."""

from collections.abc import Mapping
from dataclasses import replace

from chorus.messaging.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.topics import channel_topic, user_topic
from services.messaging.domain import memberships
from services.messaging.domain.access import READ_CONTENT, may_act_for, require
from services.messaging.domain.memberships import Member
from services.messaging.domain.posts import Post
from services.messaging.domain.threads import Collapsing, FollowerChange, Following
from services.messaging.domain.users import User
from services.messaging.operations.actor import Actor
from services.messaging.operations.changing import Change, Changes
from services.messaging.operations.threads import seen_up_to
from services.messaging.operations.users import Users
from services.messaging.store import access as access_store
from services.messaging.store import attention as store
from services.messaging.store import followed_threads, threads
from services.messaging.store import memberships as member_store
from services.messaging.store import posts as post_store
from services.messaging.wire import memberships as wire
from services.messaging.wire import threads as thread_wire


class AttentionOperations:
    """What members do to be told more or less."""

    def __init__(self, changes: Changes, settings: Settings, users: Users) -> None:
        """Commit by `changes`."""
        self._users = users
        self._changes = changes
        self._collapsing = Collapsing.of(settings.ServiceSettings.CollapsedThreads)

    async def mark_unread(self, actor: Actor, user_id: str, post_id: str, *, keeps_threads: bool) -> tuple[str, Member]:
        """Put a channel back to unread from one of its posts on; return its team and the membership.

        From a reply on, the reply's thread is put back too and followed, unless client (`keeps_threads`) and user read
        threads apart. Raises permission_denied (also for an unknown post), member_not_found.
        """
        target = await self._require_for(actor, user_id)
        collapsed = self._collapsing.holds_for(target.collapsed_threads)

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
            with_thread = bool(post.root_id) and not (keeps_threads and collapsed)
            at = change.last_at(topic)
            await store.mark_unread(change.tx, channel_id, user_id, post.create_at, at, roots=not with_thread)
            member = await _member(change, channel_id, user_id)
            body = events_pb2.PostUnread(post_id=post_id, team_id=access.team_id, member=wire.member(member))
            change.announce(own, body, change.next_at(own))
            if with_thread:
                thread = await _put_back(change, user_id, post)
                if collapsed:  # only then is there a client that shows threads apart
                    told = events_pb2.ThreadUnread(team_id=access.team_id, thread=thread)
                    change.announce(own, told, change.next_at(own))
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

    async def _require_for(self, actor: Actor, user_id: str) -> User:
        target = (await self._users.require([user_id]))[user_id]
        require(may_act_for(actor.user_id, user_id, actor.roles, target.roles), "edit_other_users")
        return target


async def _put_back(change: Change, user_id: str, reply: Post) -> events_pb2.ThreadChange:
    """Put a reply's thread back to unread from it on, followed; return the thread as it is for this follower."""
    known = (await followed_threads.states(change.tx, user_id, [reply.root_id])).get(reply.root_id)
    before = known or Following(reply.root_id, reply.channel_id, user_id)
    now = await seen_up_to(change.tx, replace(before, following=True), reply.create_at - 1)
    await followed_threads.store(change.tx, now, change.now_ms)
    root = (await post_store.read(change.tx, [reply.root_id]))[reply.root_id]
    unread = FollowerChange(
        now,
        now.unread(root.reply_count),
        before.unread(root.reply_count),
        before.unread_mentions,
        notified=False,
    )
    participants = await threads.read_participants(change.tx, root.id)
    return thread_wire.change(root, root.participants, participants, [unread])


async def _member(change: Change, channel_id: str, user_id: str) -> Member:
    found = await member_store.read(change.tx, channel_id, [user_id])
    if not found:
        raise DomainError(Reason.MEMBER_NOT_FOUND)
    return found[0]
