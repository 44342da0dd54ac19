"""Calls of presence."""

from collections.abc import Sequence

from chorus.presence.v1 import presence_pb2, presence_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class PresenceClient:
    """Who is here, who types, and what people say of themselves."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is presence."""
        self._peer = peer
        self._presence = presence_pb2_grpc.PresenceServiceStub(peer.channel)

    async def report_sockets(self, request: presence_pb2.ReportSocketsRequest) -> presence_pb2.ReportSocketsResponse:
        """Say which users have sockets here."""
        return await self._peer.call(self._presence.ReportSockets, request)

    async def report_activity(self, user_ids: Sequence[str]) -> None:
        """Say who did something."""
        await self._peer.call(self._presence.ReportActivity, presence_pb2.ReportActivityRequest(user_ids=user_ids))

    async def publish_typing(self, items: Sequence[presence_pb2.TypingItem]) -> None:
        """Say who types; whether they may post there is the asker's duty to have checked."""
        await self._peer.call(self._presence.PublishTyping, presence_pb2.PublishTypingRequest(items=items))

    async def typing(self, user_id: str, channel_id: str, parent_id: str) -> None:
        """Say that one user types."""
        await self.publish_typing(
            [presence_pb2.TypingItem(user_id=user_id, channel_id=channel_id, parent_id=parent_id)]
        )

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[presence_pb2.Status]:
        """Return users' statuses, in order; offline for whom presence does not know."""
        request = presence_pb2.GetStatusesRequest(user_ids=user_ids)
        return (await self._peer.call(self._presence.GetStatuses, request)).statuses

    async def set_status(self, caller: Caller, user_id: str, status: str, dnd_end_time_s: int) -> presence_pb2.Status:
        """Set a status by hand."""
        request = presence_pb2.SetStatusRequest(
            actor=actor(caller), user_id=user_id, status=status, dnd_end_time_s=dnd_end_time_s
        )
        return (await self._peer.call(self._presence.SetStatus, request)).status
