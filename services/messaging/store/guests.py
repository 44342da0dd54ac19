"""Guests' memberships and acquaintances: SQL over arrays, on the transaction it is given."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.memberships import Member
from services.messaging.domain.teams import TeamMember
from services.messaging.store.memberships import MEMBER
from services.messaging.store.teams import MEMBER as TEAM_MEMBER

# The partial index of guests' memberships keeps this cheap in channels of thousands.
_ACQUAINTANCES: Final = """
SELECT DISTINCT g.user_id AS guest_id, m.user_id
FROM channel_members m
JOIN channel_members g ON g.channel_id = m.channel_id AND g.scheme_guest AND g.user_id <> m.user_id
WHERE m.user_id = ANY(%(users)s) ORDER BY 1, 2"""
# Locked in the order in which posts that mention the user lock the same rows.
_ALIGN_CHANNELS: Final = f"""
WITH stale AS (
  SELECT m.channel_id, m.user_id FROM channel_members m JOIN users u ON u.id = m.user_id
  WHERE u.id = ANY(%(users)s) AND m.scheme_guest <> ('system_guest' = ANY(u.roles))
  ORDER BY 1, 2 FOR NO KEY UPDATE OF m
)
UPDATE channel_members m SET scheme_guest = NOT m.scheme_guest, scheme_user = m.scheme_guest, scheme_admin = false,
  last_update_at = greatest(m.last_update_at, %(now)s)
FROM stale s WHERE m.channel_id = s.channel_id AND m.user_id = s.user_id
RETURNING {MEMBER}"""
_ALIGN_TEAMS: Final = f"""
UPDATE team_members m SET scheme_guest = NOT m.scheme_guest, scheme_user = m.scheme_guest, scheme_admin = false
FROM users u WHERE u.id = m.user_id AND u.id = ANY(%(users)s) AND m.scheme_guest <> ('system_guest' = ANY(u.roles))
RETURNING {TEAM_MEMBER}"""


async def acquaintances(tx: Transaction, user_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Read which guests share a channel with which of the users: (guest id, user id)."""
    return [(row.guest_id, row.user_id) for row in await tx.fetch(_ACQUAINTANCES, users=list(user_ids))]


async def align_channels(tx: Transaction, user_ids: Sequence[str], now: int) -> list[Member]:
    """Make the users' memberships in channels those of guests or of members, as the users are; return the changed."""
    return [Member(*row) for row in await tx.fetch(_ALIGN_CHANNELS, users=list(user_ids), now=now)]


async def align_teams(tx: Transaction, user_ids: Sequence[str]) -> list[TeamMember]:
    """Make the users' memberships in teams those of guests or of members, as the users are; return the changed."""
    return [TeamMember(*row) for row in await tx.fetch(_ALIGN_TEAMS, users=list(user_ids))]
