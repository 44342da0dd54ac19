"""What creating a batch of posts looks at once the topics are locked: one round trip, each step its own snapshot."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.chassis.database import Statement, Transaction
from services.chassis.events import EventLog, TopicState
from services.chassis.topics import channel_topic
from services.messaging.domain.adornments import Adornments
from services.messaging.domain.emoji import custom_names
from services.messaging.domain.links import FRESH_MS, Links
from services.messaging.domain.mentions import Addressed, Audience
from services.messaging.domain.posts import Clockwork, Draft, Facts, Post, Root, Shown
from services.messaging.domain.previewed_posts import Previewed
from services.messaging.domain.threads import Collapsing, ThreadState
from services.messaging.domain.users import User
from services.messaging.operations.previewed_posts import previewed
from services.messaging.store import access as access_store
from services.messaging.store import emoji, post_facts, previews, threads
from services.messaging.store import posts as store
from services.messaging.store import users as user_store
from services.messaging.store.post_facts import ChannelFacts
from services.messaging.wire.previews import preview

CLAIM_KEPT_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What announcing needs beyond the rules' facts."""

    topics: dict[str, TopicState]
    channels: dict[str, ChannelFacts]
    usernames: dict[str, str]
    addressed: Mapping[str, Addressed]  # by draft id
    audiences: Mapping[str, Audience]  # by channel
    threads: dict[str, ThreadState]  # by root
    roots: Mapping[str, Post]
    participants: Mapping[str, User]
    commenters: Mapping[str, Collection[str]]  # by root
    chosen: Mapping[str, bool]  # who chose to read replies in threads, or not to; empty where nobody chooses
    awaiting: Collection[str]  # drafts whose links are not known yet
    previewed: Mapping[str, Previewed]  # by their own id: the posts that drafts link to
    adornments: Adornments


async def lock_and_look(
    tx: Transaction,
    events: EventLog,
    drafts: Sequence[Draft],
    addressed: Mapping[str, Addressed],
    links: Mapping[str, Links],
    online: Collection[str] | None,
    now_ms: int,
    *,
    max_notified: int,
    collapsing: Collapsing,
) -> tuple[Facts, Surroundings]:
    """Claim the clients' ids, lock the channels' topics, then read. What no draft needs is not asked."""
    channel_ids = sorted({draft.channel_id for draft in drafts})
    claims: dict[tuple[str, str], str] = {}
    for draft in drafts:
        if draft.pending_post_id:
            claims.setdefault((draft.user_id, draft.pending_post_id), draft.id)
    pairs = sorted({(draft.user_id, draft.channel_id) for draft in drafts})
    root_ids = sorted({draft.root_id for draft in drafts if draft.root_id})
    author_ids = {draft.user_id for draft in drafts}
    claiming, claimed_by = store.claiming([(*key, claims[key]) for key in sorted(claims)], now_ms, CLAIM_KEPT_MS)
    asked: dict[str, Statement] = {
        "claiming": claiming,
        "claimed": claimed_by,
        "topics": events.locking_existing(channel_topic(channel_id) for channel_id in channel_ids),
        "access": access_store.reading(pairs),
        "channels": post_facts.reading_channels(channel_ids),
        "authors": post_facts.reading_authors(author_ids),
        "posts": store.reading([*(draft.id for draft in drafts), *root_ids]),
        **_asking_whom(drafts, addressed, channel_ids, max_notified),
    }
    if root_ids:
        asked["people"] = threads.reading_people(root_ids)
        asked["participants"] = threads.reading_participants(root_ids, author_ids)
        if not collapsing.for_everybody:
            asked["commenters"] = post_facts.reading_commenters(root_ids)
    if urls := {url for found in links.values() for url in found.asked}:
        asked["links"] = previews.knowing(urls, now_ms - FRESH_MS)
    if names := {name for draft in drafts for name in custom_names(draft.message)}:
        asked["emoji"] = emoji.finding(names=names)
    rows: dict[str, list[Any]] = dict(zip(asked, await tx.pipelined(*asked.values()), strict=True))

    claimed = {(row.user_id, row.pending_post_id): row.post_id for row in rows["claimed"]}
    topics = events.locked(rows["topics"])
    access = dict(zip(((c, u) for u, c in pairs), access_store.found(rows["access"]), strict=True))
    channels = post_facts.channels(rows["channels"])
    existing = store.by_id(rows["posts"])
    roots = {root_id: existing[root_id] for root_id in root_ids if root_id in existing}
    if holders := set(claimed.values()) - {draft.id for draft in drafts}:
        existing |= await store.read(tx, sorted(holders))
    known = previews.known(rows.get("links", ()))
    audiences = _audiences(rows, channel_ids, online)
    people = threads.people(rows.get("people", ()))
    commenters = post_facts.commenters(rows.get("commenters", ()))
    chosen: dict[str, bool] = {}
    if collapsing.free and root_ids:
        chosen = await user_store.choices(tx, _involved(author_ids, audiences.values(), people.values(), commenters))
    facts = Facts(
        access={key: value for key, value in access.items() if value is not None},
        clocks={c: Clockwork(topics[channel_topic(c)].last_at) for c in channels if channel_topic(c) in topics},
        roots={id: _root(post) for id, post in roots.items()},
        existing=existing,
        claimed=claimed,
        shown={id: Shown(preview(found, known), found.permalink) for id, found in links.items()},
        now_ms=now_ms,
    )
    return facts, Surroundings(
        topics,
        channels,
        post_facts.authors(rows["authors"]),
        addressed,
        audiences,
        people,
        roots,
        threads.participants(rows.get("participants", ())),
        {
            root_id: {user_id for user_id in ids if not collapsing.holds_for(chosen.get(user_id))}
            for root_id, ids in commenters.items()
        },
        chosen,
        {id for id, found in links.items() if not known.keys() >= set(found.asked)},
        await previewed(tx, {found.permalink for found in links.values()}),
        Adornments(emoji={one.name: one for one in emoji.found(rows.get("emoji", ()))}),
    )


