"""Calls of the other edges."""

from typing import Final

from chorus.edge.v1 import edge_pb2, edge_pb2_grpc
from services.chassis.rpc.client import Peer

_SECONDS: Final = 1.0
"""An edge that does not answer within this is taken for dead: the client begins anew instead of waiting."""


class EdgeClient:
    """Any other edge, by its name."""

    def __init__(self, peer: Peer) -> None:
        """`peer` stands for all edges; Envoy finds the one that a call names."""
        self._peer = peer
        self._edges = edge_pb2_grpc.EdgeServiceStub(peer.channel)

    async def take_over(self, edge: str, request: edge_pb2.TakeOverRequest) -> edge_pb2.TakeOverResponse:
        """Ask an edge for a connection. Raises DomainError; the connection may have been handed over all the same."""
        return await self._peer.call(self._edges.TakeOver, request, seconds=_SECONDS, edge=edge)
