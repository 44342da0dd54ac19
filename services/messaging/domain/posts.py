"""What a post may be, and what becomes of a batch of drafts."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.access import READ_CONTENT, ChannelAccess, granted_write

MAX_MESSAGE_RUNES: Final = 16_383
MAX_PROPS_RUNES: Final = 760_000
MAX_AHEAD_MS: Final = 2_000
"""How far a channel's time may run ahead of the clock: about 1,000 changes a second, sustained (DESIGN §3)."""

SYSTEM_PREFIX: Final = "system_"
EPHEMERAL: Final = "system_ephemeral"
UNCOUNTED_TYPES: Final = frozenset(
    {
        "system_join_leave",
        "system_join_channel",
        "system_guest_join_channel",
        "system_leave_channel",
        "system_join_team",
        "system_leave_team",
        "system_add_remove",
        "system_add_to_channel",
        "system_add_guest_to_chan",
        "system_remove_from_channel",
        "system_add_to_team",
        "system_remove_from_team",
    }
)
"""Notices of coming and going: they are in the history but count as no message."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post as it is stored."""

    id: str
    channel_id: str
    user_id: str
    root_id: str
    original_id: str
    message: str
    type: str
    props: str
    hashtags: str
    files: bytes
    file_count: int
    create_at: int
    update_at: int
    edit_at: int
    delete_at: int
    is_pinned: bool
    has_reactions: bool
    reply_count: int
    last_reply_at: int
    participants: Sequence[str]
    preview: bytes = b""
    """What is shown of its links; opaque here, as the files are."""
    previewed_id: str = ""
    """The post that it links to, and that is shown to those who may read it; empty for none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A post that is asked for. `files` is opaque here: the attached files as they will be stored."""

    id: str
    user_id: str
    roles: Sequence[str]
    channel_id: str
    root_id: str = ""
    message: str = ""
    type: str = ""
    props: str = "{}"
    files: bytes = b""
    file_count: int = 0
    pending_post_id: str = ""
    set_online: bool = True


class Shown(NamedTuple):
    """What is shown of a post's links, and the post that it links to."""

    preview: bytes = b""
    previewed_id: str = ""


