"""What a batch of drafts needs to know besides posts: channels as clients name them, authors, who can be mentioned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.database import Row, Statement

_CHANNELS: Final = """
SELECT id, type, display_name, name, team_id, total_msg_count, total_msg_count_root FROM channels
WHERE id = ANY(%(ids)s)"""
_AUTHORS: Final = "SELECT id, username FROM users WHERE id = ANY(%(ids)s)"
_NAMED: Final = """
SELECT m.channel_id, u.username, u.id
FROM unnest(%(channels)s::text[], %(names)s::text[]) AS asked (channel_id, username)
JOIN users u ON u.username = asked.username AND u.delete_at = 0
JOIN channel_members m ON m.channel_id = asked.channel_id AND m.user_id = u.id"""
# All members: of direct and group channels always, of others when everybody is addressed; a channel with more
# members than may be notified at once yields none (MaxNotificationsPerChannel).
_MEMBERS: Final = """
SELECT m.channel_id, m.user_id FROM channels c JOIN channel_members m ON m.channel_id = c.id
WHERE (c.id = ANY(%(everybody)s)
       AND (SELECT count(*) FROM (SELECT 1 FROM channel_members n WHERE n.channel_id = c.id
                                  LIMIT %(bound)s + 1) AS bounded) <= %(bound)s)
   OR (c.id = ANY(%(channels)s) AND c.type IN ('D', 'G'))"""


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


def named(rows: Sequence[Row]) -> dict[str, dict[str, str]]:
    """Read what the statement answered: channel → username → user id."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.channel_id, {})[row.username] = row.id
    return found


def reading_members(channel_ids: Iterable[str], everybody: Iterable[str], bound: int) -> Statement:
    """Return the statement that reads the members of direct and group channels, and of those in `everybody`."""
    return _MEMBERS, {"channels": list(channel_ids), "everybody": list(everybody), "bound": bound}


def members(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Read what the statement answered: channel → user ids."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.channel_id, []).append(row.user_id)
    return found
