"""Coming into teams: by invitation, and many at once."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.teams import TeamClient
from services.edge.dialect import requests, teams
from services.edge.dialect.errors import app_error
from services.edge.rest.kit import Call, Route, answer, created

MAX_AT_ONCE: Final = 256


class TeamInvitations:
    """The operations by which teams grow."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/teams/invite/{invite_id}", self.get, session=False),
            Route("POST", "/teams/members/invite", self.join),
            Route("POST", "/teams/{team_id}/regenerate_invite_id", self.regenerate),
            Route("POST", "/teams/{team_id}/members/batch", self.add_members),
        )

    def __init__(self, client: TeamClient) -> None:
        """Teams are messaging's."""
        self._teams = client

    async def get(self, call: Call) -> web.StreamResponse:
        """Return what anybody with its invitation may know of an open team."""
        team = await self._teams.invitation(call.id("invite_id"))
        if team.type != "O":
            raise DomainError(Reason.TEAM_NOT_OPEN)
        return answer(teams.invitation_json(team))

    async def join(self, call: Call) -> web.StreamResponse:
        """Come into the team of an invitation."""
        if call.query("token"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="addUserToTeamFromInvite with a mailed invitation")
        invite_id = call.query_id("invite_id")
        if not invite_id:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="invite_id")
        return created(teams.member_json(await self._teams.join_by_invitation(call.caller, invite_id)))

    async def regenerate(self, call: Call) -> web.StreamResponse:
        """Replace a team's invitation."""
        return answer(teams.team_json(await self._teams.regenerate_invite_id(call.caller, call.id("team_id"))))

    async def add_members(self, call: Call) -> web.StreamResponse:
        """Put users into a team; with `graceful` each is told of, without the first failure is the answer."""
        team_id = call.id("team_id")
        wanted = await call.json(requests.TEAM_MEMBERS, "members")
        if not 0 < len(wanted) <= MAX_AT_ONCE:
            raise DomainError(Reason.INVALID_ARGUMENT, field="members")
        if any(member.team_id != team_id or not is_valid_id(member.user_id or "") for member in wanted):
            raise DomainError(Reason.INVALID_ARGUMENT, field="members")
        user_ids = list(dict.fromkeys(member.user_id or "" for member in wanted))
        results = await self._teams.add_members(call.caller, team_id, user_ids)
        if not call.flag("graceful"):
            for _, result in results:
                if isinstance(result, DomainError):
                    raise result
        shown = [
            {
                "user_id": user_id,
                "member": None if isinstance(result, DomainError) else teams.member_json(result),
                "error": app_error(result, "") if isinstance(result, DomainError) else None,
            }
            for user_id, result in results
        ]
        return created(shown if call.flag("graceful") else [one["member"] for one in shown])
