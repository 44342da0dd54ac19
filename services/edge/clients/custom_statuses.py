"""Calls of auth: custom statuses."""

from chorus.auth.v1 import custom_statuses_pb2 as pb
from chorus.auth.v1 import custom_statuses_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class CustomStatusClient:
    """What users say they are doing."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is auth."""
        self._peer = peer
        self._statuses = custom_statuses_pb2_grpc.CustomStatusServiceStub(peer.channel)

    async def set(self, caller: Caller, user_id: str, status: pb.CustomStatus) -> None:
        """Set a user's status."""
        request = pb.SetCustomStatusRequest(actor=actor(caller), user_id=user_id, status=status)
        await self._peer.call(self._statuses.SetCustomStatus, request)

    async def clear(self, caller: Caller, user_id: str) -> None:
        """Take a user's status away."""
        request = pb.ClearCustomStatusRequest(actor=actor(caller), user_id=user_id)
        await self._peer.call(self._statuses.ClearCustomStatus, request)

    async def forget(self, caller: Caller, user_id: str, status: pb.CustomStatus) -> None:
        """Take a status out of the latest ones."""
        request = pb.ForgetRecentStatusRequest(actor=actor(caller), user_id=user_id, status=status)
        await self._peer.call(self._statuses.ForgetRecentStatus, request)
