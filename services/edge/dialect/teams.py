"""Teams and their members, in both directions."""

from typing import Any

from chorus.messaging.v1 import teams_pb2
from services.chassis.permissions import membership_roles
from services.edge.dialect.requests import TeamBody, TeamPatchBody


def team_json(team: teams_pb2.Team) -> dict[str, Any]:
    """Return a team; messaging has left out what its asker may not see."""
    return {
        "id": team.id,
        "create_at": team.create_at_ms,
        "update_at": team.update_at_ms,
        "delete_at": team.delete_at_ms,
        "display_name": team.display_name,
        "name": team.name,
        "description": team.description,
        "email": team.email,
        "type": team.type,
        "company_name": team.company_name,
        "allowed_domains": team.allowed_domains,
        "invite_id": team.invite_id,
        "allow_open_invite": team.allow_open_invite,
        "scheme_id": None,
        "group_constrained": None,
        "policy_id": None,
        "cloud_limits_archived": False,
    }


def member_json(member: teams_pb2.TeamMember) -> dict[str, Any]:
    """Return a membership."""
    roles = membership_roles(
        "team",
        guest=member.scheme_guest,
        user=member.scheme_user,
        admin=member.scheme_admin,
        explicit=member.explicit_roles,
    )
    return {
        "team_id": member.team_id,
        "user_id": member.user_id,
        "roles": " ".join(roles),
        "delete_at": member.delete_at_ms,
        "scheme_guest": member.scheme_guest,
        "scheme_user": member.scheme_user,
        "scheme_admin": member.scheme_admin,
        "explicit_roles": member.explicit_roles,
    }


def new_team(body: TeamBody) -> teams_pb2.CreateTeamRequest:
    """Return the team that is asked for."""
    return teams_pb2.CreateTeamRequest(
        name=body.name or "",
        display_name=body.display_name or "",
        type=body.type or "",
        description=body.description or "",
        email=body.email or "",
        company_name=body.company_name or "",
        allowed_domains=body.allowed_domains or "",
        allow_open_invite=bool(body.allow_open_invite),
    )


def patch(body: TeamPatchBody, team_id: str) -> teams_pb2.PatchTeamRequest:
    """Return the change that is asked for."""
    return teams_pb2.PatchTeamRequest(
        id=team_id,
        display_name=body.display_name,
        description=body.description,
        company_name=body.company_name,
        allowed_domains=body.allowed_domains,
        allow_open_invite=body.allow_open_invite,
    )


def update(body: TeamBody, team_id: str) -> teams_pb2.PatchTeamRequest:
    """Return the change to a team that is wanted as the body has it: a text that is left out becomes empty."""
    return teams_pb2.PatchTeamRequest(
        id=team_id,
        display_name=body.display_name or "",
        description=body.description or "",
        company_name=body.company_name or "",
        allowed_domains=body.allowed_domains or "",
        allow_open_invite=bool(body.allow_open_invite),
    )


def privacy(kind: str, team_id: str) -> teams_pb2.PatchTeamRequest:
    """Return the change that opens a team ("O") or closes it ("I")."""
    return teams_pb2.PatchTeamRequest(id=team_id, type=kind, allow_open_invite=kind == "O")


def invitation_json(team: teams_pb2.Team) -> dict[str, Any]:
    """Return what anybody with its invitation may know of a team."""
    return {"id": team.id, "name": team.name, "display_name": team.display_name, "description": team.description}
