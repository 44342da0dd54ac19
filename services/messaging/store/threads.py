"""Threads and who follows them: SQL over arrays, on the transaction it is given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.database import Row, Statement, Transaction
from services.messaging.domain.threads import Following, ThreadState, loudness
from services.messaging.domain.users import User
from services.messaging.store import users as user_store

# Everybody who has, or by the next reply gets, to do with a thread, as far as they are in its channel. OFFSET 0 makes
# each look-up one of its own, by its whole key (see post_facts.py).
_PEOPLE: Final = """
WITH roots AS (
  SELECT id, channel_id, user_id, mentioned, props
  FROM (
    SELECT id, channel_id, user_id, mentioned, props, original_id FROM posts WHERE id = ANY(%(roots)s) OFFSET 0) AS p
  WHERE original_id = ''
), people AS (
  SELECT id, channel_id, user_id, bool_or(joins) AS joins FROM (
    SELECT id, channel_id, user_id, true AS joins FROM roots WHERE props NOT LIKE '%%"from_webhook"%%'
    UNION ALL
    SELECT id, channel_id, unnest(mentioned), true FROM roots
    UNION ALL
    SELECT r.id, r.channel_id, a.user_id, true FROM roots r CROSS JOIN LATERAL (
      SELECT user_id FROM channel_members
      WHERE channel_id = r.channel_id AND notify_props ->> 'channel_auto_follow_threads' = 'on' OFFSET 0) AS a
    UNION ALL
    SELECT r.id, r.channel_id, t.user_id, false FROM roots r CROSS JOIN LATERAL (
      SELECT user_id FROM thread_memberships WHERE post_id = r.id OFFSET 0) AS t
  ) AS each_one GROUP BY id, channel_id, user_id
)
SELECT p.id, p.channel_id, p.user_id, t.user_id IS NOT NULL AS known, COALESCE(t.following, false) AS following,
  COALESCE(t.last_viewed_at, 0) AS last_viewed_at, COALESCE(t.replies_seen, 0) AS replies_seen,
  COALESCE(t.unread_mentions, 0) AS unread_mentions, p.joins,
  COALESCE(m.notify_props ->> 'desktop', '') AS channel_desktop,
  COALESCE(m.notify_props ->> 'desktop_threads', '') AS channel_threads,
  COALESCE(u.notify_props ->> 'desktop', '') AS desktop,
  COALESCE(u.notify_props ->> 'desktop_threads', '') AS threads
FROM people p
CROSS JOIN LATERAL (
  SELECT notify_props FROM channel_members WHERE channel_id = p.channel_id AND user_id = p.user_id OFFSET 0) AS m
CROSS JOIN LATERAL (SELECT notify_props FROM users WHERE id = p.user_id AND delete_at = 0 OFFSET 0) AS u
LEFT JOIN LATERAL (
  SELECT user_id, following, last_viewed_at, replies_seen, unread_mentions FROM thread_memberships
  WHERE post_id = p.id AND user_id = p.user_id OFFSET 0) AS t ON true"""
_PARTICIPANTS: Final = """
SELECT u.id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props, update_at, delete_at
FROM (
  SELECT unnest(%(authors)s::text[])
  UNION
  SELECT unnest(participants)
  FROM (SELECT participants, original_id FROM posts WHERE id = ANY(%(roots)s) OFFSET 0) AS r WHERE original_id = ''
) AS asked (id)
CROSS JOIN LATERAL (
  SELECT id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props, update_at, delete_at
  FROM users WHERE id = asked.id OFFSET 0) AS u"""
# A new follower who was mentioned before it left the channel and came again finds those mentions too.
_STORE: Final = """
INSERT INTO thread_memberships AS t
  (post_id, user_id, channel_id, following, last_viewed_at, last_update_at, replies_seen, unread_mentions)
SELECT post_id, user_id, channel_id, following, viewed_at, %(now)s, seen,
  CASE WHEN known OR viewed_at > 0 THEN mentions ELSE (
    SELECT count(*) FROM posts p WHERE p.root_id = new.post_id AND p.original_id = '' AND p.delete_at = 0
      AND new.user_id = ANY(p.mentioned) AND new.user_id <> ALL(p.concerned)) END
FROM unnest(%(roots)s::text[], %(users)s::text[], %(channels)s::text[], %(followings)s::boolean[],
            %(vieweds)s::bigint[], %(seens)s::bigint[], %(mentions)s::bigint[], %(knowns)s::boolean[])
  AS new (post_id, user_id, channel_id, following, viewed_at, seen, mentions, known)
