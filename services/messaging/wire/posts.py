"""Posts between the domain and the contract."""

from collections.abc import Iterable, Mapping, Sequence

from chorus.messaging.v1 import posts_pb2
from services.messaging.domain.adornments import Adornments
from services.messaging.domain.emoji import Emoji
from services.messaging.domain.posts import Draft, Post
from services.messaging.domain.previewed_posts import Previewed
from services.messaging.domain.reactions import Reaction
from services.messaging.wire.emoji import emoji


def draft(message: posts_pb2.PostDraft) -> Draft:
    """Return what is asked for."""
    files = message.files
    return Draft(
        id=message.id,
        user_id=message.actor.user_id,
        roles=tuple(message.actor.roles),
        channel_id=message.channel_id,
        root_id=message.root_id,
        message=message.message,
        type=message.type,
        props=message.props_json or "{}",
        files=posts_pb2.FileList(files=files).SerializeToString() if files else b"",
        file_count=len(files),
        pending_post_id=message.pending_post_id,
        set_online=message.set_online,
    )


def post(
    stored: Post,
    pending_post_id: str = "",
    reactions: Iterable[Reaction] = (),
    emojis: Iterable[Emoji] = (),
    previewed: Previewed | None = None,
) -> posts_pb2.Post:
    """Return a stored post as clients of the contract see it."""
    return posts_pb2.Post(
        id=stored.id,
        channel_id=stored.channel_id,
        user_id=stored.user_id,
        root_id=stored.root_id,
        original_id=stored.original_id,
        message=stored.message,
        type=stored.type,
        props_json=stored.props,
        hashtags=stored.hashtags,
        files=posts_pb2.FileList.FromString(stored.files).files if stored.files else (),
        create_at_ms=stored.create_at,
        update_at_ms=stored.update_at,
        edit_at_ms=stored.edit_at,
        delete_at_ms=stored.delete_at,
        is_pinned=stored.is_pinned,
        has_reactions=stored.has_reactions,
        reply_count=stored.reply_count,
        last_reply_at_ms=stored.last_reply_at,
        participant_ids=stored.participants,
        pending_post_id=pending_post_id,
        reactions=[reaction(r, stored.channel_id) for r in reactions],
        emoji=map(emoji, emojis),
        preview=posts_pb2.Preview.FromString(stored.preview) if stored.preview else None,
        previewed=_previewed(previewed) if previewed else None,
    )


def posts(
    stored: Sequence[Post],
    adornments: Adornments,
    following: Mapping[str, bool] | None = None,
    previewed: Mapping[str, Previewed] | None = None,
) -> list[posts_pb2.Post]:
    """Return posts with what is shown with them.

    `following` says of posts whether the reader follows them; `previewed` has those that the reader may see of the
    posts that these link to.
    """
    known = previewed or {}
    shown = [
        post(
            one,
            reactions=adornments.reactions_to(one),
            emojis=adornments.emoji_of(one),
            previewed=known.get(one.previewed_id),
        )
        for one in stored
    ]
    for message in shown if following else ():
        if following and message.id in following:
            message.is_following = following[message.id]
    return shown


def _previewed(found: Previewed) -> posts_pb2.PreviewedPost:
    return posts_pb2.PreviewedPost(
        post=posts([found.post], found.adornments)[0],
        team_name=found.team_name,
        channel_display_name=found.channel_display_name,
        channel_type=found.channel_type,
        team_id=found.team_id,
    )


def reaction(stored: Reaction, channel_id: str) -> posts_pb2.Reaction:
    """Return a reaction as clients of the contract see it."""
    return posts_pb2.Reaction(
        user_id=stored.user_id,
        post_id=stored.post_id,
        emoji_name=stored.emoji_name,
        create_at_ms=stored.create_at,
        channel_id=channel_id,
    )
