"""CustomStatusService."""

from typing import Any

import grpc

from chorus.auth.v1 import custom_statuses_pb2 as pb
from chorus.auth.v1 import custom_statuses_pb2_grpc
from services.auth.domain.custom_statuses import CustomStatus
from services.auth.operations.custom_statuses import CustomStatuses

Context = grpc.aio.ServicerContext[Any, Any]


class CustomStatusServicer(custom_statuses_pb2_grpc.CustomStatusServiceServicer):
    """Custom statuses."""

    def __init__(self, statuses: CustomStatuses) -> None:
        """Serve these operations."""
        self._statuses = statuses

    async def SetCustomStatus(self, request: pb.SetCustomStatusRequest, context: Context) -> pb.SetCustomStatusResponse:
        """Set a user's status."""
        actor = request.actor
        await self._statuses.set(actor.user_id, tuple(actor.roles), request.user_id, _status(request.status))
        return pb.SetCustomStatusResponse()

    async def ClearCustomStatus(
        self, request: pb.ClearCustomStatusRequest, context: Context
    ) -> pb.ClearCustomStatusResponse:
        """Take a user's status away."""
        await self._statuses.clear(request.actor.user_id, tuple(request.actor.roles), request.user_id)
        return pb.ClearCustomStatusResponse()

    async def ForgetRecentStatus(
        self, request: pb.ForgetRecentStatusRequest, context: Context
    ) -> pb.ForgetRecentStatusResponse:
        """Take a status out of the latest ones."""
        actor = request.actor
        await self._statuses.forget(actor.user_id, tuple(actor.roles), request.user_id, _status(request.status))
        return pb.ForgetRecentStatusResponse()


def _status(message: pb.CustomStatus) -> CustomStatus:
    return CustomStatus(message.emoji, message.text, message.duration, message.expires_at_ms)
