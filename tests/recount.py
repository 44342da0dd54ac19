"""All counters of messaging, counted anew from the posts in SQL: what they must be equal to at any moment of rest."""

from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row

_CHANNELS: Final = """
SELECT c.id, 'total', c.total_msg_count::text, count(p.id)::text
FROM channels c LEFT JOIN posts p ON p.channel_id = c.id AND p.original_id = '' AND p.type <> ALL(%(uncounted)s)
GROUP BY c.id HAVING c.total_msg_count <> count(p.id)
UNION ALL
SELECT c.id, 'total_root', c.total_msg_count_root::text, count(p.id)::text
FROM channels c LEFT JOIN posts p ON p.channel_id = c.id AND p.original_id = '' AND p.root_id = ''
  AND p.type <> ALL(%(uncounted)s)
GROUP BY c.id HAVING c.total_msg_count_root <> count(p.id)"""
# A post counts as unread when it is younger than the last look, deleted or not; only those that were already deleted
# when the member said "unread from here" do not. Who comes anew has no mentions from
# before, unless it says so by a post from before.
_MEMBERS: Final = """
WITH comings AS (
  SELECT channel_id, COALESCE(props::json ->> 'addedUserId', user_id) AS user_id, max(create_at) AS at FROM posts
  WHERE type IN ('system_join_channel', 'system_join_team', 'system_add_to_channel', 'system_add_to_team')
  GROUP BY 1, 2
), counted AS (
  SELECT m.channel_id, m.user_id,
    count(p.id) FILTER (WHERE p.type <> ALL(%(uncounted)s)) AS msgs,
    count(p.id) FILTER (WHERE p.type <> ALL(%(uncounted)s) AND p.root_id = '') AS msgs_root,
    count(p.id) FILTER (WHERE m.user_id = ANY(p.mentioned)
                        AND (m.marked_unread_at > 0 OR p.create_at >= COALESCE(n.at, 0))) AS mentions,
    count(p.id) FILTER (WHERE m.user_id = ANY(p.mentioned) AND p.root_id = ''
                        AND (m.marked_unread_at > 0 OR p.create_at >= COALESCE(n.at, 0))) AS mentions_root
  FROM channel_members m
  LEFT JOIN comings n ON n.channel_id = m.channel_id AND n.user_id = m.user_id
  LEFT JOIN posts p ON p.channel_id = m.channel_id AND p.original_id = '' AND p.create_at > m.last_viewed_at
    AND NOT (p.delete_at > 0 AND p.delete_at <= m.marked_unread_at)
  GROUP BY m.channel_id, m.user_id
)
SELECT m.channel_id || ' ' || m.user_id, 'member',
  concat_ws(' ', c.total_msg_count - m.msg_count, c.total_msg_count_root - m.msg_count_root, m.mention_count,
            m.mention_count_root),
  concat_ws(' ', n.msgs, n.msgs_root, n.mentions, n.mentions_root)
FROM channel_members m JOIN channels c ON c.id = m.channel_id
JOIN counted n ON n.channel_id = m.channel_id AND n.user_id = m.user_id
WHERE (c.total_msg_count - m.msg_count, c.total_msg_count_root - m.msg_count_root, m.mention_count,
       m.mention_count_root) IS DISTINCT FROM (n.msgs, n.msgs_root, n.mentions, n.mentions_root)"""
_ROOTS: Final = """
SELECT r.id, 'replies', concat_ws(' ', r.reply_count, r.last_reply_at), concat_ws(' ', n.replies, n.last)
FROM posts r CROSS JOIN LATERAL (
  SELECT count(*) AS replies, COALESCE(max(create_at), 0) AS last FROM posts p
  WHERE p.root_id = r.id AND p.original_id = '' AND p.delete_at = 0) AS n
WHERE r.root_id = '' AND r.original_id = '' AND r.delete_at = 0
  AND (r.reply_count, r.last_reply_at) IS DISTINCT FROM (n.replies, n.last)"""
_FOLLOWERS: Final = """
SELECT t.post_id || ' ' || t.user_id, 'thread', concat_ws(' ', r.reply_count - t.replies_seen, t.unread_mentions),
  concat_ws(' ', n.replies, n.mentions)
FROM thread_memberships t JOIN posts r ON r.id = t.post_id AND r.delete_at = 0
CROSS JOIN LATERAL (
  SELECT count(*) AS replies,
    count(*) FILTER (WHERE t.user_id = ANY(p.mentioned) AND t.user_id <> ALL(p.concerned)) AS mentions
  FROM posts p
  WHERE p.root_id = t.post_id AND p.original_id = '' AND p.delete_at = 0 AND p.create_at > t.last_viewed_at) AS n
WHERE t.following AND (r.reply_count - t.replies_seen, t.unread_mentions) IS DISTINCT FROM (n.replies, n.mentions)"""

UNCOUNTED: Final = [
    "system_join_leave", "system_join_channel", "system_guest_join_channel", "system_leave_channel",
    "system_join_team", "system_leave_team", "system_add_remove", "system_add_to_channel",
    "system_add_guest_to_chan", "system_remove_from_channel", "system_add_to_team", "system_remove_from_team",
]  # fmt: skip


def differences(dsn: str) -> list[tuple[Any, ...]]:
    """Return every counter that is not what the posts say: (which, kind, counter, counted); empty when all are."""
    found: list[tuple[Any, ...]] = []
    with psycopg.connect(dsn, row_factory=tuple_row) as connection:
        for sql in (_CHANNELS, _MEMBERS, _ROOTS, _FOLLOWERS):
            found += connection.execute(sql, {"uncounted": UNCOUNTED}).fetchall()
    return found
