"""Reads over many channels at once, each one statement whatever their number."""

from collections.abc import Sequence
from typing import Any, Final

from services.chassis.database import Transaction
from services.messaging.domain.channel_directory import FoundChannel, MemberWithTeam, TeamName
from services.messaging.domain.channels import Channel
from services.messaging.domain.memberships import Member
from services.messaging.store.channels import _CHANNEL
from services.messaging.store.memberships import MEMBER

_TEAM: Final = """coalesce(t.name, '') AS team_name, coalesce(t.display_name, '') AS team_display_name,
       coalesce(t.update_at, 0) AS team_update_at"""
_TEAM_FIELDS: Final = 3
# Of a direct channel people know the name of the other one.
_SEARCH: Final = f"""
SELECT {_CHANNEL}, {_TEAM}, count(*) OVER () AS total
FROM channels c
LEFT JOIN teams t ON t.id = c.team_id
LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id = %(user)s
WHERE (%(teams)s::text[] IS NULL OR c.team_id = ANY(%(teams)s))
  AND (m.user_id IS NOT NULL OR c.type = ANY(%(foreign)s))
  AND c.type = ANY(%(types)s)
  AND (c.delete_at = 0 OR %(deleted)s) AND (c.delete_at > 0 OR NOT %(only_deleted)s)
  AND (%(term)s = '' OR lower(c.display_name) LIKE %(term)s OR lower(c.purpose) LIKE %(term)s
       OR (c.type IN ('O', 'P') AND c.name LIKE %(term)s)
       OR (c.type = 'D' AND EXISTS (
         SELECT FROM channel_members o JOIN users u ON u.id = o.user_id
         WHERE o.channel_id = c.id AND o.user_id <> %(user)s
           AND (u.username LIKE %(term)s OR lower(u.nickname) LIKE %(term)s
                OR lower(u.first_name || ' ' || u.last_name) LIKE %(term)s))))
ORDER BY c.display_name, c.id LIMIT %(limit)s OFFSET %(offset)s"""
_COUNTS: Final = """
SELECT asked.id, (SELECT count(*) FROM channel_members m JOIN users u ON u.id = m.user_id AND u.delete_at = 0
                  WHERE m.channel_id = asked.id) AS members
FROM unnest(%(ids)s::text[]) AS asked (id)"""
_TIMEZONES: Final = """
SELECT DISTINCT u.timezone FROM channel_members m JOIN users u ON u.id = m.user_id
WHERE m.channel_id = %(channel)s AND u.delete_at = 0 AND u.timezone <> '' ORDER BY u.timezone"""
_COMMON: Final = """
SELECT tm.team_id FROM channel_members m
JOIN team_members tm ON tm.user_id = m.user_id AND tm.delete_at = 0
WHERE m.channel_id = %(channel)s GROUP BY tm.team_id
HAVING count(*) = (SELECT count(*) FROM channel_members WHERE channel_id = %(channel)s)"""
_MEMBERSHIPS: Final = f"""
SELECT {MEMBER}, {_TEAM} FROM channel_members m
JOIN channels c ON c.id = m.channel_id AND c.delete_at = 0
LEFT JOIN teams t ON t.id = c.team_id
WHERE m.user_id = %(user)s ORDER BY m.channel_id LIMIT %(limit)s OFFSET %(offset)s"""


async def search(
    tx: Transaction,
    user_id: str,
    *,
    teams: Sequence[str] | None,
    types: Sequence[str],
    foreign: Sequence[str],
    term: str,
    deleted: bool,
    only_deleted: bool,
    limit: int,
    offset: int,
) -> tuple[list[FoundChannel], int]:
    """Read channels of the types whose names hold the term, by display name, and how many there are on all pages.

    None for `teams` is all; of the types in `foreign` also those that the user is not in.
    """
    escaped = term.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await tx.fetch(
        _SEARCH, user=user_id, teams=None if teams is None else list(teams), types=list(types),
        foreign=list(foreign), term=f"%{escaped}%" if escaped else "", deleted=deleted, only_deleted=only_deleted,
        limit=limit, offset=offset,
    )  # fmt: skip
    fields = -1 - _TEAM_FIELDS
    return [FoundChannel(Channel(*row[:fields]), _team(row[fields:-1])) for row in rows], rows[0].total if rows else 0


async def counts(tx: Transaction, channel_ids: Sequence[str]) -> dict[str, int]:
    """Count the active members of channels, by channel."""
    return {row.id: row.members for row in await tx.fetch(_COUNTS, ids=list(channel_ids))}


async def timezones(tx: Transaction, channel_id: str) -> list[str]:
    """Read the time zones of a channel's active members, each once, sorted."""
    return [row.timezone for row in await tx.fetch(_TIMEZONES, channel=channel_id)]


async def common_teams(tx: Transaction, channel_id: str) -> list[str]:
    """Read the ids of the teams that all members of a channel are in."""
    return [row.team_id for row in await tx.fetch(_COMMON, channel=channel_id)]


async def memberships(tx: Transaction, user_id: str, limit: int | None, offset: int) -> list[MemberWithTeam]:
    """Read a user's memberships in channels that are not archived, by channel; None for all."""
    rows = await tx.fetch(_MEMBERSHIPS, user=user_id, limit=limit, offset=offset)
    return [MemberWithTeam(Member(*row[:-_TEAM_FIELDS]), _team(row[-_TEAM_FIELDS:])) for row in rows]


def _team(columns: Sequence[Any]) -> TeamName:
    return TeamName(*columns)
