"""What followers of threads are told: each its own counters, spliced into a frame that is encoded once."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from chorus.messaging.v1 import events_pb2
from services.edge.dialect.frames import Event, Frame, frame, personal_frame
from services.edge.dialect.posts import post_json
from services.edge.dialect.users import UserShapes

_encode: Final = msgspec.json.Encoder().encode


def updated(change: events_pb2.ThreadChange, team_id: str, users: UserShapes) -> Sequence[Frame]:
    """Return what each follower hears of a thread that moved on; nothing without followers."""
    if not change.followers:
        return ()
    # The thread is JSON inside of a string: its last keys are each follower's own.
    opened = b'"thread":%b' % _encode(_encode(_shared(change, users))[:-1].decode())[:-1]
    own = {follower.user_id: _own(follower) for follower in change.followers}
    return (personal_frame("thread_updated", opened, own, team_id=team_id),)


def put_back(event: Event, body: events_pb2.ThreadUnread, users: UserShapes) -> Sequence[Frame]:
    """Return what a user hears whose thread was put back to unread with its channel: what it is now alone."""
    (follower,) = body.thread.followers
    thread = _shared(body.thread, users) | {
        "last_viewed_at": follower.last_viewed_at_ms,
        "unread_replies": follower.unread_replies,
        "unread_mentions": follower.unread_mentions,
    }
    data = {"thread": _encode(thread).decode()}
    return (frame("thread_updated", data, team_id=body.team_id, user_id=event.subject),)


def _shared(change: events_pb2.ThreadChange, users: UserShapes) -> dict[str, Any]:
    root = change.root
    return {
        "id": root.id,
        "reply_count": root.reply_count,
        "last_reply_at": root.last_reply_at_ms,
        "participants": [users.participant(one) for one in change.participants],
        "post": post_json(root),
        "is_urgent": False,
        "delete_at": root.delete_at_ms,
    }


def _own(follower: events_pb2.ThreadFollower) -> bytes:
    return (
        rb",\"last_viewed_at\":%d,\"unread_replies\":%d,\"unread_mentions\":%d}"
        b'","previous_unread_replies":%d,"previous_unread_mentions":%d'
    ) % (
        follower.last_viewed_at_ms,
        follower.unread_replies,
        follower.unread_mentions,
        follower.previous_unread_replies,
        follower.previous_unread_mentions,
    )


def notified(change: events_pb2.ThreadChange) -> list[str]:
    """Return who is to be notified of a reply."""
    return [follower.user_id for follower in change.followers if follower.notified]


def follow_changed(event: Event, body: events_pb2.ThreadFollowChanged) -> Sequence[Frame]:
    """Return what a user hears who began or stopped to follow."""
    data = {"thread_id": body.thread_id, "state": body.following, "reply_count": body.reply_count}
    return (frame("thread_follow_changed", data, team_id=body.team_id, user_id=event.subject),)


def read_changed(event: Event, body: events_pb2.ThreadReadChanged) -> Sequence[Frame]:
    """Return what a user hears of what it has seen: of a thread, of a channel's threads, or of a team's."""
    if body.thread_id:
        data: dict[str, Any] = {
            "thread_id": body.thread_id,
            "timestamp": body.timestamp_ms,
            "unread_mentions": body.unread_mentions,
            "unread_replies": body.unread_replies,
            "previous_unread_mentions": body.previous_unread_mentions,
            "previous_unread_replies": body.previous_unread_replies,
            "channel_id": body.channel_id,
        }
        return (frame("thread_read_changed", data, team_id=body.team_id, user_id=event.subject),)
    if body.channel_id:
        data = {"timestamp": body.timestamp_ms}
        return (frame("thread_read_changed", data, channel_id=body.channel_id, user_id=event.subject),)
    return (frame("thread_read_changed", {}, team_id=body.team_id, user_id=event.subject),)
