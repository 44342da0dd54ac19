"""TeamService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import teams_pb2, teams_pb2_grpc
from services.chassis.errors import DomainError
from services.chassis.rpc.errors import to_item
from services.messaging.domain.teams import Team, TeamPatch
from services.messaging.operations.team_members import TeamMemberOperations
from services.messaging.operations.teams import TeamOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import teams as wire

Context = grpc.aio.ServicerContext[Any, Any]


class TeamServicer(teams_pb2_grpc.TeamServiceServicer):
    """Teams over gRPC."""

    def __init__(self, operations: TeamOperations, members: TeamMemberOperations) -> None:
        """Serve `operations` and `members`."""
        self._operations, self._members = operations, members

    async def CreateTeam(self, request: teams_pb2.CreateTeamRequest, context: Context) -> teams_pb2.CreateTeamResponse:
        """Create a team."""
        asked = Team(
            id="",
            create_at=0,
            update_at=0,
            delete_at=0,
            display_name=request.display_name,
            name=request.name,
            description=request.description,
            email=request.email,
            type=request.type,
            company_name=request.company_name,
            allowed_domains=request.allowed_domains,
            invite_id="",
            allow_open_invite=request.allow_open_invite,
        )
        team = await self._operations.create(actor(request.actor), asked)
        return teams_pb2.CreateTeamResponse(team=wire.team(team))

    async def GetTeam(self, request: teams_pb2.GetTeamRequest, context: Context) -> teams_pb2.GetTeamResponse:
        """Return a team."""
        team = await self._operations.get(actor(request.actor), team_id=request.id, name=request.name)
        return teams_pb2.GetTeamResponse(team=wire.team(team))

    async def ListTeams(self, request: teams_pb2.ListTeamsRequest, context: Context) -> teams_pb2.ListTeamsResponse:
        """Return a page of teams."""
        teams, total = await self._operations.list(actor(request.actor), request.page, request.per_page)
        return teams_pb2.ListTeamsResponse(teams=map(wire.team, teams), total_count=total)

    async def ListTeamsForUser(
        self, request: teams_pb2.ListTeamsForUserRequest, context: Context
    ) -> teams_pb2.ListTeamsForUserResponse:
        """Return a user's teams."""
        teams = await self._operations.list_for_user(actor(request.actor), request.user_id)
        return teams_pb2.ListTeamsForUserResponse(teams=map(wire.team, teams))

    async def SearchTeams(
        self, request: teams_pb2.SearchTeamsRequest, context: Context
    ) -> teams_pb2.SearchTeamsResponse:
        """Return teams by a part of a name."""
        teams, total = await self._operations.search(actor(request.actor), request.term, request.page, request.per_page)
        return teams_pb2.SearchTeamsResponse(teams=map(wire.team, teams), total_count=total)

    async def GetTeamStats(
        self, request: teams_pb2.GetTeamStatsRequest, context: Context
    ) -> teams_pb2.GetTeamStatsResponse:
        """Return a team's numbers."""
        total, active = await self._operations.get_stats(actor(request.actor), request.team_id)
        return teams_pb2.GetTeamStatsResponse(total_member_count=total, active_member_count=active)

    async def GetInvitation(
        self, request: teams_pb2.GetInvitationRequest, context: Context
    ) -> teams_pb2.GetInvitationResponse:
        """Return the team that an invitation leads to."""
        team = await self._operations.get_invitation(request.invite_id)
        return teams_pb2.GetInvitationResponse(team=wire.team(team))

    async def RegenerateInviteId(
        self, request: teams_pb2.RegenerateInviteIdRequest, context: Context
    ) -> teams_pb2.RegenerateInviteIdResponse:
        """Replace a team's invitation."""
        team = await self._operations.regenerate_invite_id(actor(request.actor), request.team_id)
        return teams_pb2.RegenerateInviteIdResponse(team=wire.team(team))

    async def PatchTeam(self, request: teams_pb2.PatchTeamRequest, context: Context) -> teams_pb2.PatchTeamResponse:
        """Change a team."""
        patch = TeamPatch(
            display_name=request.display_name if request.HasField("display_name") else None,
            description=request.description if request.HasField("description") else None,
            company_name=request.company_name if request.HasField("company_name") else None,
            allowed_domains=request.allowed_domains if request.HasField("allowed_domains") else None,
            allow_open_invite=request.allow_open_invite if request.HasField("allow_open_invite") else None,
            type=request.type if request.HasField("type") else None,
        )
        team = await self._operations.patch(actor(request.actor), request.id, patch)
        return teams_pb2.PatchTeamResponse(team=wire.team(team))

    async def AddTeamMember(
        self, request: teams_pb2.AddTeamMemberRequest, context: Context
    ) -> teams_pb2.AddTeamMemberResponse:
        """Put a user into a team."""
        (answer,) = await self._members.add(actor(request.actor), request.team_id, [request.user_id])
        if isinstance(answer, DomainError):
            raise answer
        return teams_pb2.AddTeamMemberResponse(member=wire.member(answer))

    async def AddTeamMembers(
        self, request: teams_pb2.AddTeamMembersRequest, context: Context
    ) -> teams_pb2.AddTeamMembersResponse:
        """Put users into a team."""
        answers = await self._members.add(actor(request.actor), request.team_id, request.user_ids)
        results = [
            teams_pb2.AddTeamMemberResult(user_id=user_id, error=to_item(answer))
            if isinstance(answer, DomainError)
            else teams_pb2.AddTeamMemberResult(user_id=user_id, member=wire.member(answer))
            for user_id, answer in zip(request.user_ids, answers, strict=True)
        ]
        return teams_pb2.AddTeamMembersResponse(results=results)

    async def JoinByInvitation(
        self, request: teams_pb2.JoinByInvitationRequest, context: Context
    ) -> teams_pb2.JoinByInvitationResponse:
        """Come into the team of an invitation."""
        member = await self._members.join_by_invitation(actor(request.actor), request.invite_id)
        return teams_pb2.JoinByInvitationResponse(member=wire.member(member))

    async def RemoveTeamMember(
        self, request: teams_pb2.RemoveTeamMemberRequest, context: Context
    ) -> teams_pb2.RemoveTeamMemberResponse:
        """Take a user out of a team."""
        await self._members.remove(actor(request.actor), request.team_id, request.user_id)
        return teams_pb2.RemoveTeamMemberResponse()

    async def GetTeamMembers(
        self, request: teams_pb2.GetTeamMembersRequest, context: Context
    ) -> teams_pb2.GetTeamMembersResponse:
        """Return memberships."""
        members = await self._members.get(actor(request.actor), request.team_id, request.user_ids)
        return teams_pb2.GetTeamMembersResponse(members=map(wire.member, members))

    async def ListTeamMembers(
        self, request: teams_pb2.ListTeamMembersRequest, context: Context
    ) -> teams_pb2.ListTeamMembersResponse:
        """Return a page of memberships."""
        members = await self._members.list(actor(request.actor), request.team_id, request.page, request.per_page)
        return teams_pb2.ListTeamMembersResponse(members=map(wire.member, members))

    async def ListTeamMembershipsForUser(
        self, request: teams_pb2.ListTeamMembershipsForUserRequest, context: Context
    ) -> teams_pb2.ListTeamMembershipsForUserResponse:
        """Return a user's memberships."""
        members = await self._members.list_memberships(actor(request.actor), request.user_id)
        return teams_pb2.ListTeamMembershipsForUserResponse(members=map(wire.member, members))
