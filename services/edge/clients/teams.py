"""Calls of messaging: teams and who is in them."""

from collections.abc import Sequence

from chorus.messaging.v1 import teams_pb2, teams_pb2_grpc
from services.chassis.errors import DomainError
from services.chassis.rpc.client import Peer
from services.chassis.rpc.errors import from_item
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class TeamClient:
    """Teams."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._teams = teams_pb2_grpc.TeamServiceStub(peer.channel)

    async def create(self, caller: Caller, request: teams_pb2.CreateTeamRequest) -> teams_pb2.Team:
        """Create a team."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._teams.CreateTeam, request)).team

    async def get(self, caller: Caller, *, team_id: str = "", name: str = "") -> teams_pb2.Team:
        """Return a team by id or by name."""
        request = teams_pb2.GetTeamRequest(actor=actor(caller), id=team_id, name=name)
        return (await self._peer.call(self._teams.GetTeam, request)).team

    async def page(self, caller: Caller, page: int, per_page: int) -> teams_pb2.ListTeamsResponse:
        """Return a page of the teams that the caller may find."""
        request = teams_pb2.ListTeamsRequest(actor=actor(caller), page=page, per_page=per_page)
        return await self._peer.call(self._teams.ListTeams, request)

    async def of_user(self, caller: Caller, user_id: str) -> Sequence[teams_pb2.Team]:
        """Return a user's teams."""
        request = teams_pb2.ListTeamsForUserRequest(actor=actor(caller), user_id=user_id)
        return (await self._peer.call(self._teams.ListTeamsForUser, request)).teams

    async def patch(self, caller: Caller, request: teams_pb2.PatchTeamRequest) -> teams_pb2.Team:
        """Change parts of a team."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._teams.PatchTeam, request)).team

    async def search(self, caller: Caller, term: str, page: int, per_page: int) -> teams_pb2.SearchTeamsResponse:
        """Return those teams that the caller may find with the term in a name."""
        request = teams_pb2.SearchTeamsRequest(actor=actor(caller), term=term, page=page, per_page=per_page)
        return await self._peer.call(self._teams.SearchTeams, request)

    async def stats(self, caller: Caller, team_id: str) -> teams_pb2.GetTeamStatsResponse:
        """Return how many members a team has."""
        request = teams_pb2.GetTeamStatsRequest(actor=actor(caller), team_id=team_id)
        return await self._peer.call(self._teams.GetTeamStats, request)

    async def invitation(self, invite_id: str) -> teams_pb2.Team:
        """Return the team that an invitation leads to."""
        request = teams_pb2.GetInvitationRequest(invite_id=invite_id)
        return (await self._peer.call(self._teams.GetInvitation, request)).team

    async def join_by_invitation(self, caller: Caller, invite_id: str) -> teams_pb2.TeamMember:
        """Come into the team of an invitation."""
        request = teams_pb2.JoinByInvitationRequest(actor=actor(caller), invite_id=invite_id)
        return (await self._peer.call(self._teams.JoinByInvitation, request)).member

    async def regenerate_invite_id(self, caller: Caller, team_id: str) -> teams_pb2.Team:
        """Replace a team's invitation."""
        request = teams_pb2.RegenerateInviteIdRequest(actor=actor(caller), team_id=team_id)
        return (await self._peer.call(self._teams.RegenerateInviteId, request)).team

    async def add_members(
        self, caller: Caller, team_id: str, user_ids: Sequence[str]
    ) -> list[tuple[str, teams_pb2.TeamMember | DomainError]]:
        """Put users into a team; return each one's membership, or why there is none, in order."""
        request = teams_pb2.AddTeamMembersRequest(actor=actor(caller), team_id=team_id, user_ids=user_ids)
        results = (await self._peer.call(self._teams.AddTeamMembers, request)).results
        return [(r.user_id, from_item(r.error) if r.HasField("error") else r.member) for r in results]

    async def add_member(self, caller: Caller, team_id: str, user_id: str) -> teams_pb2.TeamMember:
        """Put a user into a team."""
        request = teams_pb2.AddTeamMemberRequest(actor=actor(caller), team_id=team_id, user_id=user_id)
        return (await self._peer.call(self._teams.AddTeamMember, request)).member

    async def remove_member(self, caller: Caller, team_id: str, user_id: str) -> None:
        """Take a user out of a team."""
        request = teams_pb2.RemoveTeamMemberRequest(actor=actor(caller), team_id=team_id, user_id=user_id)
        await self._peer.call(self._teams.RemoveTeamMember, request)

    async def members(self, caller: Caller, team_id: str, user_ids: Sequence[str]) -> Sequence[teams_pb2.TeamMember]:
        """Return those of the memberships that exist. Raises permission_denied unless the caller may view the team."""
        request = teams_pb2.GetTeamMembersRequest(actor=actor(caller), team_id=team_id, user_ids=user_ids)
        return (await self._peer.call(self._teams.GetTeamMembers, request)).members

    async def member_page(
        self, caller: Caller, team_id: str, page: int, per_page: int
    ) -> Sequence[teams_pb2.TeamMember]:
        """Return a page of a team's members."""
        request = teams_pb2.ListTeamMembersRequest(actor=actor(caller), team_id=team_id, page=page, per_page=per_page)
        return (await self._peer.call(self._teams.ListTeamMembers, request)).members

    async def memberships_of_user(self, caller: Caller, user_id: str) -> Sequence[teams_pb2.TeamMember]:
        """Return a user's memberships in all teams."""
        request = teams_pb2.ListTeamMembershipsForUserRequest(actor=actor(caller), user_id=user_id)
        return (await self._peer.call(self._teams.ListTeamMembershipsForUser, request)).members

    async def require_view(self, caller: Caller, team_id: str) -> None:
        """Raise permission_denied unless the caller may view a team."""
        await self.members(caller, team_id, (caller.user_id,))
