"""Who may do what where: the one home of the permission rule.

A permission in a channel comes from the channel membership's roles, else from `manage_system`, else from the team
membership's roles, else from the system roles. Wider scopes only ever add; there is no deny. Direct and group channels
have no team, so the team scope is empty there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted, membership_roles

OPEN: Final = "O"
PRIVATE: Final = "P"
DIRECT: Final = "D"
GROUP: Final = "G"

READ_CHANNEL: Final = "read_channel"
READ_CONTENT: Final = "read_channel_content"


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that an active membership, of a team or of a channel, gives."""

    scheme_guest: bool = False
    scheme_user: bool = True
    scheme_admin: bool = False
    explicit_roles: str = ""

    def held_by(self, system_roles: Sequence[str]) -> "Roles":
        """Return what the membership gives somebody with these system roles.

        Who is a guest is told with each call, since a demotion must hold at once; what is stored follows it.
        """
        guest = "system_guest" in system_roles
        if self.scheme_guest == guest:
            return self
        return replace(self, scheme_guest=guest, scheme_user=not guest, scheme_admin=self.scheme_admin and not guest)

    def names(self, scope: str) -> list[str]:
        """Return the names of the roles in `scope`: "team" or "channel"."""
        return membership_roles(
            scope,
            guest=self.scheme_guest,
            user=self.scheme_user,
            admin=self.scheme_admin,
            explicit=self.explicit_roles,
        )


@dataclass(frozen=True, slots=True)
class ChannelAccess:
    """What the rule reads of one user and one channel; for a write, read after the channel's topic was locked."""

    channel_id: str
    type: str
    team_id: str
    name: str
    delete_at: int
    team: Roles | None
    channel: Roles | None

    @property
    def archived(self) -> bool:
        """Whether nobody can write any more."""
        return self.delete_at > 0

    def may(self, permission: str, system_roles: Sequence[str]) -> bool:
        """Say whether a user with these memberships and system roles holds `permission` here."""
        return may(permission, system_roles, self.team, self.channel, self.type)


def may(
    permission: str, system_roles: Sequence[str], team: Roles | None, channel: Roles | None, channel_type: str
) -> bool:
    """Say whether `permission` is held in a channel of `channel_type`; None stands for no active membership.

    Content of an open channel may also be read with the team's `read_public_channel`, without joining.
    """
    if channel is not None and granted(channel.held_by(system_roles).names("channel"), permission):
        return True
    if granted(system_roles, "manage_system"):
        return True
    in_team = team if channel_type in (OPEN, PRIVATE) else None
    if may_in_team(permission, system_roles, in_team):
        return True
    return permission == READ_CONTENT and may_see_open(system_roles, in_team, channel_type)


def may_in_team(permission: str, system_roles: Sequence[str], team: Roles | None) -> bool:
    """Say whether `permission` is held in a team."""
    if team is not None and granted(team.held_by(system_roles).names("team"), permission):
        return True
    return granted(system_roles, permission)


def may_see_open(system_roles: Sequence[str], team: Roles | None, channel_type: str) -> bool:
    """Say whether the channel is an open one that the team's members may look into without joining."""
    return channel_type == OPEN and may_in_team("read_public_channel", system_roles, team)


def may_see(access: ChannelAccess, system_roles: Sequence[str]) -> bool:
    """Say whether the channel itself (its name, header and purpose) is shown."""
    return access.may(READ_CHANNEL, system_roles) or may_see_open(system_roles, access.team, access.type)


def require(allowed: bool, permission: str) -> None:
    """Raise permission_denied unless `allowed`."""
    if not allowed:
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)


def may_act_for(actor_id: str, user_id: str, system_roles: Sequence[str], target_roles: Sequence[str]) -> bool:
    """Say whether the actor may act on a user: itself, `manage_system`, or `edit_other_users` on no administrator."""
    if actor_id == user_id or granted(system_roles, "manage_system"):
        return True
    return granted(system_roles, "edit_other_users") and "system_admin" not in target_roles


def granted_write(access: ChannelAccess, system_roles: Sequence[str]) -> bool:
    """Say whether posts may be made: `create_post` here, or in an open channel the team's `create_post_public`."""
    return access.may("create_post", system_roles) or (
        access.type == OPEN and may_in_team("create_post_public", system_roles, access.team)
    )
