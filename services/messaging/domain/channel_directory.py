"""Finding channels: among which, and which of them somebody may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from services.chassis.permissions import granted
from services.messaging.domain.access import OPEN, READ_CONTENT, ChannelAccess, may_in_team
from services.messaging.domain.channels import Channel
from services.messaging.domain.memberships import Member
from services.messaging.domain.teams import Team

_CONSOLE = (
    "sysconsole_write_user_management_groups",
    "sysconsole_read_user_management_channels",
    "sysconsole_read_compliance_data_retention_policy",
)


class Scope(Enum):
    """Among which channels to search."""

    OPEN = auto()
    """A team's open channels; of those who may not list them, the ones that the actor is in."""
    TEAM = auto()
    """A team's open channels, and the private ones that the actor is in."""
    OWN = auto()
    """The channels of a team that the actor is in, and its direct and group ones."""
    ALL_TEAMS = auto()
    """As of a team, in all teams of the actor."""
    EVERYTHING = auto()
    """Every open and private channel."""
    GROUPS = auto()
    """The group channels that the actor is in."""


@dataclass(frozen=True, slots=True)
class ChannelSearch:
    """Describes channels; what is empty does not count."""

    scope: Scope
    team_id: str
    term: str
    types: tuple[str, ...]
    team_ids: tuple[str, ...]
    include_deleted: bool
    only_deleted: bool
    page: int
    per_page: int


@dataclass(frozen=True, slots=True)
class TeamName:
    """What is said of a channel's team beside the channel; all empty for direct and group channels."""

    name: str
    display_name: str
    update_at: int


@dataclass(frozen=True, slots=True)
class FoundChannel:
    """A channel with its team."""

    channel: Channel
    team: TeamName


@dataclass(frozen=True, slots=True)
class MemberWithTeam:
    """A membership with its channel's team."""

    member: Member
    team: TeamName


@dataclass(frozen=True, slots=True)
class PostPlace:
    """Where a post is, to somebody; no team for direct and group channels."""

    channel: Channel
    team: Team | None
    in_channel: bool
    in_team: bool


def may_locate(access: ChannelAccess, team: Team | None, system_roles: Sequence[str]) -> bool:
    """Say whether who has a link to a post may know where it is: who is in there, or could come there by itself."""
    if team is None:
        return access.may(READ_CONTENT, system_roles)
    joining = "join_public_teams" if team.allow_open_invite else "join_private_teams"
    reaches_team = access.team is not None or granted(system_roles, joining)
    inside = access.channel is not None or access.type == OPEN
    return reaches_team and (inside or access.may("manage_private_channel_members", system_roles))


def may_search_everything(system_roles: Sequence[str]) -> bool:
    """Say whether every channel is shown, as the system console does."""
    return any(granted(system_roles, permission) for permission in _CONSOLE)


def may_count(access: ChannelAccess | None, system_roles: Sequence[str]) -> bool:
    """Say whether a channel's size is told: to its readers, and of an open one to those who see it in lists."""
    if access is None:
        return False
    listed = access.type == "O" and may_in_team("list_team_channels", system_roles, access.team)
    return listed or access.may(READ_CONTENT, system_roles)