ON CONFLICT (post_id, user_id) DO UPDATE SET following = excluded.following, last_viewed_at = excluded.last_viewed_at,
  last_update_at = excluded.last_update_at, replies_seen = excluded.replies_seen,
  unread_mentions = excluded.unread_mentions"""
# A reply that goes takes itself out of what was seen of it, or out of what was not.
_UNREPLY: Final = """
UPDATE thread_memberships t SET
  replies_seen = t.replies_seen - (t.last_viewed_at >= p.create_at)::int,
  unread_mentions =
    greatest(0, t.unread_mentions - (t.last_viewed_at < p.create_at AND t.user_id = ANY(p.mentioned)
                                     AND t.user_id <> ALL(p.concerned))::int),
  last_update_at = greatest(t.last_update_at, %(now)s)
FROM posts p WHERE p.id = %(reply)s AND t.post_id = p.root_id
RETURNING t.post_id, t.channel_id, t.user_id, true, t.following, t.last_viewed_at, t.replies_seen, t.unread_mentions,
  t.last_viewed_at < p.create_at AS unread,
  t.user_id = ANY(p.mentioned) AND t.user_id <> ALL(p.concerned) AS mentioned"""
_LEAVE: Final = "DELETE FROM thread_memberships WHERE user_id = %(user)s AND channel_id = ANY(%(channels)s)"


@dataclass(frozen=True, slots=True)
class Bereft:
    """A follower who had not seen a reply that was deleted, and whether it was mentioned there."""

    following: Following
    mentioned: bool


def reading_people(root_ids: Sequence[str]) -> Statement:
    """Return the statement that reads who has to do with threads; see `people`."""
    return _PEOPLE, {"roots": list(root_ids)}


def people(rows: Sequence[Row]) -> dict[str, ThreadState]:
    """Read what the statement answered: root → its thread; none for a root to which nobody has to do."""
    threads: dict[str, ThreadState] = {}
    for row in rows:
        thread = threads.setdefault(row.id, ThreadState(row.id, row.channel_id))
        loud, silent = loudness(row.channel_desktop, row.channel_threads, row.desktop, row.threads)
        thread.people[row.user_id] = Following(
            row.id, row.channel_id, row.user_id, row.known, row.following, row.last_viewed_at, row.replies_seen,
            row.unread_mentions, loud, silent,
        )  # fmt: skip
        if row.joins:
            thread.joining.add(row.user_id)
    return threads


def reading_participants(root_ids: Sequence[str], author_ids: Iterable[str]) -> Statement:
    """Return the statement that reads who replied in threads, and who does now; see `participants`."""
    return _PARTICIPANTS, {"roots": list(root_ids), "authors": list(author_ids)}


def participants(rows: Sequence[Row]) -> dict[str, User]:
    """Read what the statement answered, by id."""
    return user_store.found(rows)


def storing(changes: Sequence[Following], now_ms: int) -> Statement:
    """Return the statement that stores what followers have seen; the threads' channels are locked."""
    return _STORE, {
        "roots": [c.root_id for c in changes],
        "users": [c.user_id for c in changes],
        "channels": [c.channel_id for c in changes],
        "followings": [c.following for c in changes],
        "vieweds": [c.last_viewed_at for c in changes],
        "seens": [c.replies_seen for c in changes],
        "mentions": [c.unread_mentions for c in changes],
        "knowns": [c.known for c in changes],
        "now": now_ms,
    }


async def unreply(tx: Transaction, reply_id: str, now_ms: int) -> list[Bereft]:
    """Take a deleted reply out of its thread's counters; return the followers who had not seen it."""
    rows = await tx.fetch(_UNREPLY, reply=reply_id, now=now_ms)
    return [Bereft(Following(*row[:8]), row.mentioned) for row in rows if row.unread and row.following]


async def read_participants(tx: Transaction, root_id: str) -> dict[str, User]:
    """Read who replied in a thread, by id."""
    sql, parameters = reading_participants([root_id], ())
    return participants(await tx.fetch(sql, **parameters))


def leaving(user_id: str, channel_ids: Sequence[str]) -> Statement:
    """Return the statement by which a user has nothing more to do with the threads of channels."""
    return _LEAVE, {"user": user_id, "channels": list(channel_ids)}
