"""The threads that a user follows, and what is unread in them and in its teams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.chassis.database import Statement, Transaction
from services.messaging.domain.posts import Post
from services.messaging.domain.threads import FollowedThread, Following, TeamUnread, ThreadsQuery
from services.messaging.store import threads
from services.messaging.store.posts import COLUMNS

_ROOT: Final = ", ".join(f"r.{column}" for column in COLUMNS.split(", "))
_FOLLOWED: Final = """
FROM thread_memberships t
JOIN channel_members m ON m.channel_id = t.channel_id AND m.user_id = t.user_id
JOIN posts r ON r.id = t.post_id
JOIN channels c ON c.id = t.channel_id
WHERE t.user_id = %(user)s AND t.following AND r.reply_count > 0 AND (r.delete_at = 0 OR %(deleted)s)
  AND (c.team_id = %(team)s OR (c.team_id = '' AND NOT %(exclude_direct)s))
  AND (NOT %(unread)s OR r.reply_count > t.replies_seen OR t.unread_mentions > 0)"""
_LIST: Final = f"""
SELECT {_ROOT}, t.last_viewed_at, t.replies_seen, t.unread_mentions {_FOLLOWED}
  AND (%(since)s = 0 OR t.last_update_at >= %(since)s OR r.last_reply_at >= %(since)s)
  AND (%(anchor)s = '' OR (r.last_reply_at, r.id) {{comparison}}
       (SELECT a.last_reply_at, a.id FROM posts a WHERE a.id = %(anchor)s AND a.original_id = ''))
ORDER BY r.last_reply_at {{order}}, r.id {{order}} LIMIT %(limit)s"""
_NEWEST: Final = _LIST.format(comparison="<", order="DESC")
_AFTER: Final = _LIST.format(comparison=">", order="ASC")
_TOTALS: Final = f"""
SELECT count(*) AS total,
  count(*) FILTER (WHERE r.reply_count > t.replies_seen OR t.unread_mentions > 0) AS unread,
  COALESCE(sum(t.unread_mentions), 0)::bigint AS mentions {_FOLLOWED}"""
_STATE: Final = """
SELECT post_id, channel_id, user_id, true, following, last_viewed_at, replies_seen, unread_mentions
FROM thread_memberships WHERE user_id = %(user)s AND post_id = ANY(%(roots)s)"""
# What was seen of a thread's replies up to a time, and how many of those behind it mention the user. In a thread only
# who is addressed is mentioned, in a channel also who is concerned.
_COUNT: Final = """
SELECT count(*) FILTER (WHERE create_at <= %(at)s) AS seen,
  count(*) FILTER (WHERE create_at > %(at)s AND %(user)s = ANY(mentioned)
                         AND %(user)s <> ALL(concerned)) AS mentions
FROM posts WHERE root_id = %(root)s AND root_id <> '' AND original_id = '' AND delete_at = 0"""
_UNREAD_CHANNELS: Final = """
SELECT DISTINCT t.channel_id FROM thread_memberships t
JOIN posts r ON r.id = t.post_id JOIN channels c ON c.id = t.channel_id
WHERE t.user_id = %(user)s AND (r.reply_count > t.replies_seen OR t.unread_mentions > 0)
  AND (c.id = ANY(%(channels)s) OR c.team_id = ANY(%(teams)s))"""
_READ_ALL: Final = """
UPDATE thread_memberships t SET last_viewed_at = greatest(t.last_viewed_at, r.last_reply_at),
  replies_seen = r.reply_count, unread_mentions = 0, last_update_at = greatest(t.last_update_at, %(now)s)
FROM posts r WHERE r.id = t.post_id AND t.user_id = %(user)s AND t.channel_id = ANY(%(channels)s)"""
_TEAMS: Final = """
SELECT c.team_id,
  COALESCE(sum(c.total_msg_count - m.msg_count) FILTER (WHERE NOT muted), 0)::bigint AS msgs,
  COALESCE(sum(c.total_msg_count_root - m.msg_count_root) FILTER (WHERE NOT muted), 0)::bigint AS msgs_root,
  sum(m.mention_count)::bigint AS mentions, sum(m.mention_count_root)::bigint AS mentions_root
