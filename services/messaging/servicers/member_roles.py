"""MemberRoleService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import member_roles_pb2, member_roles_pb2_grpc
from services.messaging.domain.member_roles import Asked
from services.messaging.operations.member_roles import MemberRoleOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import memberships, teams

Context = grpc.aio.ServicerContext[Any, Any]


class MemberRoleServicer(member_roles_pb2_grpc.MemberRoleServiceServicer):
    """Roles of members over gRPC."""

    def __init__(self, operations: MemberRoleOperations) -> None:
        """Serve the operations."""
        self._operations = operations

    async def SetChannelMemberRoles(
        self, request: member_roles_pb2.SetChannelMemberRolesRequest, context: Context
    ) -> member_roles_pb2.SetChannelMemberRolesResponse:
        """Give a member of a channel other roles."""
        member = await self._operations.set_in_channel(
            actor(request.actor), request.channel_id, request.user_id, _asked(request.roles)
        )
        return member_roles_pb2.SetChannelMemberRolesResponse(member=memberships.member(member))

    async def SetTeamMemberRoles(
        self, request: member_roles_pb2.SetTeamMemberRolesRequest, context: Context
    ) -> member_roles_pb2.SetTeamMemberRolesResponse:
        """Give a member of a team other roles."""
        member = await self._operations.set_in_team(
            actor(request.actor), request.team_id, request.user_id, _asked(request.roles)
        )
        return member_roles_pb2.SetTeamMemberRolesResponse(member=teams.member(member))


def _asked(roles: member_roles_pb2.MemberRoles) -> Asked:
    names = roles.names if roles.HasField("names") else None
    return Asked(guest=roles.guest, user=roles.user, admin=roles.admin, names=names)
