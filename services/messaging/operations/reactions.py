"""Adding and removing reactions."""

from collections.abc import Sequence

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher, TopicState
from services.chassis.topics import channel_topic
from services.messaging.domain import emoji, reactions
from services.messaging.domain.access import READ_CONTENT, ChannelAccess
from services.messaging.domain.posts import Clockwork
from services.messaging.domain.reactions import Reaction
from services.messaging.store import access as access_store
from services.messaging.store import emoji as emoji_store
from services.messaging.store import posts as post_store
from services.messaging.store import reactions as store
from services.messaging.wire import posts as wire


class ReactionOperations:
    """What users do under posts."""

    def __init__(
        self, database: Database, events: EventLog, publisher: Publisher, clock: Clock, custom_emoji: bool
    ) -> None:
        """Work on messaging's database and log; `custom_emoji` says whether there are any."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock
        self._custom_emoji = custom_emoji

    async def add(self, post_id: str, emoji_name: str, user_id: str, roles: Sequence[str]) -> tuple[Reaction, str]:
        """Add a reaction and announce it; return it and its channel. One that is there already is no change."""
        reactions.check_name(emoji_name)
        reaction, channel_id, entries = await self._database.transact(
            lambda tx: self._add(tx, post_id, emoji_name, user_id, roles)
        )
        self._publisher.publish_soon(entries)
        return reaction, channel_id

    async def _add(
        self, tx: Transaction, post_id: str, emoji_name: str, user_id: str, roles: Sequence[str]
    ) -> tuple[Reaction, str, list[log_pb2.LogEntry]]:
        if not emoji.is_system(emoji_name):
            if not self._custom_emoji:
                raise DomainError(Reason.EMOJI_REFUSED)
            if not await emoji_store.find(tx, names=[emoji_name]):
                raise DomainError(Reason.EMOJI_NOT_FOUND, by="name")
        topics, access = await self._lock(tx, post_id, user_id)
        present = await store.of_posts(tx, [post_id])
        reaction = Reaction(user_id, post_id, emoji_name, _tick(topics, self._clock.now_ms()))
        reactions.check_add(reaction, present, access, roles)
        for earlier in present:
            if (earlier.user_id, earlier.emoji_name) == (user_id, emoji_name):
                tx.vouch()
                return earlier, access.channel_id, []
        await store.add(tx, reaction)
        body = events_pb2.ReactionAdded(reaction=wire.reaction(reaction, access.channel_id))
        entries = await self._announce(
            tx, topics, access, "reaction_added", body.SerializeToString(), reaction.create_at
        )
        return reaction, access.channel_id, entries

    async def remove(self, post_id: str, emoji_name: str, user_id: str, actor_id: str, roles: Sequence[str]) -> None:
        """Remove a user's reaction and announce it; one that is not there is no change."""
        reactions.check_name(emoji_name)
        self._publisher.publish_soon(
            await self._database.transact(lambda tx: self._remove(tx, post_id, emoji_name, user_id, actor_id, roles))
        )

    async def _remove(
        self, tx: Transaction, post_id: str, emoji_name: str, user_id: str, actor_id: str, roles: Sequence[str]
    ) -> list[log_pb2.LogEntry]:
        topics, access = await self._lock(tx, post_id, actor_id)
        reactions.check_remove(access, actor_id, user_id, roles)
        for reaction in await store.of_posts(tx, [post_id]):
            if (reaction.user_id, reaction.emoji_name) == (user_id, emoji_name):
                at = _tick(topics, self._clock.now_ms())
                await store.remove(tx, reaction, at)
                body = events_pb2.ReactionRemoved(reaction=wire.reaction(reaction, access.channel_id))
                return await self._announce(tx, topics, access, "reaction_removed", body.SerializeToString(), at)
        tx.vouch()
        return []

    async def of_post(self, post_id: str, user_id: str, roles: Sequence[str]) -> tuple[list[Reaction], str]:
        """Return a post's reactions, oldest first, and its channel."""
        return await self._database.transact(lambda tx: self._of_post(tx, post_id, user_id, roles))

    async def _of_post(
        self, tx: Transaction, post_id: str, user_id: str, roles: Sequence[str]
    ) -> tuple[list[Reaction], str]:
        channel_id = await post_store.channel_of(tx, post_id)
        access = await access_store.read_one(tx, user_id, channel_id) if channel_id else None
        if access is None or not access.may(READ_CONTENT, roles):
            raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
        return await store.of_posts(tx, [post_id]), access.channel_id

    async def _lock(self, tx: Transaction, post_id: str, user_id: str) -> tuple[dict[str, TopicState], ChannelAccess]:
        """Lock the channel of a live post, then look. An unknown or deleted post is refused like a foreign one."""
        channel_id = await post_store.channel_of(tx, post_id)
        if channel_id is not None:
            topic_rows, access_rows, post_rows = await tx.pipelined(
                self._events.locking_existing([channel_topic(channel_id)]),
                access_store.reading([(user_id, channel_id)]),
                post_store.reading([post_id]),
            )
            access, post = access_store.found(access_rows)[0], post_store.by_id(post_rows).get(post_id)
            if access is not None and post is not None and not post.delete_at:
                return self._events.locked(topic_rows), access
        raise DomainError(Reason.PERMISSION_DENIED, permission="add_reaction")

    async def of_posts(self, post_ids: Sequence[str], user_id: str, roles: Sequence[str]) -> list[tuple[Reaction, str]]:
        """Return the reactions to posts with their channels, oldest first. Raises permission_denied for any of them."""

        async def read(tx: Transaction) -> list[tuple[Reaction, str]]:
            posts = await post_store.read(tx, post_ids)
            channel_ids = sorted({post.channel_id for post in posts.values() if not post.delete_at})
            access = await access_store.read(tx, [(user_id, channel_id) for channel_id in channel_ids])
            readable = {a.channel_id for a in access if a is not None and a.may(READ_CONTENT, roles)}
            if not all(post_id in posts and posts[post_id].channel_id in readable for post_id in post_ids):
                raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
            return [(one, posts[one.post_id].channel_id) for one in await store.of_posts(tx, post_ids)]

        return await self._database.transact(read)

    async def _announce(
        self, tx: Transaction, topics: dict[str, TopicState], access: ChannelAccess, kind: str, body: bytes, at: int
    ) -> list[log_pb2.LogEntry]:
        return await self._events.append(tx, topics, [Announcement(channel_topic(access.channel_id), kind, body, at)])


def _tick(topics: dict[str, TopicState], now_ms: int) -> int:
    (state,) = topics.values()
    return Clockwork(state.last_at).tick(now_ms)