@dataclass(frozen=True, slots=True)
class Root:
    """What a reply needs to know of the post that it answers."""

    id: str
    channel_id: str
    root_id: str
    delete_at: int
    user_id: str
    reply_count: int
    participants: Sequence[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """A channel's counters, read under its lock."""

    total: int
    total_root: int


@dataclass(slots=True)
class Clockwork:
    """The time of one channel's topic as a batch moves it on."""

    last_at: int

    def tick(self, now_ms: int) -> int:
        """Return the next change's time, in ms. Raises channel_rate_exceeded when the channel is too far ahead.

        After a clock stepped back that may be for long, so it is told for how long.
        """
        at = max(now_ms, self.last_at + 1)
        if (ahead := at - now_ms - MAX_AHEAD_MS) > 0:
            raise DomainError(Reason.CHANNEL_RATE_EXCEEDED, retry_after_s=math.ceil(ahead / 1000))
        self.last_at = at
        return at


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need, read after the locks."""

    access: Mapping[tuple[str, str], ChannelAccess]  # by (channel, user)
    clocks: Mapping[str, Clockwork]  # by channel; only of channels that exist
    roots: Mapping[str, Root]
    existing: Mapping[str, Post]  # by post id: earlier tries of the same drafts
    claimed: Mapping[tuple[str, str], str]  # (user, pending id) → the post id that holds it
    shown: Mapping[str, Shown]  # by draft id; only of those with links
    now_ms: int


@dataclass(slots=True)
class Decision:
    """What becomes of a batch; item i of `answers` belongs to draft i."""

    answers: list[Post | DomainError] = field(default_factory=list)
    accepted: list[tuple[Draft, Post]] = field(default_factory=list)
    freed_claims: list[tuple[str, str]] = field(default_factory=list)


def decide(drafts: Sequence[Draft], facts: Facts) -> Decision:
    """Decide each draft: the post that an earlier try made, a new post, or why there is none."""
    decision = Decision()
    made: dict[str, Post] = {}
    reply_counts: dict[str, int] = {}
    for draft in drafts:
        try:
            earlier = _earlier_try(draft, facts, made)
            if earlier is None:
                _check(draft, facts)
                count = reply_counts.get(draft.root_id, _replies(draft, facts)) + bool(draft.root_id)
                reply_counts[draft.root_id] = count
                at = facts.clocks[draft.channel_id].tick(facts.now_ms)
                post = _new_post(draft, at, count, facts.shown.get(draft.id, Shown()))
                made[post.id] = post
                decision.accepted.append((draft, post))
                decision.answers.append(post)
            else:
                decision.answers.append(earlier)
        except DomainError as error:
            decision.answers.append(error)
            if facts.claimed.get((draft.user_id, draft.pending_post_id)) == draft.id:
                decision.freed_claims.append((draft.user_id, draft.pending_post_id))
    return decision


def _earlier_try(draft: Draft, facts: Facts, made: Mapping[str, Post]) -> Post | None:
    """Return the post of an earlier try: by the id that the edge minted, else by the client's own id."""
    same = facts.existing.get(draft.id) or made.get(draft.id)
    if same is not None:
        if same.user_id != draft.user_id or same.channel_id != draft.channel_id:
            raise DomainError(Reason.POST_ID_TAKEN)
        return same
    holder = facts.claimed.get((draft.user_id, draft.pending_post_id), draft.id)
    if holder == draft.id:
        return None
    claimed = facts.existing.get(holder) or made.get(holder)
    # A client's id that comes again with another text or in another channel is a new post: ids are made from clocks.
    if claimed is None or claimed.channel_id != draft.channel_id or claimed.message != draft.message:
        return None
    return claimed


def _check(draft: Draft, facts: Facts) -> None:
    check_content(draft.message, draft.props)
    if draft.type.startswith(SYSTEM_PREFIX):
        raise DomainError(Reason.POST_TYPE_RESERVED, field="type")
    access = facts.access.get((draft.channel_id, draft.user_id))
    if access is None or not granted_write(access, draft.roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission="create_post")
    if draft.file_count and not access.may("upload_file", draft.roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission="upload_file")
    if access.archived:
        raise DomainError(Reason.POST_CHANNEL_ARCHIVED)
    if draft.root_id:
        root = facts.roots.get(draft.root_id)
        if root is None or root.delete_at:
            raise DomainError(Reason.ROOT_NOT_FOUND)
        if root.channel_id != draft.channel_id:
            raise DomainError(Reason.ROOT_IN_OTHER_CHANNEL)
        if root.root_id:
            raise DomainError(Reason.ROOT_IS_REPLY)


def check_content(message: str, props: str) -> None:
    """Raise post_invalid when the text or the props are too long or hold what no database takes."""
    if len(message) > MAX_MESSAGE_RUNES:
        raise DomainError(Reason.POST_INVALID, field="message")
    if len(props) > MAX_PROPS_RUNES:
        raise DomainError(Reason.POST_INVALID, field="props")
    if "\x00" in message or "\\u0000" in props:
        raise DomainError(Reason.POST_INVALID, field="message")


def _replies(draft: Draft, facts: Facts) -> int:
    return facts.roots[draft.root_id].reply_count if draft.root_id else 0


def _new_post(draft: Draft, at: int, reply_count: int, shown: Shown) -> Post:
    return Post(
        id=draft.id,
        channel_id=draft.channel_id,
        user_id=draft.user_id,
        root_id=draft.root_id,
        original_id="",
        message=draft.message,
        type=draft.type,
        props=draft.props or "{}",
        hashtags=hashtags(draft.message),
        files=draft.files,
        file_count=draft.file_count,
        create_at=at,
        update_at=at,
        edit_at=0,
        delete_at=0,
        is_pinned=False,
        has_reactions=False,
        reply_count=reply_count,
        last_reply_at=0,
        participants=(),
        preview=shown.preview,
        previewed_id=shown.previewed_id,
    )


_HASHTAG: Final = re.compile(r"#[^\W\d_](?:[\w.-]*[^\W_])?")
_LEADING: Final = re.compile(r"^(?:[^\w#]|_)+")
_TRAILING: Final = re.compile(r"(?:\W|_)+$")
_MAX_HASHTAGS: Final = 1000


def hashtags(message: str) -> str:
    """Return the hashtags in a text, separated by spaces, at most 1,000 characters.

    A word counts when, without punctuation around it, it is `#`, a letter, and letters, digits, `-`, `_` or `.`,
    ending in a letter or digit.
    """
    if "#" not in message:
        return ""
    found = []
    for word in message.split():
        tag = _TRAILING.sub("", _LEADING.sub("", word))
        tag = "#" + tag.lstrip("#") if tag.startswith("##") else tag
        if len(tag) > 2 and _HASHTAG.fullmatch(tag):
            found.append(tag)
    joined = " ".join(found)
    return joined if len(joined) <= _MAX_HASHTAGS else joined[:_MAX_HASHTAGS].rpartition(" ")[0]


def check_edit(post: Post | None, access: ChannelAccess | None, user_id: str, roles: Sequence[str]) -> None:
    """Raise unless the user may change the post now: permission_denied (also for an unknown one), post_edit_…"""
    if post is None or access is None:
        raise DomainError(Reason.PERMISSION_DENIED, permission="edit_post")
    permission = "edit_post" if post.user_id == user_id else "edit_others_posts"
    if not access.may(permission, roles) or not granted_write(access, roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
    if post.delete_at:
        raise DomainError(Reason.POST_EDIT_DELETED)
    if post.type.startswith(SYSTEM_PREFIX):
        raise DomainError(Reason.POST_EDIT_SYSTEM)
    if access.archived:
        raise DomainError(Reason.POST_EDIT_ARCHIVED)


def check_pin(post: Post | None, access: ChannelAccess | None, roles: Sequence[str]) -> None:
    """Raise unless the user, who must read the post, may pin it: permission_denied, also for an unknown one, …"""
    if post is None or access is None or post.delete_at or not access.may(READ_CONTENT, roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)
    if access.archived:
        raise DomainError(Reason.POST_EDIT_ARCHIVED, how="patch")


def check_edit_time(post: Post, limit_s: int, now_ms: int) -> None:
    """Raise post_edit_expired when the text may no longer change; `limit_s` below 0 means it always may."""
    if limit_s >= 0 and now_ms > post.create_at + limit_s * 1000:
        raise DomainError(Reason.POST_EDIT_EXPIRED)


def check_delete(post: Post | None, access: ChannelAccess | None, user_id: str, roles: Sequence[str]) -> None:
    """Raise unless the user may delete the post now: post_not_found, permission_denied, post_delete_archived."""
    if post is None or access is None or post.delete_at:
        raise DomainError(Reason.POST_NOT_FOUND)
    permission = "delete_post" if post.user_id == user_id else "delete_others_posts"
    if not access.may(permission, roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
    if access.archived:
        raise DomainError(Reason.POST_DELETE_ARCHIVED)


def counted(post_type: str) -> bool:
    """Say whether a post of this type counts as a message of its channel."""
    return post_type not in UNCOUNTED_TYPES


def latest_first(participants: Sequence[str], repliers: Iterable[str]) -> list[str]:
    """Return who replied, latest first, after `repliers` replied in this order."""
    order = list(participants)
    for user_id in repliers:
        if user_id in order:
            order.remove(user_id)
        order.insert(0, user_id)
    return order
