"""Followed threads, and what is unread in teams, as Mattermost's clients expect them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chorus.messaging.v1 import threads_pb2
from services.chassis.errors import DomainError, Reason
from services.edge.dialect.posts import participant_json, post_json

Profiles = Mapping[str, Mapping[str, Any]]
Thread = threads_pb2.FollowedThread
"""A thread as one of its followers has it."""


def page_request(
    user_id: str,
    team_id: str,
    *,
    per_page: int,
    before: str,
    after: str,
    since_ms: int,
    unread: bool,
    deleted: bool,
    exclude_direct: bool,
    totals_only: bool,
    threads_only: bool,
) -> threads_pb2.ListThreadsRequest:
    """Return the question for a page of threads. Raises threads_paged_both_ways, threads_only_nothing."""
    if before and after:
        raise DomainError(Reason.THREADS_PAGED_BOTH_WAYS)
    if totals_only and threads_only:
        raise DomainError(Reason.THREADS_ONLY_NOTHING)
    return threads_pb2.ListThreadsRequest(
        user_id=user_id,
        team_id=team_id,
        per_page=per_page,
        before=before,
        after=after,
        since_ms=since_ms,
        unread=unread,
        deleted=deleted,
        exclude_direct=exclude_direct,
        totals_only=totals_only,
        threads_only=threads_only,
    )


def thread_json(thread: Thread, profiles: Profiles) -> dict[str, Any]:
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


def participants(threads: Sequence[Thread]) -> list[str]:
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
