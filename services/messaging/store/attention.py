"""What a member has put back to unread, and how it is notified."""

from collections.abc import Mapping
from typing import Final

from psycopg.types.json import Jsonb

from services.chassis.database import Transaction
from services.messaging.domain.posts import UNCOUNTED_TYPES

# What is unread from a post on: of its channel's live posts those that count, and those that mention the member.
_MARK: Final = """
UPDATE channel_members m SET
  last_viewed_at = %(from_at)s - 1,
  marked_unread_at = %(at)s,
  msg_count = c.total_msg_count - unread.msgs,
  msg_count_root = c.total_msg_count_root - CASE WHEN %(roots)s THEN unread.msgs_root ELSE 0 END,
  mention_count = unread.mentions,
  mention_count_root = CASE WHEN %(roots)s THEN unread.mentions_root ELSE 0 END,
  last_update_at = greatest(m.last_update_at, %(at)s)
FROM channels c, (
  SELECT count(*) FILTER (WHERE counted) AS msgs, count(*) FILTER (WHERE counted AND root_id = '') AS msgs_root,
    count(*) FILTER (WHERE mentioning) AS mentions, count(*) FILTER (WHERE mentioning AND root_id = '') AS mentions_root
  FROM (SELECT root_id, type <> ALL(%(uncounted)s) AS counted, %(user)s = ANY(mentioned) AS mentioning FROM posts
        WHERE channel_id = %(channel)s AND create_at >= %(from_at)s AND original_id = '' AND delete_at = 0) AS live
) AS unread
WHERE c.id = m.channel_id AND m.channel_id = %(channel)s AND m.user_id = %(user)s"""
_NOTIFY: Final = """
UPDATE channel_members SET notify_props = notify_props || %(props)s, last_update_at = greatest(last_update_at, %(now)s)
WHERE channel_id = %(channel)s AND user_id = %(user)s"""


async def mark_unread(tx: Transaction, channel_id: str, user_id: str, from_at: int, at: int, *, roots: bool) -> None:
    """Put a channel, which is locked and at the time `at`, back to unread from the post made at `from_at` on.

    Without `roots`, to whoever reads replies in threads the channel is as seen as can be: only a thread is unread.
    """
    uncounted = sorted(UNCOUNTED_TYPES)
    await tx.fetch(_MARK, channel=channel_id, user=user_id, from_at=from_at, at=at, uncounted=uncounted, roots=roots)


async def set_notify_props(
    tx: Transaction, channel_id: str, user_id: str, props: Mapping[str, str], now_ms: int
) -> None:
    """Change some of a member's settings."""
    await tx.fetch(_NOTIFY, channel=channel_id, user=user_id, props=Jsonb(dict(props)), now=now_ms)