FROM channel_members m
JOIN channels c ON c.id = m.channel_id AND c.delete_at = 0
JOIN team_members tm ON tm.team_id = c.team_id AND tm.user_id = m.user_id AND tm.delete_at = 0
CROSS JOIN LATERAL (SELECT COALESCE(m.notify_props ->> 'mark_unread', 'all') = 'mention' AS muted) AS settings
WHERE m.user_id = %(user)s AND c.team_id <> '' AND (%(team)s = '' OR c.team_id = %(team)s)
GROUP BY c.team_id ORDER BY c.team_id"""
_TEAM_THREADS: Final = """
SELECT c.team_id, count(*) AS threads, sum(t.unread_mentions)::bigint AS mentions
FROM thread_memberships t
JOIN channel_members m ON m.channel_id = t.channel_id AND m.user_id = t.user_id
JOIN posts r ON r.id = t.post_id AND r.delete_at = 0
JOIN channels c ON c.id = t.channel_id AND c.delete_at = 0
WHERE t.user_id = %(user)s AND t.following AND (r.reply_count > t.replies_seen OR t.unread_mentions > 0)
  AND c.team_id <> '' AND (%(team)s = '' OR c.team_id = %(team)s)
GROUP BY c.team_id"""


@dataclass(frozen=True, slots=True)
class Totals:
    """How many threads, how many with something unseen, and the unseen mentions in them."""

    total: int = 0
    unread: int = 0
    mentions: int = 0


def _described(query: ThreadsQuery) -> dict[str, Any]:
    return {
        "user": query.user_id, "team": query.team_id, "deleted": query.deleted, "unread": query.unread,
        "exclude_direct": query.exclude_direct,
    }  # fmt: skip


def _followed(row: Sequence[Any]) -> FollowedThread:
    root = Post(*row[:-3])
    viewed_at, seen, mentions = row[-3:]
    return FollowedThread(root, viewed_at, max(root.reply_count - seen, 0), mentions)


async def page(tx: Transaction, query: ThreadsQuery) -> list[FollowedThread]:
    """Read a page, latest reply first; the other way round behind `after`."""
    rows = await tx.fetch(
        _AFTER if query.after else _NEWEST,
        **_described(query), since=query.since, anchor=query.after or query.before, limit=query.per_page,
    )  # fmt: skip
    return [_followed(row) for row in rows]


async def totals(tx: Transaction, query: ThreadsQuery) -> Totals:
    """Read the totals of all pages."""
    return Totals(*(await tx.fetch(_TOTALS, **_described(query)))[0])


async def states(tx: Transaction, user_id: str, root_ids: Sequence[str]) -> dict[str, Following]:
    """Read what a user has to do with threads, by root; nothing of those with which it has not."""
    rows = await tx.fetch(_STATE, user=user_id, roots=list(root_ids))
    return {row.post_id: Following(*row) for row in rows}


async def count(tx: Transaction, root_id: str, user_id: str, at: int) -> tuple[int, int]:
    """Count a thread's replies up to a time, and those behind it that mention the user."""
    row = (await tx.fetch(_COUNT, root=root_id, user=user_id, at=at))[0]
    return row.seen, row.mentions


async def store(tx: Transaction, state: Following, now_ms: int) -> None:
    """Store what a user has to do with a thread, whose channel is locked."""
    await tx.pipelined(threads.storing([state], now_ms))


async def unread_channels(
    tx: Transaction, user_id: str, *, channel_ids: Sequence[str] = (), team_ids: Sequence[str] = ()
) -> list[str]:
    """Read in which of the channels, or channels of the teams ("" for direct and group ones), a thread is unread."""
    rows = await tx.fetch(_UNREAD_CHANNELS, user=user_id, channels=list(channel_ids), teams=list(team_ids))
    return [row.channel_id for row in rows]


def reading_all(user_id: str, channel_ids: Sequence[str], now_ms: int) -> Statement:
    """Return the statement that marks all threads of locked channels as seen."""
    return _READ_ALL, {"user": user_id, "channels": list(channel_ids), "now": now_ms}


async def team_unreads(tx: Transaction, user_id: str, team_id: str, *, with_threads: bool) -> list[TeamUnread]:
    """Read what is unseen in each team; `team_id` empty for all."""
    rows = await tx.fetch(_TEAMS, user=user_id, team=team_id)
    found = await tx.fetch(_TEAM_THREADS, user=user_id, team=team_id) if with_threads else []
    by_team = {row.team_id: (row.threads, row.mentions) for row in found}
    return [TeamUnread(*(*row, *by_team.get(row.team_id, (0, 0)))) for row in rows]
