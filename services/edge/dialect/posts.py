"""Posts, in both directions. `post_json` is on the hot path: of every answer, and of every event of a post."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from chorus.common.v1 import files_pb2
from chorus.messaging.v1 import posts_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.emoji import emoji_json
from services.edge.dialect.files import file_json
from services.edge.dialect.previews import embed_json, image_json
from services.edge.dialect.requests import EphemeralBody, PostBody, PostPatchBody

MAX_FILES: Final = 10
_MAX_MESSAGE_BYTES: Final = 262_144
_MAX_TYPE: Final = 64
_MAX_PENDING_ID: Final = 128
_SERVERS_OWN_PROPS: Final = ("add_channel_member", "force_notification", "previewed_post")
"""Props that only the server makes; dropped from what clients send."""

_NO_PROPS: Final = msgspec.Raw(b"{}")
_PARTICIPANT: Final[dict[str, Any]] = {
    "id": "",
    "delete_at": 0,
    "username": "",
    "auth_service": "",
    "email": "",
    "nickname": "",
    "first_name": "",
    "last_name": "",
    "position": "",
    "roles": "",
    "locale": "",
    "timezone": None,
    "disable_welcome_email": False,
}
"""A participant of a thread as clients get it when they did not ask for profiles: a user of whom only the id is set."""


def post_json(post: posts_pb2.Post, *, threads: bool = False) -> dict[str, Any]:
    """Return a post, ready for msgspec; `threads` adds the participants, for whoever collapses threads."""
    shown: dict[str, Any] = {
        "id": post.id,
        "create_at": post.create_at_ms,
        "update_at": post.update_at_ms,
        "edit_at": post.edit_at_ms,
        "delete_at": post.delete_at_ms,
        "is_pinned": post.is_pinned,
        "user_id": post.user_id,
        "channel_id": post.channel_id,
        "root_id": post.root_id,
        "original_id": post.original_id,
        "message": post.message,
        "type": post.type,
        "props": _props(post),
        "hashtags": post.hashtags,
        "file_ids": [file.id for file in post.files],
        "pending_post_id": post.pending_post_id,
        "reply_count": post.reply_count,
        "last_reply_at": post.last_reply_at_ms,
        "participants": [participant_json(user_id) for user_id in post.participant_ids] if threads else None,
        "metadata": _metadata(post),
    }
    if post.has_reactions:
        shown["has_reactions"] = True
    if post.HasField("is_following"):
        shown["is_following"] = post.is_following
    return shown


def participant_json(user_id: str) -> dict[str, Any]:
    """Return a participant of a thread without its profile."""
    return {**_PARTICIPANT, "id": user_id}


def _props(post: posts_pb2.Post) -> Any:
    if post.HasField("previewed"):
        return msgspec.json.decode(post.props_json or "{}") | {"previewed_post": post.previewed.post.id}
    return msgspec.Raw(post.props_json.encode()) if post.props_json else _NO_PROPS


def _metadata(post: posts_pb2.Post) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if post.HasField("previewed"):
        metadata["embeds"] = [{"type": "permalink", "data": _previewed_json(post.previewed)}]
    elif '"attachments"' in post.props_json and msgspec.json.decode(post.props_json).get("attachments"):
        metadata["embeds"] = [{"type": "message_attachment"}]
    elif post.preview.link:
        metadata["embeds"] = [embed_json(post.preview)]
    if post.emoji:
        metadata["emojis"] = [emoji_json(emoji) for emoji in post.emoji]
    if post.files:
        metadata["files"] = [file_json(file) for file in post.files]
    if post.HasField("preview") and (images := [*post.preview.found.images, *post.preview.images]):
        metadata["images"] = {image.url: image_json(image) for image in images}
    if post.reactions:
        metadata["reactions"] = [reaction_json(reaction) for reaction in post.reactions]
    return metadata


def _previewed_json(previewed: posts_pb2.PreviewedPost) -> dict[str, Any]:
    return {
        "post_id": previewed.post.id,
        "post": post_json(previewed.post),
        "team_name": previewed.team_name,
        "channel_display_name": previewed.channel_display_name,
        "channel_type": previewed.channel_type,
        "channel_id": previewed.post.channel_id,
    }


def reaction_json(reaction: posts_pb2.Reaction) -> dict[str, Any]:
    """Return a reaction."""
    return {
        "user_id": reaction.user_id,
        "post_id": reaction.post_id,
        "emoji_name": reaction.emoji_name,
        "create_at": reaction.create_at_ms,
        "update_at": reaction.create_at_ms,
        "delete_at": 0,
        "remote_id": "",
        "channel_id": reaction.channel_id,
    }


def page_json(page: posts_pb2.PostPage, *, threads: bool = False) -> dict[str, Any]:
    """Return a page of history: `order` holds the page, `posts` the rest of its threads too."""
    return _list_json(
        page.posts, page.thread_posts, threads=threads, next_post_id=page.next_post_id, prev_post_id=page.prev_post_id
    )


def plain_list_json(posts: Sequence[posts_pb2.Post]) -> dict[str, Any]:
    """Return posts as a list that is no page of a channel's history."""
    return _list_json(posts, (), threads=False)


