"""Creating posts: the write path (DESIGN §3). A batch is one transaction, two round trips and a COMMIT."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.database import VOUCHING, Database, DataFault, Statement, Transaction, UnknownOutcome
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher, TopicState, channel_topic
from services.messaging.domain import mentions, posts
from services.messaging.domain.access import ChannelAccess
from services.messaging.domain.mentions import Addressed
from services.messaging.domain.posts import Clockwork, Decision, Draft, Facts, Post, Root
from services.messaging.store import access as access_store
from services.messaging.store import post_facts
from services.messaging.store import posts as store
from services.messaging.store.post_facts import ChannelFacts
from services.messaging.store.posts import Seen
from services.messaging.wire import posts as wire

_log = logging.getLogger(__name__)

CLAIM_KEPT_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What announcing needs beyond the rules' facts."""

    topics: dict[str, TopicState]
    channels: dict[str, ChannelFacts]
    usernames: dict[str, str]
    addressed: dict[str, Addressed]  # by draft id
    named: dict[str, dict[str, str]]
    members: dict[str, list[str]]


class PostCreation:
    """Creates posts in batches."""

    def __init__(
        self, database: Database, events: EventLog, publisher: Publisher, clock: Clock, *, max_notified: int
    ) -> None:
        """`max_notified` bounds the channels in which @channel notifies (MaxNotificationsPerChannel)."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock
        self._max_notified = max_notified

    async def create_posts(self, drafts: Sequence[Draft]) -> list[Post | DomainError]:
        """Store each draft once and announce it; a bad draft fails alone. Item i of the answer belongs to draft i."""
        try:
            decision, entries = await self._database.transact(lambda tx: self._store(tx, drafts))
        except DataFault as fault:
            if len(drafts) == 1:
                _log.warning("a draft that the database refuses", extra={"post_id": drafts[0].id, "why": str(fault)})
                return [DomainError(Reason.POST_INVALID, field="message")]
            # One item poisons the batch: halve it until it stands alone.
            half = len(drafts) // 2
            return await self.create_posts(drafts[:half]) + await self.create_posts(drafts[half:])
        except UnknownOutcome as why:
            _log.warning("unknown outcome of a commit; looking the ids up", extra={"why": why.why})
            return await self._look_up(drafts)
        self._publisher.publish_soon(entries)  # a lost publish is repaired by Changed(cursor)
        return decision.answers

    async def _look_up(self, drafts: Sequence[Draft]) -> list[Post | DomainError]:
        """Answer from what stands now; what is not there may still come, so its sender must ask again by its id."""

        async def read(tx: Transaction) -> dict[str, Post]:
            (rows, _) = await tx.pipelined(store.reading([draft.id for draft in drafts]), VOUCHING)
            return store.by_id(rows)

        found = await self._database.transact(read)
        return [found.get(d.id) or DomainError(Reason.UNAVAILABLE, part="database messaging") for d in drafts]

    async def _store(self, tx: Transaction, drafts: Sequence[Draft]) -> tuple[Decision, list[log_pb2.LogEntry]]:
        facts, around = await self._lock_and_look(tx, drafts)
        decision = posts.decide(drafts, facts)
        announcements, seen = _announce(decision.accepted, facts, around)
        entries, statements = self._events.appending(around.topics, announcements) if announcements else ([], [])
        new = [post for _, post in decision.accepted]
        changes: list[Statement] = []
        if new:
            changes += [store.inserting(new), store.counting(_counted(new))]
            if replies := _replied(new, facts.roots):
                changes.append(store.replying(replies))
            changes += store.seeing(seen, facts.now_ms)
            changes += statements
        if decision.freed_claims:
            changes.append(store.freeing(decision.freed_claims))
        if not new and any(isinstance(answer, Post) for answer in decision.answers):
            changes.append(VOUCHING)
        if changes:
            await tx.pipelined(*changes)
        return decision, entries

    async def _lock_and_look(self, tx: Transaction, drafts: Sequence[Draft]) -> tuple[Facts, _Surroundings]:
        """Claim the clients' ids, lock the channels' topics, then read; one round trip, each step its own snapshot."""
        now_ms = self._clock.now_ms()
        channel_ids = sorted({draft.channel_id for draft in drafts})
        claims: dict[tuple[str, str], str] = {}
        for draft in drafts:
            if draft.pending_post_id:
                claims.setdefault((draft.user_id, draft.pending_post_id), draft.id)
        pairs = sorted({(draft.user_id, draft.channel_id) for draft in drafts})
        root_ids = {draft.root_id for draft in drafts if draft.root_id}
        addressed = {draft.id: mentions.addressed(draft.message) for draft in drafts}
        names = sorted({(d.channel_id, name) for d in drafts for name in addressed[d.id].usernames})
        everybody = {draft.channel_id for draft in drafts if addressed[draft.id].everybody}

        rows = iter(
            await tx.pipelined(
                *store.claiming([(*key, claims[key]) for key in sorted(claims)], now_ms, CLAIM_KEPT_MS),
                self._events.locking_existing(channel_topic(channel_id) for channel_id in channel_ids),
                access_store.reading(pairs),
                post_facts.reading_channels(channel_ids),
                post_facts.reading_authors({draft.user_id for draft in drafts}),
                store.reading([draft.id for draft in drafts]),
                post_facts.reading_members(channel_ids, everybody, self._max_notified),
                *([store.reading_roots(sorted(root_ids))] if root_ids else []),
                *([post_facts.reading_named(names)] if names else []),
            )
        )
        next(rows)
        claimed = {(row.user_id, row.pending_post_id): row.post_id for row in next(rows)}
        topics = self._events.locked(next(rows))
        access = dict(zip(((c, u) for u, c in pairs), access_store.found(next(rows)), strict=True))
        channels = post_facts.channels(next(rows))
        usernames = post_facts.authors(next(rows))
        existing = store.by_id(next(rows))
        members = post_facts.members(next(rows))
        roots = store.roots(next(rows)) if root_ids else {}
        named = post_facts.named(next(rows)) if names else {}
        if holders := set(claimed.values()) - {draft.id for draft in drafts}:
            existing |= await store.read(tx, sorted(holders))
        facts = Facts(
            access={key: value for key, value in access.items() if value is not None},
            clocks={c: Clockwork(topics[channel_topic(c)].last_at) for c in channels if channel_topic(c) in topics},
            roots=roots,
            existing=existing,
            claimed=claimed,
            now_ms=now_ms,
        )
        return facts, _Surroundings(topics, channels, usernames, addressed, named, members)


def _counted(new: Iterable[Post]) -> dict[str, tuple[int, int, int, int]]:
    changes: dict[str, tuple[int, int, int, int]] = {}
    for post in new:
        _, last_root, total, total_root = changes.get(post.channel_id, (0, 0, 0, 0))
        counts, is_root = posts.counted(post.type), not post.root_id
        changes[post.channel_id] = (
            post.create_at,
            post.create_at if is_root else last_root,
            total + counts,
            total_root + (counts and is_root),
        )
    return changes


def _replied(new: Iterable[Post], roots: Mapping[str, Root]) -> dict[str, tuple[int, int, Sequence[str]]]:
    changes: dict[str, tuple[int, int, Sequence[str]]] = {}
    for post in new:
        if post.root_id:
            known = changes.get(post.root_id)
            before = known[2] if known else roots[post.root_id].participants
            participants = posts.latest_first(before, [post.user_id])
            changes[post.root_id] = (post.reply_count, post.create_at, participants)
    return changes


def _announce(
    accepted: Sequence[tuple[Draft, Post]], facts: Facts, around: _Surroundings
) -> tuple[list[Announcement], list[Seen]]:
    """Return the events of the new posts, and what they change in memberships: seen by authors, mentions of others."""
    announcements = []
    totals = {c.id: (c.total, c.total_root) for c in around.channels.values()}
    seen: dict[tuple[str, str], Seen] = {}
    for draft, post in accepted:
        channel = around.channels[post.channel_id]
        access: ChannelAccess = facts.access[post.channel_id, post.user_id]
        total, total_root = totals[channel.id]
        is_root = not post.root_id
        totals[channel.id] = total, total_root = total + 1, total_root + is_root
        mentioned = mentions.mentioned(
            post.user_id,
            around.addressed[draft.id],
            may_address_everybody=access.may("use_channel_mentions", draft.roles),
            named=around.named.get(channel.id, {}),
            members=around.members.get(channel.id, ()),
            members_always=channel.type in ("D", "G"),
        )
        for user_id in mentioned:
            known = seen.get((channel.id, user_id), Seen(channel.id, user_id))
            seen[channel.id, user_id] = Seen(
                channel.id, user_id, known.viewed_at, known.seen, known.seen_root,
                known.mentions + 1, known.mentions_root + is_root,
            )  # fmt: skip
        seen[channel.id, post.user_id] = Seen(channel.id, post.user_id, post.create_at, total, total_root)
        announcements.append(_created(draft, post, channel, around.usernames.get(post.user_id, ""), mentioned))
    return announcements, [seen[key] for key in sorted(seen)]


def _created(draft: Draft, post: Post, channel: ChannelFacts, username: str, mentioned: Sequence[str]) -> Announcement:
    sender = f"@{username}"
    body = events_pb2.PostCreated(
        post=wire.post(post, draft.pending_post_id),
        channel=events_pb2.ChannelContext(
            type=channel.type,
            display_name=sender if channel.type == "D" else channel.display_name,
            name=channel.name,
            team_id=channel.team_id,
        ),
        sender_name=sender,
        mentioned_user_ids=mentioned,
        set_online=draft.set_online,
    )
    return Announcement(channel_topic(channel.id), "post_created", body.SerializeToString(), post.create_at)
