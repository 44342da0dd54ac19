"""The roles of memberships, on the transaction it is given."""

from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.access import Roles

_SET_CHANNEL: Final = """
UPDATE channel_members SET scheme_guest = %(guest)s, scheme_user = %(plain)s, scheme_admin = %(admin)s,
  explicit_roles = %(explicit)s, last_update_at = %(at)s
WHERE channel_id = %(channel)s AND user_id = %(user)s"""
_SET_TEAM: Final = """
UPDATE team_members SET scheme_guest = %(guest)s, scheme_user = %(plain)s, scheme_admin = %(admin)s,
  explicit_roles = %(explicit)s
WHERE team_id = %(team)s AND user_id = %(user)s"""


async def set_in_channel(tx: Transaction, channel_id: str, user_id: str, roles: Roles, at: int) -> None:
    """Give a member of a channel these roles."""
    await tx.fetch(_SET_CHANNEL, channel=channel_id, user=user_id, at=at, **_columns(roles))


async def set_in_team(tx: Transaction, team_id: str, user_id: str, roles: Roles) -> None:
    """Give a member of a team these roles."""
    await tx.fetch(_SET_TEAM, team=team_id, user=user_id, **_columns(roles))


def _columns(roles: Roles) -> dict[str, bool | str]:
    return {
        "guest": roles.scheme_guest,
        "plain": roles.scheme_user,
        "admin": roles.scheme_admin,
        "explicit": roles.explicit_roles,
    }