def saved_request(
    ids: Sequence[str], *, team_id: str, channel_id: str, page: int, per_page: int
) -> posts_pb2.ListSavedPostsRequest:
    """Return the question for a page of saved posts."""
    return posts_pb2.ListSavedPostsRequest(
        ids=ids, team_id=team_id, channel_id=channel_id, page=page, per_page=per_page
    )


def thread_json(thread: posts_pb2.GetThreadResponse, *, threads: bool = False) -> dict[str, Any]:
    """Return a thread."""
    return _list_json(thread.posts, (), threads=threads) | {"has_next": thread.has_next}


def _list_json(
    page: Sequence[posts_pb2.Post],
    others: Iterable[posts_pb2.Post],
    *,
    threads: bool,
    next_post_id: str = "",
    prev_post_id: str = "",
) -> dict[str, Any]:
    posts = {post.id: post_json(post, threads=threads) for post in others}
    posts.update((post.id, post_json(post, threads=threads)) for post in page)
    return {
        "order": [post.id for post in page],
        "posts": posts,
        "next_post_id": next_post_id,
        "prev_post_id": prev_post_id,
        "first_inaccessible_post_time": 0,
    }


def draft(body: PostBody, post_id: str, *, set_online: bool) -> posts_pb2.PostDraft:
    """Return the post that a client asks for, under the id that it will have; its files come once they are claimed.

    Keeps every bound of the contract, since a draft outside of them would fail the batch that it travels in.
    """
    message, kind, pending = body.message or "", body.type or "", body.pending_post_id or ""
    if body.id:
        raise DomainError(Reason.POST_ID_TAKEN)
    if not is_valid_id(body.channel_id or ""):  # an unknown channel is one where nothing may be posted
        raise DomainError(Reason.PERMISSION_DENIED, permission="create_post")
    if body.root_id and not is_valid_id(body.root_id):
        raise DomainError(Reason.ROOT_NOT_FOUND)
    _refuse_if(len(message.encode()) > _MAX_MESSAGE_BYTES, "message")
    _refuse_if(len(kind) > _MAX_TYPE, "type")
    _refuse_if(len(pending) > _MAX_PENDING_ID, "pending_post_id")
    return posts_pb2.PostDraft(
        id=post_id,
        channel_id=body.channel_id or "",
        root_id=body.root_id or "",
        message=message,
        type=kind,
        props_json=props_json(body.props),
        pending_post_id=pending,
        set_online=set_online,
    )


def file_ids(body: PostBody | PostPatchBody) -> list[str]:
    """Return the ids of the files that a post is to have, each once. Raises post_invalid."""
    ids = list(dict.fromkeys(body.file_ids or ()))
    _refuse_if(len(ids) > MAX_FILES or not all(map(is_valid_id, ids)), "file_ids")
    return ids


def props_json(props: dict[str, Any] | None) -> str:
    """Return a client's props as text; empty for none."""
    if not props:
        return ""
    kept = {name: value for name, value in props.items() if name not in _SERVERS_OWN_PROPS}
    return msgspec.json.encode(kept).decode()


