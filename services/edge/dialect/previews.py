"""What is shown of a post's links and pictures."""

from typing import Any

from chorus.common.v1 import links_pb2
from chorus.messaging.v1 import posts_pb2


def embed_json(preview: posts_pb2.Preview) -> dict[str, Any]:
    """Return what is shown beneath a post that has a link."""
    match preview.found.kind:
        case links_pb2.LINK_KIND_OPENGRAPH:
            return {"type": "opengraph", "url": preview.link, "data": _opengraph_json(preview.found.opengraph)}
        case links_pb2.LINK_KIND_IMAGE:
            return {"type": "image", "url": preview.link}
        case _:
            return {"type": "link", "url": preview.link}


def image_json(image: links_pb2.ImageSize) -> dict[str, Any]:
    """Return a picture's size."""
    return {
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "frame_count": image.frame_count,
    }


def _opengraph_json(page: links_pb2.OpenGraph) -> dict[str, Any]:
    images = [
        {
            "url": image.url,
            "secure_url": image.secure_url,
            "type": image.type,
            "width": image.width,
            "height": image.height,
        }
        for image in page.images
    ]
    return {
        "type": page.type,
        "url": page.url,
        "title": page.title,
        "description": page.description,
        "determiner": page.determiner,
        "site_name": page.site_name,
        "locale": page.locale,
        "locales_alternate": list(page.locales_alternate) or None,
        "images": images or None,
        "audios": None,
        "videos": None,
    }
