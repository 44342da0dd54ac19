"""EdgeService, for the other edges."""

from chorus.edge.v1 import edge_pb2, edge_pb2_grpc
from services.chassis.rpc.server import Context
from services.edge.ws import handover
from services.edge.ws.resume import Resumer


class EdgeServicer(edge_pb2_grpc.EdgeServiceServicer):
    """What edges ask of one another."""

    def __init__(self, resumer: Resumer) -> None:
        """`resumer` holds the connections."""
        self._resumer = resumer

    async def TakeOver(self, request: edge_pb2.TakeOverRequest, context: Context) -> edge_pb2.TakeOverResponse:
        """Hand a connection over."""
        wanted = handover.wanted(request)
        return handover.answer(await self._resumer.hand_over(wanted, request.user_id, request.claim))
