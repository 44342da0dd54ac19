"""What the permission rule reads, for many (user, channel) pairs in one statement."""

from collections.abc import Sequence
from typing import Any, Final

from services.chassis.database import Row, Statement, Transaction
from services.messaging.domain.access import ChannelAccess, Roles

COLUMNS: Final = """c.id, c.type, c.team_id, c.name, c.delete_at,
       tm.user_id IS NOT NULL AS in_team, tm.scheme_guest AS team_guest, tm.scheme_user AS team_user,
       tm.scheme_admin AS team_admin, tm.explicit_roles AS team_roles,
       cm.user_id IS NOT NULL AS in_channel, cm.scheme_guest, cm.scheme_user, cm.scheme_admin, cm.explicit_roles"""
# OFFSET 0 makes each membership a look-up of its own, by its whole key. Left to itself PostgreSQL takes all members of
# the team and of the channel and compares, wherever it thinks them few, as before its first ANALYZE.
JOINS: Final = """LEFT JOIN channels c ON c.id = asked.channel_id
LEFT JOIN LATERAL (
  SELECT user_id, scheme_guest, scheme_user, scheme_admin, explicit_roles FROM team_members
  WHERE team_id = c.team_id AND user_id = asked.user_id AND delete_at = 0 OFFSET 0
) AS tm ON true
LEFT JOIN LATERAL (
  SELECT user_id, scheme_guest, scheme_user, scheme_admin, explicit_roles FROM channel_members
  WHERE channel_id = c.id AND user_id = asked.user_id OFFSET 0
) AS cm ON true"""
_READ: Final = f"""
SELECT {COLUMNS}
FROM unnest(%(users)s::text[], %(channels)s::text[]) WITH ORDINALITY AS asked (user_id, channel_id, n)
{JOINS}
ORDER BY asked.n"""
_TEAM: Final = """
SELECT scheme_guest, scheme_user, scheme_admin, explicit_roles FROM team_members
WHERE team_id = %(team)s AND user_id = %(user)s AND delete_at = 0"""


def reading(pairs: Sequence[tuple[str, str]]) -> Statement:
    """Return the statement that reads (user id, channel id) pairs, for pipelines; see `found`."""
    users, channels = zip(*pairs, strict=True) if pairs else ((), ())
    return _READ, {"users": list(users), "channels": list(channels)}


def found(rows: Sequence[Row]) -> list[ChannelAccess | None]:
    """Read what the statement answered: one a pair, in order; None for a channel that doesn't exist."""
    return [_access(row) for row in rows]


async def read(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> list[ChannelAccess | None]:
    """Read (user id, channel id) pairs; one a pair, in order; None for a channel that doesn't exist."""
    return found((await tx.pipelined(reading(pairs)))[0])


async def read_one(tx: Transaction, user_id: str, channel_id: str) -> ChannelAccess | None:
    """Read one pair."""
    return (await read(tx, [(user_id, channel_id)]))[0]


async def read_team(tx: Transaction, user_id: str, team_id: str) -> Roles | None:
    """Read the roles of an active team membership; None when there is none."""
    rows = await tx.fetch(_TEAM, user=user_id, team=team_id)
    return Roles(*rows[0]) if rows else None


def _access(row: Any) -> ChannelAccess | None:
    if row.id is None:
        return None
    team = Roles(row.team_guest, row.team_user, row.team_admin, row.team_roles) if row.in_team else None
    channel = Roles(row.scheme_guest, row.scheme_user, row.scheme_admin, row.explicit_roles) if row.in_channel else None
    return ChannelAccess(row.id, row.type, row.team_id, row.name, row.delete_at, team, channel)
