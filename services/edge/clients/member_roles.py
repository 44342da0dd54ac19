"""Calls of messaging: the roles of members."""

from chorus.messaging.v1 import member_roles_pb2, member_roles_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class MemberRoleClient:
    """What memberships allow."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._roles = member_roles_pb2_grpc.MemberRoleServiceStub(peer.channel)

    async def set_in_channel(
        self, caller: Caller, channel_id: str, user_id: str, roles: member_roles_pb2.MemberRoles
    ) -> None:
        """Give a member of a channel other roles."""
        request = member_roles_pb2.SetChannelMemberRolesRequest(
            actor=actor(caller), channel_id=channel_id, user_id=user_id, roles=roles
        )
        await self._peer.call(self._roles.SetChannelMemberRoles, request)

    async def set_in_team(
        self, caller: Caller, team_id: str, user_id: str, roles: member_roles_pb2.MemberRoles
    ) -> None:
        """Give a member of a team other roles."""
        request = member_roles_pb2.SetTeamMemberRolesRequest(
            actor=actor(caller), team_id=team_id, user_id=user_id, roles=roles
        )
        await self._peer.call(self._roles.SetTeamMemberRoles, request)
