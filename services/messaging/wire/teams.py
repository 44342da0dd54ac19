"""Teams as protobuf."""

from chorus.messaging.v1 import teams_pb2
from services.messaging.domain.teams import Team, TeamMember


def team(value: Team) -> teams_pb2.Team:
    """Return a team's message."""
    return teams_pb2.Team(
        id=value.id,
        create_at_ms=value.create_at,
        update_at_ms=value.update_at,
        delete_at_ms=value.delete_at,
        display_name=value.display_name,
        name=value.name,
        description=value.description,
        email=value.email,
        type=value.type,
        company_name=value.company_name,
        allowed_domains=value.allowed_domains,
        invite_id=value.invite_id,
        allow_open_invite=value.allow_open_invite,
    )


def member(value: TeamMember) -> teams_pb2.TeamMember:
    """Return a team membership's message."""
    return teams_pb2.TeamMember(
        team_id=value.team_id,
        user_id=value.user_id,
        scheme_guest=value.scheme_guest,
        scheme_user=value.scheme_user,
        scheme_admin=value.scheme_admin,
        explicit_roles=value.explicit_roles,
        delete_at_ms=value.delete_at,
        create_at_ms=value.create_at,
    )