def patch(
    body: PostPatchBody | PostBody, post_id: str, files: Sequence[files_pb2.FileInfo] | None
) -> posts_pb2.PatchPostRequest:
    """Return the change that a client asks for; None for `files` keeps them."""
    request = posts_pb2.PatchPostRequest(id=post_id)
    if body.message is not None:
        request.message = body.message
    if body.props is not None:
        request.props_json = props_json(body.props) or "{}"
    if body.is_pinned is not None:
        request.is_pinned = body.is_pinned
    if files is not None:
        request.files.CopyFrom(posts_pb2.FileList(files=files))
    return request


def ephemeral(body: EphemeralBody) -> posts_pb2.SendEphemeralRequest:
    """Return the post that one user is to see. Raises invalid_argument."""
    post = body.post
    if not is_valid_id(body.user_id or ""):
        raise DomainError(Reason.INVALID_ARGUMENT, field="user_id")
    if post is None or not is_valid_id(post.channel_id or ""):
        raise DomainError(Reason.INVALID_ARGUMENT, field="post")
    if post.root_id and not is_valid_id(post.root_id):
        raise DomainError(Reason.ROOT_NOT_FOUND)
    return posts_pb2.SendEphemeralRequest(
        user_id=body.user_id or "",
        channel_id=post.channel_id or "",
        root_id=post.root_id or "",
        message=post.message or "",
        props_json=props_json(post.props),
    )


def page_request(
    channel_id: str,
    *,
    page: int = 0,
    per_page: int = 60,
    since_ms: int = 0,
    before: str = "",
    after: str = "",
    include_deleted: bool = False,
    skip_threads: bool = False,
    roots_only: bool = False,
) -> posts_pb2.ListPostsRequest:
    """Return the question for a page of history."""
    return posts_pb2.ListPostsRequest(
        channel_id=channel_id,
        page=page,
        per_page=per_page,
        since_ms=since_ms,
        before=before,
        after=after,
        include_deleted=include_deleted,
        skip_threads=skip_threads,
        roots_only=roots_only,
    )


def unread_request(
    user_id: str, channel_id: str, *, limit_before: int, limit_after: int, skip_threads: bool, roots_only: bool
) -> posts_pb2.ListUnreadPostsRequest:
    """Return the question for the history around what a user has not seen."""
    return posts_pb2.ListUnreadPostsRequest(
        user_id=user_id,
        channel_id=channel_id,
        limit_before=limit_before,
        limit_after=limit_after,
        skip_threads=skip_threads,
        roots_only=roots_only,
    )


_DIRECTIONS: Final = {
    "": posts_pb2.THREAD_DIRECTION_UNSPECIFIED,
    "down": posts_pb2.THREAD_DIRECTION_DOWN,
    "up": posts_pb2.THREAD_DIRECTION_UP,
}


def thread_request(
    post_id: str,
    *,
    per_page: int,
    from_post: str,
    from_create_at_ms: int,
    from_update_at_ms: int,
    updates_only: bool,
    direction: str,
    with_following: bool = False,
) -> posts_pb2.GetThreadRequest:
    """Return the question for a thread. Raises invalid_argument when the parts do not go together."""
    if direction not in _DIRECTIONS:
        raise DomainError(Reason.INVALID_ARGUMENT, field="direction")
    if from_post and not from_create_at_ms:
        raise DomainError(Reason.INVALID_ARGUMENT, field="fromCreateAt")
    if updates_only and not from_update_at_ms:
        raise DomainError(Reason.INVALID_ARGUMENT, field="fromUpdateAt")
    if updates_only and direction == "up":
        raise DomainError(Reason.INVALID_ARGUMENT, field="updatesOnly")
    return posts_pb2.GetThreadRequest(
        post_id=post_id,
        per_page=per_page,
        from_post=from_post,
        from_create_at_ms=from_create_at_ms,
        from_update_at_ms=from_update_at_ms if updates_only else 0,
        direction=_DIRECTIONS[direction],
        with_following=with_following,
    )


def _refuse_if(wrong: bool, field: str) -> None:
    if wrong:
        raise DomainError(Reason.POST_INVALID, field=field)
