"""What a batch of new posts means for others: events, mentions, what authors have seen, threads that moved on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chorus.messaging.v1 import events_pb2
from services.chassis.events import Announcement
from services.chassis.permissions import granted
from services.chassis.topics import channel_topic
from services.messaging.domain import mentions, posts, threads
from services.messaging.domain.author_notices import Unheard, Unmet
from services.messaging.domain.posts import Draft, Facts, Post
from services.messaging.domain.threads import Collapsing, Following, ThreadState
from services.messaging.operations.post_surroundings import Surroundings
from services.messaging.store.post_facts import ChannelFacts
from services.messaging.store.posts import Seen
from services.messaging.wire import posts as wire
from services.messaging.wire import threads as thread_wire


@dataclass(frozen=True, slots=True)
class Rules:
    """See Notifying."""

    collapsing: Collapsing
    auto_follow: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of a batch: `mentioned` and `concerned` by post id; `seen` and `following` as rows are locked."""

    events: Sequence[Announcement]
    mentioned: dict[str, Sequence[str]]
    concerned: dict[str, Sequence[str]]
    """Those of the mentioned who are so only because they took part in the thread, and wanted to hear of it."""
    seen: Sequence[Seen]
    unmet: Sequence[Unmet]
    unheard: Sequence[Unheard]
    following: Sequence[Following]


def announce(accepted: Sequence[tuple[Draft, Post]], facts: Facts, around: Surroundings, rules: Rules) -> Told:
    """Return the events of the new posts, and what they change: seen by authors, mentions of others, threads."""
    events: list[Announcement] = []
    mentioned_in: dict[str, Sequence[str]] = {}
    concerned_by: dict[str, Sequence[str]] = {}
    totals = {c.id: (c.total, c.total_root) for c in around.channels.values()}
    seen: dict[tuple[str, str], Seen] = {}
    roots = dict(around.roots)
    for draft, post in accepted:
        channel, is_root = around.channels[post.channel_id], not post.root_id
        total, total_root = totals[channel.id]
        totals[channel.id] = total, total_root = total + 1, total_root + is_root
        by_webhook, by_bot = mentions.made_by_integration(draft.props)
        addressed = _addressed(draft, post, channel, facts, around, by_webhook)
        concerned = sorted({*around.commenters.get(post.root_id, ())} - {post.user_id, *addressed})
        mentioned = sorted((*addressed, *concerned)) if concerned else addressed
        if concerned:
            concerned_by[post.id] = concerned
        if mentioned:
            mentioned_in[post.id] = mentioned
        for user_id in mentioned:
            known = seen.get((channel.id, user_id), Seen(channel.id, user_id))
            seen[channel.id, user_id] = replace(
                known, mentions=known.mentions + 1, mentions_root=known.mentions_root + is_root
            )
        # Who writes has seen the channel; not by a reply who reads those in threads.
        if not (by_webhook or by_bot or (not is_root and rules.collapsing.holds_for(around.chosen.get(post.user_id)))):
            seen[channel.id, post.user_id] = Seen(channel.id, post.user_id, post.create_at, total, total_root)
        body = _created(draft, post, channel, around, mentioned)
        if not is_root:
            body.thread.CopyFrom(_thread(post, addressed, roots, facts, around, rules))
        events.append(Announcement(channel_topic(channel.id), "post_created", body.SerializeToString(), post.create_at))
    following = threads.changed(around.threads.values())
    unmet = [found for draft, post in accepted if (found := _unmet(draft, post, around)).names]
    unheard = [
        Unheard(post.channel_id, post.root_id, post.user_id, post.create_at)
        for draft, post in accepted
        if _is_unheard(draft, post, facts, around)
    ]
    return Told(events, mentioned_in, concerned_by, [seen[key] for key in sorted(seen)], unmet, unheard, following)


def _is_unheard(draft: Draft, post: Post, facts: Facts, around: Surroundings) -> bool:
    """Say whether a post is to everybody in a channel that has too many for it: so many that none was read."""
    text = around.addressed[draft.id]
    return (
        (text.everybody or text.here)
        and not around.audiences[post.channel_id].members
        and facts.access[post.channel_id, post.user_id].may("use_channel_mentions", draft.roles)
    )


def _unmet(draft: Draft, post: Post, around: Surroundings) -> Unmet:
    """Return the names in a post that nobody in its channel has, for authors to whom people are shown at all."""
    tellable = around.channels[post.channel_id].team_id and granted(draft.roles, "view_members")
    names = around.addressed[draft.id].usernames if tellable else frozenset[str]()
    met = {form.removeprefix("@") for form in around.audiences[post.channel_id].named} if names else set[str]()
    return Unmet(post.id, post.channel_id, post.root_id, post.user_id, post.create_at, names - met)


def _addressed(
    draft: Draft, post: Post, channel: ChannelFacts, facts: Facts, around: Surroundings, by_webhook: bool
) -> list[str]:
    audience = around.audiences[channel.id]
    access = facts.access[post.channel_id, post.user_id]
    return mentions.mentioned(
        post.user_id,
        around.addressed[draft.id],
        audience,
        may_address_everybody=access.may("use_channel_mentions", draft.roles),
        always=channel.type in ("D", "G"),
        author_too=by_webhook,
    )


def _thread(
    post: Post,
    addressed: Sequence[str],
    roots: dict[str, Post],
    facts: Facts,
    around: Surroundings,
    rules: Rules,
) -> events_pb2.ThreadChange:
    """Move the reply's thread on, and return what its followers are told."""
    before = roots[post.root_id]
    participants = posts.latest_first(before.participants, [post.user_id])
    root = roots[post.root_id] = replace(
        before, reply_count=post.reply_count, last_reply_at=post.create_at, participants=participants,
        update_at=max(before.update_at, post.create_at),
    )  # fmt: skip
    state = around.threads.setdefault(root.id, ThreadState(root.id, root.channel_id))
    followers = state.reply(
        post.user_id,
        post.create_at,
        post.reply_count,
        addressed,
        author_follows=facts.access[post.channel_id, post.user_id].channel is not None,
        auto_follow=rules.auto_follow,
    )
    told = [one for one in followers if rules.collapsing.holds_for(around.chosen.get(one.now.user_id))]
    return thread_wire.change(root, participants, around.participants, told)


def _created(
    draft: Draft, post: Post, channel: ChannelFacts, around: Surroundings, mentioned: Sequence[str]
) -> events_pb2.PostCreated:
    sender = f"@{around.usernames.get(post.user_id, '')}"
    return events_pb2.PostCreated(
        post=wire.post(
            post,
            draft.pending_post_id,
            emojis=around.adornments.emoji_of(post),
            previewed=around.previewed.get(post.previewed_id),
        ),
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
