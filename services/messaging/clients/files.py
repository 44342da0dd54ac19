"""What messaging asks of files: what links lead to. Nobody waits for it."""

from typing import Final

from chorus.files.v1 import links_pb2, links_pb2_grpc
from services.chassis.rpc.client import Peer

_SECONDS: Final = 30.0
"""More than files takes: a page and two of its pictures, each fetched and looked at within its own limit."""


class FilesClient:
    """Calls of files through the mesh."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is the mesh's peer "files"."""
        self._peer = peer
        self._links = links_pb2_grpc.LinkServiceStub(peer.channel)

    async def describe(self, url: str) -> bytes:
        """Return what a link leads to, as it is kept. Raises unavailable, busy."""
        request = links_pb2.DescribeLinkRequest(url=url)
        answer = await self._peer.call(self._links.DescribeLink, request, seconds=_SECONDS)
        return answer.metadata.SerializeToString(deterministic=True)
