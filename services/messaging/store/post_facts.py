"""What a batch of drafts needs to know besides posts: channels as clients name them, authors, who can be mentioned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.database import Row, Statement

_CHANNELS: Final = """
SELECT id, type, display_name, name, team_id, total_msg_count, total_msg_count_root FROM channels
WHERE id = ANY(%(ids)s)"""
_AUTHORS: Final = "SELECT id, username FROM users WHERE id = ANY(%(ids)s)"
# Here and below OFFSET 0 makes each look-up one of its own, by its whole key. Left to itself PostgreSQL goes through
# all members of a channel, all users or all keywords wherever it thinks them few, as before its first ANALYZE.
_NAMED: Final = """
SELECT asked.channel_id, asked.username, u.id
FROM unnest(%(channels)s::text[], %(names)s::text[]) AS asked (channel_id, username)
CROSS JOIN LATERAL (SELECT id FROM users WHERE username = asked.username AND delete_at = 0 OFFSET 0) AS u
CROSS JOIN LATERAL (
  SELECT FROM channel_members WHERE channel_id = asked.channel_id AND user_id = u.id OFFSET 0) AS m"""
_KEYWORDED: Final = """
SELECT DISTINCT asked.channel_id, asked.word, k.user_id
FROM unnest(%(channels)s::text[], %(words)s::text[], %(lowered)s::text[]) AS asked (channel_id, word, lowered)
CROSS JOIN LATERAL (
  SELECT user_id FROM mention_keywords WHERE keyword = asked.word AND exact
  UNION ALL
  SELECT user_id FROM mention_keywords WHERE keyword = asked.lowered AND NOT exact
  OFFSET 0) AS k
CROSS JOIN LATERAL (SELECT FROM users WHERE id = k.user_id AND delete_at = 0 OFFSET 0) AS u
CROSS JOIN LATERAL (
  SELECT FROM channel_members WHERE channel_id = asked.channel_id AND user_id = k.user_id OFFSET 0) AS m"""
# All members: of direct and group channels always, of others when everybody is addressed; a channel with as many
# members as may be notified at once, or more, yields none (MaxNotificationsPerChannel). Whom @channel does not reach:
# by its own setting, by the channel's, or by having muted the channel without saying otherwise.
_MEMBERS: Final = """
SELECT m.channel_id, m.user_id,
  COALESCE(u.notify_props ->> 'channel', 'true') = 'true'
  AND COALESCE(m.notify_props ->> 'ignore_channel_mentions', 'default') <> 'on'
  AND NOT (COALESCE(m.notify_props ->> 'ignore_channel_mentions', 'default') = 'default'
           AND COALESCE(m.notify_props ->> 'mark_unread', 'all') = 'mention') AS told
FROM (
  SELECT c.id FROM channels c
  WHERE c.id = ANY(%(asked)s::text[])
    AND ((c.id = ANY(%(everybody)s::text[])
          AND (SELECT count(*) FROM (SELECT 1 FROM channel_members n WHERE n.channel_id = c.id
                                     LIMIT %(bound)s) AS bounded) < %(bound)s)
         OR (c.id = ANY(%(channels)s::text[]) AND c.type IN ('D', 'G')))
  OFFSET 0) AS c
CROSS JOIN LATERAL (
  SELECT channel_id, user_id, notify_props FROM channel_members WHERE channel_id = c.id OFFSET 0) AS m
CROSS JOIN LATERAL (SELECT notify_props FROM users WHERE id = m.user_id AND delete_at = 0 OFFSET 0) AS u"""
# Who took part in a thread and wants to hear of each reply; of interest only where threads are not collapsed.
_COMMENTERS: Final = """
SELECT r.id AS root_id, u.id
FROM (SELECT id, channel_id, user_id, original_id, participants FROM posts WHERE id = ANY(%(roots)s) OFFSET 0) AS r
CROSS JOIN LATERAL (SELECT unnest(r.participants || r.user_id)) AS part (user_id)
CROSS JOIN LATERAL (
  SELECT id, notify_props ->> 'comments' AS comments FROM users WHERE id = part.user_id AND delete_at = 0 OFFSET 0) AS u
CROSS JOIN LATERAL (
  SELECT FROM channel_members WHERE channel_id = r.channel_id AND user_id = u.id OFFSET 0) AS m
WHERE r.original_id = '' AND (u.comments = 'any' OR (u.comments = 'root' AND u.id = r.user_id))"""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as clients name it, and its counters under the lock."""

    id: str
    type: str
    display_name: str
    name: str
    team_id: str
    total: int
    total_root: int


def reading_channels(ids: Iterable[str]) -> Statement:
    """Return the statement that reads channels; see `channels`."""
    return _CHANNELS, {"ids": list(ids)}


def channels(rows: Sequence[Row]) -> dict[str, ChannelFacts]:
    """Read what the statement answered."""
    return {row.id: ChannelFacts(*row) for row in rows}


def reading_authors(ids: Iterable[str]) -> Statement:
    """Return the statement that reads usernames; see `authors`."""
    return _AUTHORS, {"ids": list(ids)}


def authors(rows: Sequence[Row]) -> dict[str, str]:
    """Read what the statement answered: user id → username."""
    return {row.id: row.username for row in rows}


def reading_named(pairs: Sequence[tuple[str, str]]) -> Statement:
    """Return the statement that finds (channel, username) pairs among the channel's members; see `named`."""
    return _NAMED, {"channels": [c for c, _ in pairs], "names": [n for _, n in pairs]}


def reading_keyworded(pairs: Sequence[tuple[str, str]]) -> Statement:
    """Return the statement that finds those of a channel's members who are mentioned by a word; see `named`."""
    return _KEYWORDED, {
        "channels": [c for c, _ in pairs],
        "words": [w for _, w in pairs],
        "lowered": [w.lower() for _, w in pairs],
    }


def named(usernames: Sequence[Row], words: Sequence[Row]) -> dict[str, dict[str, set[str]]]:
    """Read what both statements answered: channel → "@username" or word → user ids."""
    found: dict[str, dict[str, set[str]]] = {}
    for channel_id, username, user_id in usernames:
        found.setdefault(channel_id, {}).setdefault(f"@{username}", set()).add(user_id)
    for channel_id, word, user_id in words:
        found.setdefault(channel_id, {}).setdefault(word, set()).add(user_id)
    return found


def reading_members(channel_ids: Iterable[str], everybody: Iterable[str], bound: int) -> Statement:
    """Return the statement that reads the members of direct and group channels, and of those in `everybody`."""
    channels, addressed = list(channel_ids), list(everybody)
    asked = list({*channels, *addressed})
    return _MEMBERS, {"asked": asked, "channels": channels, "everybody": addressed, "bound": bound}


def members(rows: Sequence[Row]) -> dict[str, dict[str, bool]]:
    """Read what the statement answered: channel → user id → whether @channel reaches it."""
    found: dict[str, dict[str, bool]] = {}
    for row in rows:
        found.setdefault(row.channel_id, {})[row.user_id] = row.told
    return found


def reading_commenters(root_ids: Iterable[str]) -> Statement:
    """Return the statement that reads who took part in threads and wants to hear of replies; see `commenters`."""
    return _COMMENTERS, {"roots": list(root_ids)}


def commenters(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Read what the statement answered: root → user ids."""
    found: dict[str, set[str]] = {}
    for root_id, user_id in rows:
        found.setdefault(root_id, set()).add(user_id)
    return found
