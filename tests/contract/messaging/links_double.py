"""Files as messaging sees it through the mesh: what links lead to, and when it says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from chorus.common.v1 import links_pb2 as common_pb2
from chorus.files.v1 import links_pb2, links_pb2_grpc
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.errors import to_status
from tests.contract.grounds import Grounds

Context = grpc.aio.ServicerContext[Any, Any]


class LinksDouble(links_pb2_grpc.LinkServiceServicer):
    """Says of every link that it is a page of this title, or of one that ends in .png that it is a picture."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answering = asyncio.Event()
        """Nothing is answered until it is set."""
        self.answering.set()
        self.away = False
        self.looking = self.most = 0

    async def DescribeLink(  # noqa: N802
        self, request: links_pb2.DescribeLinkRequest, context: Context
    ) -> links_pb2.DescribeLinkResponse:
        self.asked.append(request.url)
        if self.away:
            await context.abort_with_status(to_status(DomainError(Reason.BUSY, part="links", retry_after_s=1)))
        self.looking += 1
        self.most = max(self.most, self.looking)
        await self.answering.wait()
        self.looking -= 1
        return links_pb2.DescribeLinkResponse(metadata=described(request.url))


def described(url: str) -> common_pb2.LinkMetadata:
    if url.endswith(".png"):
        size = common_pb2.ImageSize(url=url, width=30, height=20, format="png")
        return common_pb2.LinkMetadata(kind=common_pb2.LINK_KIND_IMAGE, images=[size])
    if "nothing" in url:
        return common_pb2.LinkMetadata()
    page = common_pb2.OpenGraph(url=url, title=f"Title of {url}")
    return common_pb2.LinkMetadata(kind=common_pb2.LINK_KIND_OPENGRAPH, opengraph=page)


@asynccontextmanager
async def links_double(grounds: Grounds, settings: Settings) -> AsyncIterator[LinksDouble]:
    """Serve at the mesh's address, with Envoy's certificate."""
    double = LinksDouble()
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    links_pb2_grpc.add_LinkServiceServicer_to_server(double, server)
    server.add_secure_port(settings.ChorusSettings.MeshAddress, server_credentials(grounds.tls, "envoy"))
    await server.start()
    try:
        yield double
    finally:
        double.answering.set()
        await server.stop(0)
