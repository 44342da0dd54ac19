"""Previews between the domain and the contract; the database keeps them as the contract has them."""

from collections.abc import Mapping

from chorus.common.v1 import links_pb2
from chorus.messaging.v1 import posts_pb2
from services.messaging.domain.links import Links


def preview(links: Links, known: Mapping[str, bytes]) -> bytes:
    """Return what is shown of a post's links, given what is known by URL; empty for nothing."""
    shown = posts_pb2.Preview(link=links.first)
    if found := known.get(links.first):  # empty for what leads to nothing: that shows as if nobody had looked
        shown.found.ParseFromString(found)
    for url in links.images:
        if url in known:
            sizes = links_pb2.LinkMetadata.FromString(known[url]).images
            shown.images.extend(size for size in sizes if size.url == url)
    return shown.SerializeToString(deterministic=True)
