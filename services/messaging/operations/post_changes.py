"""Editing and deleting posts, and showing one to a single user."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher, TopicState
from services.chassis.ids import new_id
from services.chassis.topics import channel_topic
from services.messaging.domain import posts
from services.messaging.domain.access import ChannelAccess
from services.messaging.domain.adornments import Adornments
from services.messaging.domain.links import FRESH_MS
from services.messaging.domain.posts import Clockwork, Post
from services.messaging.domain.threads import Collapsing, FollowerChange
from services.messaging.operations.adornments import adorned
from services.messaging.operations.ephemeral_posts import ephemeral, shown_to
from services.messaging.operations.link_previews import Linking
from services.messaging.operations.previewed_posts import previewed
from services.messaging.store import access as access_store
from services.messaging.store import posts as store
from services.messaging.store import previews, threads
from services.messaging.store import users as user_store
from services.messaging.wire import posts as wire
from services.messaging.wire import threads as thread_wire
from services.messaging.wire.previews import preview


@dataclass(frozen=True, slots=True)
class Patch:
    """What changes in a post; None keeps it. `files` is opaque, with its count."""

    message: str | None = None
    props: str | None = None
    is_pinned: bool | None = None
    files: tuple[bytes, int] | None = None


@dataclass(frozen=True, slots=True)
class _Locked:
    """A post under its channel's lock."""

    topics: dict[str, TopicState]
    access: ChannelAccess | None
    post: Post | None

    def tick(self, now_ms: int) -> int:
        """Return the change's time."""
        (state,) = self.topics.values()
        return Clockwork(state.last_at).tick(now_ms)


class PostChanges:
    """Changes of posts that exist."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        publisher: Publisher,
        clock: Clock,
        linking: Linking,
        *,
        edit_limit_s: int,
        collapsing: Collapsing,
    ) -> None:
        """`edit_limit_s` is PostEditTimeLimit: for so many seconds a text may change; below 0 for ever."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock
        self._linking, self._edit_limit_s, self._collapsing = linking, edit_limit_s, collapsing

    async def patch(self, post_id: str, patch: Patch, user_id: str, roles: Sequence[str]) -> tuple[Post, Adornments]:
        """Change a post and announce it; return it as it is now. Earlier versions are kept."""
        post, adornments, entries = await self._database.transact(
            lambda tx: self._patch(tx, post_id, patch, user_id, roles)
        )
        self._publisher.publish_soon(entries)
        if post.preview:  # whoever is woken in vain goes to sleep again
            self._linking.wake()
        return post, adornments

    async def _patch(
        self, tx: Transaction, post_id: str, patch: Patch, user_id: str, roles: Sequence[str]
    ) -> tuple[Post, Adornments, list[log_pb2.LogEntry]]:
        locked = await _lock(tx, self._events, post_id, user_id)
        posts.check_edit(locked.post, locked.access, user_id, roles)
        if locked.post is None:
            raise AssertionError("check_edit refuses an unknown post")
        before, now_ms = locked.post, self._clock.now_ms()
        message = before.message if patch.message is None else patch.message
        props = before.props if patch.props is None else patch.props
        files, file_count = patch.files or (before.files, before.file_count)
        posts.check_content(message, props)
        if patch.message is not None:
            posts.check_edit_time(before, self._edit_limit_s, now_ms)
        at = locked.tick(now_ms)
        edited = message != before.message or files != before.files
        after = replace(
            before,
            message=message,
            props=props,
            files=files,
            file_count=file_count,
            hashtags=posts.hashtags(message),
            is_pinned=before.is_pinned if patch.is_pinned is None else patch.is_pinned,
            edit_at=at if edited else before.edit_at,
            update_at=at,
        )
        after = await self._relinked(tx, before, after)
        adornments, entries = await self._store(tx, locked, after, version_id=new_id() if edited else None)
        return after, adornments, entries

    async def _store(
        self, tx: Transaction, locked: _Locked, after: Post, *, version_id: str | None
    ) -> tuple[Adornments, list[log_pb2.LogEntry]]:
        """Store a changed post, its earlier version under an id if that is to be kept, and tell the channel."""
        await store.edit(tx, after, version_id)
        adornments = await adorned(tx, [after])
        linked = await previewed(tx, [after.previewed_id])
        body = events_pb2.PostEdited(post=wire.posts([after], adornments, previewed=linked)[0])
        told = _in_channel(after, "post_edited", body, after.update_at)
        return adornments, await self._events.append(tx, locked.topics, [told])

    async def pin(self, post_id: str, pinned: bool, user_id: str, roles: Sequence[str]) -> None:
        """Pin a post to its channel, or take it off, and announce it; again is no change.

        Raises permission_denied, also for an unknown post, post_edit_archived.
        """

        async def work(tx: Transaction) -> list[log_pb2.LogEntry]:
            locked = await _lock(tx, self._events, post_id, user_id)
            posts.check_pin(locked.post, locked.access, roles)
            if locked.post is None:
                raise AssertionError("check_pin refuses an unknown post")
            if locked.post.is_pinned == pinned:
                tx.vouch()
                return []
            after = replace(locked.post, is_pinned=pinned, update_at=locked.tick(self._clock.now_ms()))
            _, entries = await self._store(tx, locked, after, version_id=None)
            return entries

        self._publisher.publish_soon(await self._database.transact(work))

    async def _relinked(self, tx: Transaction, before: Post, after: Post) -> Post:
        """Return a changed post with what is shown of its links: as before, unless they are others now."""
        had, has = (self._linking.rules.links_of(post.message, post.props, post.type) for post in (before, after))
        if had == has:
            return after
        known: dict[str, bytes] = {}
        if has.asked:
            (rows,) = await tx.pipelined(previews.knowing(has.asked, after.update_at - FRESH_MS))
            known = previews.known(rows)
        if not known.keys() >= set(has.asked):
            tx.conclude(previews.awaiting([after.id], after.update_at))
        return replace(after, preview=preview(has, known), previewed_id=has.permalink)

    async def delete(self, post_id: str, user_id: str, roles: Sequence[str]) -> None:
        """Delete a post and its replies, softly, and announce it."""
        self._publisher.publish_soon(
            await self._database.transact(lambda tx: self._delete(tx, post_id, user_id, roles))
        )

    async def _delete(
        self, tx: Transaction, post_id: str, user_id: str, roles: Sequence[str]
    ) -> list[log_pb2.LogEntry]:
        locked = await _lock(tx, self._events, post_id, user_id)
        posts.check_delete(locked.post, locked.access, user_id, roles)
        if locked.post is None:
            raise AssertionError("check_delete refuses an unknown post")
        at = locked.tick(self._clock.now_ms())
        await store.delete(tx, locked.post, at)
        # Clients want the post as it was before.
        team_id = locked.access.team_id if locked.access is not None else ""
        body = events_pb2.PostDeleted(post=wire.post(locked.post), deleted_by=user_id, team_id=team_id)
        if locked.post.root_id:
            body.thread.CopyFrom(await _shortened(tx, locked.post, at, self._collapsing))
        return await self._events.append(tx, locked.topics, [_in_channel(locked.post, "post_deleted", body, at)])

    async def send_ephemeral(
        self,
        actor_id: str,
        roles: Sequence[str],
        *,
        user_id: str,
        channel_id: str,
        root_id: str,
        message: str,
        props: str,
    ) -> Post:
        """Show a post to one user; it is stored nowhere."""
        posts.check_content(message, props)
        access = await self._database.transact(lambda tx: access_store.read_one(tx, actor_id, channel_id))
        if access is None or not access.may("create_post_ephemeral", roles):
            raise DomainError(Reason.PERMISSION_DENIED, permission="create_post_ephemeral")
        post = ephemeral(
            author_id=actor_id, channel_id=channel_id, root_id=root_id, message=message, props=props,
            at=self._clock.now_ms(),
        )  # fmt: skip
        self._publisher.publish_soon([shown_to(user_id, post)])
        return post