def _asking_whom(
    drafts: Sequence[Draft], addressed: Mapping[str, Addressed], channel_ids: Sequence[str], max_notified: int
) -> dict[str, Statement]:
    """Return what is asked to know whom the drafts mention."""
    everybody = {d.channel_id for d in drafts if addressed[d.id].everybody or addressed[d.id].here}
    asked = {"members": post_facts.reading_members(channel_ids, everybody, max_notified)}
    talking = [draft for draft in drafts if addressed[draft.id].words]
    if names := sorted({(d.channel_id, name) for d in talking for name in addressed[d.id].usernames}):
        asked["named"] = post_facts.reading_named(names)
    if words := sorted({(d.channel_id, form) for d in talking for form in addressed[d.id].keywords}):
        asked["keyworded"] = post_facts.reading_keyworded(words)
    return asked


def _audiences(
    rows: Mapping[str, Sequence[Any]], channel_ids: Sequence[str], online: Collection[str] | None
) -> dict[str, Audience]:
    named = post_facts.named(rows.get("named", ()), rows.get("keyworded", ()))
    members = post_facts.members(rows["members"])
    return {
        channel_id: Audience(
            named.get(channel_id, {}),
            list(members.get(channel_id, ())),
            [user_id for user_id, told in members.get(channel_id, {}).items() if told],
            online,
        )
        for channel_id in channel_ids
    }


def _involved(
    author_ids: Iterable[str],
    audiences: Iterable[Audience],
    people: Iterable[ThreadState],
    commenters: Mapping[str, Collection[str]],
) -> set[str]:
    """Return everybody who may be told of a reply, or has seen the channel by writing it."""
    involved = set(author_ids).union(*commenters.values())
    for audience in audiences:
        involved.update(audience.members, *audience.named.values())
    for thread in people:
        involved.update(thread.people)
    return involved


def _root(post: Post) -> Root:
    return Root(
        post.id, post.channel_id, post.root_id, post.delete_at, post.user_id, post.reply_count, post.participants
    )
