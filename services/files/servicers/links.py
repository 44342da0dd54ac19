"""LinkService: unpack, operation, pack."""

from dataclasses import asdict
from typing import Any

import grpc

from chorus.common.v1 import links_pb2 as common_pb2
from chorus.files.v1 import links_pb2, links_pb2_grpc
from services.files.domain.links import Described, Page
from services.files.operations.links import LinkDescriptions

Context = grpc.aio.ServicerContext[Any, Any]


class LinkServicer(links_pb2_grpc.LinkServiceServicer):
    """What links lead to, over gRPC."""

    def __init__(self, links: LinkDescriptions) -> None:
        """Serve these."""
        self._links = links

    async def DescribeLink(
        self, request: links_pb2.DescribeLinkRequest, context: Context
    ) -> links_pb2.DescribeLinkResponse:
        """Describe a link."""
        return links_pb2.DescribeLinkResponse(metadata=_metadata(await self._links.describe(request.url)))


def _metadata(found: Described) -> common_pb2.LinkMetadata:
    metadata = common_pb2.LinkMetadata(images=[common_pb2.ImageSize(**asdict(size)) for size in found.images])
    if found.page is not None:
        metadata.kind = common_pb2.LINK_KIND_OPENGRAPH
        metadata.opengraph.CopyFrom(_opengraph(found.page))
    elif found.is_image:
        metadata.kind = common_pb2.LINK_KIND_IMAGE
    return metadata


def _opengraph(page: Page) -> common_pb2.OpenGraph:
    values = asdict(page)
    images = [common_pb2.OpenGraphImage(**image) for image in values.pop("images")]
    return common_pb2.OpenGraph(**values, images=images)