async def _lock(tx: Transaction, events: EventLog, post_id: str, user_id: str) -> _Locked:
    """Lock the channel of a post, then look at the post and at what the user may do there."""
    channel_id = await store.channel_of(tx, post_id)
    if channel_id is None:
        return _Locked({}, None, None)
    topic_rows, access_rows, post_rows = await tx.pipelined(
        events.locking_existing([channel_topic(channel_id)]),
        access_store.reading([(user_id, channel_id)]),
        store.reading([post_id]),
    )
    return _Locked(events.locked(topic_rows), access_store.found(access_rows)[0], store.by_id(post_rows).get(post_id))


async def _shortened(tx: Transaction, reply: Post, at: int, collapsing: Collapsing) -> events_pb2.ThreadChange:
    """Take a deleted reply out of its thread's counters; return the thread for those who had not seen the reply."""
    bereft = await threads.unreply(tx, reply.id, at)
    if not collapsing.for_everybody:
        chosen = await user_store.choices(tx, [one.following.user_id for one in bereft])
        bereft = [one for one in bereft if collapsing.holds_for(chosen.get(one.following.user_id))]
    if not bereft:
        return events_pb2.ThreadChange()
    root = (await store.read(tx, [reply.root_id]))[reply.root_id]
    changes = []
    for one in bereft:
        now, unread = one.following, one.following.unread(root.reply_count)
        changes.append(FollowerChange(now, unread, unread + 1, now.unread_mentions + one.mentioned, notified=False))
    return thread_wire.change(root, root.participants, await threads.read_participants(tx, root.id), changes)


def _in_channel(post: Post, kind: str, body: events_pb2.PostEdited | events_pb2.PostDeleted, at: int) -> Announcement:
    return Announcement(channel_topic(post.channel_id), kind, body.SerializeToString(), at)
