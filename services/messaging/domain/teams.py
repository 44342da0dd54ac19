"""What a team may be, and who may come into it and see what of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.messaging.domain.access import Roles, may_in_team, require
from services.messaging.domain.users import User

_is_name: Final = re.compile(r"[a-z0-9]+([a-z\-0-9]+|(__)?)[a-z0-9]+").fullmatch
# Names that begin like one of the client's own addresses would hide it.
_RESERVED: Final = (
    "admin",
    "api",
    "channel",
    "claim",
    "error",
    "files",
    "help",
    "landing",
    "login",
    "mfa",
    "oauth",
    "plug",
    "plugins",
    "post",
    "signup",
    "boards",
    "playbooks",
)
_TYPES: Final = ("O", "I")
_OF_JOINING: Final = ("allow_open_invite", "allowed_domains", "type", "invite_id")


@dataclass(frozen=True, slots=True)
class Team:
    """A team as it is stored; times in ms since the epoch."""

    id: str
    create_at: int
    update_at: int
    delete_at: int
    display_name: str
    name: str
    description: str
    email: str
    type: str
    company_name: str
    allowed_domains: str
    invite_id: str
    allow_open_invite: bool

    def shown_to(self, system_roles: Sequence[str], roles: Roles | None) -> "Team":
        """Return the team without its invitation and address where the roles don't let them be seen."""
        invite = self.invite_id if may_in_team("invite_user", system_roles, roles) else ""
        email = self.email if may_in_team("manage_team", system_roles, roles) else ""
        return replace(self, invite_id=invite, email=email)

    def announced(self) -> "Team":
        """Return what all members hear of the team."""
        return replace(self, invite_id="", email="")


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A user's membership; `delete_at` is 0 while it lasts."""

    team_id: str
    user_id: str
    scheme_guest: bool
    scheme_user: bool
    scheme_admin: bool
    explicit_roles: str
    create_at: int
    delete_at: int

    @property
    def active(self) -> bool:
        """Whether the user is in the team now."""
        return self.delete_at == 0


@dataclass(frozen=True, slots=True)
class TeamPatch:
    """What a change asks for; None keeps."""

    display_name: str | None = None
    description: str | None = None
    company_name: str | None = None
    allowed_domains: str | None = None
    allow_open_invite: bool | None = None
    type: str | None = None

    def apply(self, team: Team, at: int, invite_id: str) -> Team:
        """Return the team changed at `at`; closed by this it has the new invitation, so that the old one is void."""
        names = ("display_name", "description", "company_name", "allowed_domains", "allow_open_invite", "type")
        changes = {name: value for name in names if (value := getattr(self, name)) is not None}
        after = replace(team, update_at=at, **changes)
        opened, was_open = (one.allow_open_invite and one.type == "O" for one in (after, team))
        return replace(after, invite_id=invite_id) if was_open and not opened else after


def check(team: Team) -> None:
    """Raise invalid_team with the field that is wrong."""
    faults = (
        ("name", not 2 <= len(team.name) <= 64 or not _is_name(team.name) or team.name.startswith(_RESERVED)),
        ("display_name", not team.display_name.strip() or len(team.display_name) > 64),
        ("type", team.type not in _TYPES),
        ("description", len(team.description.encode()) > 255),
        ("company_name", len(team.company_name) > 64),
        ("allowed_domains", len(team.allowed_domains) > 500),
        ("email", len(team.email) > 128),
    )
    texts = (team.name, team.display_name, team.description, team.company_name, team.allowed_domains, team.email)
    field = next((name for name, wrong in faults if wrong), "description" if any("\x00" in t for t in texts) else "")
    if field:
        raise DomainError(Reason.INVALID_TEAM, field=field)


def may_view(team: Team, system_roles: Sequence[str], roles: Roles | None, *, by_name: bool) -> bool:
    """Say whether the team is shown: to its members; when it is open also to others."""
    if may_in_team("view_team", system_roles, roles):
        return True
    if by_name:
        return team.allow_open_invite and team.type == "O"
    return team.allow_open_invite and granted(system_roles, "list_public_teams")


def require_change(before: Team, after: Team, system_roles: Sequence[str], roles: Roles | None) -> None:
    """Raise permission_denied unless the actor may make the change; who may join is for those who may invite."""
    require(may_in_team("manage_team", system_roles, roles), "manage_team")
    if any(getattr(before, name) != getattr(after, name) for name in _OF_JOINING):
        require(may_in_team("invite_user", system_roles, roles), "invite_user")


def require_add(team: Team, user: User, actor_id: str, system_roles: Sequence[str], roles: Roles | None) -> None:
    """Raise permission_denied unless the actor may put the user, maybe itself, into the team."""
    if actor_id == user.id:
        permission = "join_public_teams" if team.allow_open_invite else "join_private_teams"
        require(granted(system_roles, permission), permission)
        return
    require(may_in_team("add_user_to_team", system_roles, roles), "add_user_to_team")
    if user.is_guest:
        require(may_in_team("invite_guest", system_roles, roles), "invite_guest")


def require_room(team: Team, user: User, *, full: bool) -> None:
    """Raise unless the team takes the user now: team_not_found when it is archived, team_full, team_domain_refused."""
    if team.delete_at:
        raise DomainError(Reason.TEAM_NOT_FOUND, by="id")
    if full:
        raise DomainError(Reason.TEAM_FULL)
    domains = team.allowed_domains.lower().replace(",", " ").replace("@", " ").split()
    if domains and not user.is_guest and user.email.lower().rpartition("@")[2] not in domains:
        raise DomainError(Reason.TEAM_DOMAIN_REFUSED)


def new_member(team_id: str, user: User, at: int, *, admin: bool = False) -> TeamMember:
    """Return a membership that begins at `at`."""
    return TeamMember(
        team_id=team_id,
        user_id=user.id,
        scheme_guest=user.is_guest,
        scheme_user=not user.is_guest,
        scheme_admin=admin,
        explicit_roles="",
        create_at=at,
        delete_at=0,
    )
