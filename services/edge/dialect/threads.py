"""Followed threads, and what is unread in teams, as Mattermost's clients expect them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chorus.messaging.v1 import threads_pb2
from services.edge.dialect.posts import participant_json, post_json

Profiles = Mapping[str, Mapping[str, Any]]


def thread_json(thread: threads_pb2.FollowedThread, profiles: Profiles) -> dict[str, Any]:
    """Return a thread; participants of whom there is no profile are told by their id alone."""
    root = thread.root
    return {
        "id": root.id,
        "reply_count": root.reply_count,
        "last_reply_at": root.last_reply_at_ms,
        "last_viewed_at": thread.last_viewed_at_ms,
        "participants": [profiles.get(id) or participant_json(id) for id in root.participant_ids],
        "post": post_json(root),
        "unread_replies": thread.unread_replies,
        "unread_mentions": thread.unread_mentions,
        "is_urgent": False,
        "delete_at": root.delete_at_ms,
    }


def threads_json(page: threads_pb2.ListThreadsResponse, profiles: Profiles) -> dict[str, Any]:
    """Return a page of threads."""
    return {
        "total": page.total,
        "total_unread_threads": page.total_unread,
        "total_unread_mentions": page.total_unread_mentions,
        "total_unread_urgent_mentions": 0,
        "threads": [thread_json(thread, profiles) for thread in page.threads],
    }


def participants(threads: Sequence[threads_pb2.FollowedThread]) -> list[str]:
    """Return the ids of all who replied, each once."""
    return list(dict.fromkeys(id for thread in threads for id in thread.root.participant_ids))


def team_unread_json(unread: threads_pb2.TeamUnread) -> dict[str, Any]:
    """Return what is unread in a team."""
    return {
        "team_id": unread.team_id,
        "msg_count": unread.msg_count,
        "mention_count": unread.mention_count,
        "mention_count_root": unread.mention_count_root,
        "msg_count_root": unread.msg_count_root,
        "thread_count": unread.thread_count,
        "thread_mention_count": unread.thread_mention_count,
        "thread_urgent_mention_count": 0,
    }
