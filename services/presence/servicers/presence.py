"""PresenceService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.presence.v1 import presence_pb2, presence_pb2_grpc
from services.presence.domain.statuses import Actor, StatusRow
from services.presence.operations.announcing import Typist
from services.presence.operations.sockets import Sockets
from services.presence.operations.statuses import Statuses
from services.presence.operations.typing import Typing

Context = grpc.aio.ServicerContext[Any, Any]


class PresenceServicer(presence_pb2_grpc.PresenceServiceServicer):
    """Presence, as edges call it."""

    def __init__(self, sockets: Sockets, statuses: Statuses, typing: Typing, *, lease_ms: int) -> None:
        """Serve these; `lease_ms` is told to edges."""
        self._sockets, self._statuses, self._typing, self._lease_ms = sockets, statuses, typing, lease_ms

    async def ReportSockets(
        self, request: presence_pb2.ReportSocketsRequest, context: Context
    ) -> presence_pb2.ReportSocketsResponse:
        """Keep an edge's report."""
        kept = await self._sockets.report(
            request.edge_id,
            request.incarnation,
            request.number,
            full=request.full,
            online=request.online,
            gone=request.gone,
        )
        return presence_pb2.ReportSocketsResponse(full_wanted=not kept, lease_ms=self._lease_ms)

    async def ReportActivity(
        self, request: presence_pb2.ReportActivityRequest, context: Context
    ) -> presence_pb2.ReportActivityResponse:
        """Note activity."""
        await self._sockets.active(request.user_ids)
        return presence_pb2.ReportActivityResponse()

    async def GetStatuses(
        self, request: presence_pb2.GetStatusesRequest, context: Context
    ) -> presence_pb2.GetStatusesResponse:
        """Return statuses."""
        rows = await self._statuses.get(request.user_ids)
        return presence_pb2.GetStatusesResponse(statuses=[_status(row) for row in rows])

    async def SetStatus(
        self, request: presence_pb2.SetStatusRequest, context: Context
    ) -> presence_pb2.SetStatusResponse:
        """Set a status."""
        actor = Actor(request.actor.user_id, tuple(request.actor.roles))
        row = await self._statuses.set(actor, request.user_id, request.status, request.dnd_end_time_s)
        return presence_pb2.SetStatusResponse(status=_status(row))

    async def PublishTyping(
        self, request: presence_pb2.PublishTypingRequest, context: Context
    ) -> presence_pb2.PublishTypingResponse:
        """Pass typing on."""
        self._typing.publish([Typist(item.user_id, item.channel_id, item.parent_id) for item in request.items])
        return presence_pb2.PublishTypingResponse()


def _status(row: StatusRow) -> presence_pb2.Status:
    return presence_pb2.Status(
        user_id=row.user_id,
        status=row.status,
        manual=row.manual,
        last_activity_at_ms=row.last_activity_at,
        dnd_end_time_s=row.dnd_end_time_s,
    )
