"""Creating posts: the write path (DESIGN §3). A batch is one transaction of two round trips, COMMIT included."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.clock import Clock
from services.chassis.database import VOUCHING, Database, DataFault, Statement, Transaction, UnknownOutcome
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog, Publisher
from services.messaging.domain import mentions, posts
from services.messaging.domain.links import NONE, Links
from services.messaging.domain.mentions import Addressed, Keywords
from services.messaging.domain.posts import Decision, Draft, Post, Root
from services.messaging.domain.threads import Collapsing
from services.messaging.operations.author_notices import AuthorNotices
from services.messaging.operations.link_previews import Linking
from services.messaging.operations.post_announcements import Rules, Told, announce
from services.messaging.operations.post_surroundings import lock_and_look
from services.messaging.store import post_facts, previews, threads
from services.messaging.store import posts as store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notifying:
    """Settings of who is told of posts."""

    max_notified: int
    """Members of a channel from which on @channel notifies nobody (MaxNotificationsPerChannel)."""
    collapsing: Collapsing
    """Who reads replies in threads and not in channels (CollapsedThreads)."""
    auto_follow: bool
    """Whether who takes part in a thread follows it (ThreadAutoFollow)."""


class Presence(Protocol):
    """Who can say which users are here."""

    async def online(self, user_ids: Collection[str]) -> Collection[str] | None:
        """Return those of the users who are online; None when nobody can say."""
        ...


class PostCreation:
    """Creates posts in batches."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        publisher: Publisher,
        clock: Clock,
        keywords: Keywords,
        presence: Presence,
        notifying: Notifying,
        linking: Linking,
        notices: AuthorNotices,
    ) -> None:
        """`keywords` are the words by which any user is mentioned; `presence` is asked when a post says @here."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock
        self._keywords, self._presence, self._notifying = keywords, presence, notifying
        self._linking, self._notices = linking, notices
        self._rules: Final = Rules(notifying.collapsing, notifying.auto_follow)

    async def create_posts(self, drafts: Sequence[Draft]) -> list[Post | DomainError]:
        """Store each draft once and announce it; a bad draft fails alone. Item i of the answer belongs to draft i."""
        addressed = {
            draft.id: mentions.addressed(mentions.spoken(draft.message, draft.props), self._keywords)
            for draft in drafts
        }
        links = {
            draft.id: found
            for draft in drafts
            if (found := self._linking.rules.links_of(draft.message, draft.props, draft.type)) != NONE
        }
        here = {draft.channel_id for draft in drafts if addressed[draft.id].here}
        online = await self._online(here) if here else None
        try:
            decision, entries, told = await self._database.transact(
                lambda tx: self._store(tx, drafts, addressed, links, online)
            )
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
        self._notices.tell_soon(told.unmet, told.unheard)
        if links:
            self._linking.wake()
        return decision.answers

    async def _online(self, channel_ids: Collection[str]) -> Collection[str] | None:
        """Return who of the channels is online; asked before the topics are locked, since presence takes its time."""
        sql, parameters = post_facts.reading_members((), channel_ids, self._notifying.max_notified)
        members = post_facts.members(await self._database.fetch(sql, **parameters))
        return await self._presence.online({user_id for told in members.values() for user_id in told})

    async def _look_up(self, drafts: Sequence[Draft]) -> list[Post | DomainError]:
        """Answer from what stands now; what is not there may still come, so its sender must ask again by its id."""

        async def look(tx: Transaction) -> Transaction:
            tx.conclude(store.reading([draft.id for draft in drafts]))
            tx.vouch()
            return tx

        found = store.by_id((await self._database.transact(look, shielded=False)).concluded[0])
        return [found.get(d.id) or DomainError(Reason.UNAVAILABLE, part="database messaging") for d in drafts]

    async def _store(
        self,
        tx: Transaction,
        drafts: Sequence[Draft],
        addressed: Mapping[str, Addressed],
        links: Mapping[str, Links],
        online: Collection[str] | None,
    ) -> tuple[Decision, list[log_pb2.LogEntry], Told]:
        facts, around = await lock_and_look(
            tx, self._events, drafts, addressed, links, online, self._clock.now_ms(),
            max_notified=self._notifying.max_notified, collapsing=self._notifying.collapsing,
        )  # fmt: skip
        decision = posts.decide(drafts, facts)
        told = announce(decision.accepted, facts, around, self._rules)
        entries, statements = self._events.appending(around.topics, told.events) if told.events else ([], [])
        new = [post for _, post in decision.accepted]
        changes: list[Statement] = []
        if new:
            changes += [store.inserting(new, told.mentioned), store.counting(_counted(new))]
            if told.concerned:
                changes.append(store.concerning(told.concerned))
            if replies := _replied(new, facts.roots):
                changes.append(store.replying(replies))
            changes += store.seeing(told.seen, facts.now_ms)
            if told.following:
                changes.append(threads.storing(told.following, facts.now_ms))
            if awaiting := [post.id for post in new if post.id in around.awaiting]:
                changes.append(previews.awaiting(awaiting, facts.now_ms))
            changes += statements
        if decision.freed_claims:
            changes.append(store.freeing(decision.freed_claims))
        if not new and any(isinstance(answer, Post) for answer in decision.answers):
            changes.append(VOUCHING)
        tx.conclude(*changes)
        return decision, entries, told


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
