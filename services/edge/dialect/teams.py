"""Teams."""

from typing import Any

from chorus.messaging.v1 import teams_pb2


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
