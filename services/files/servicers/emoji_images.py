"""EmojiImageService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.files.v1 import emoji_images_pb2, emoji_images_pb2_grpc
from services.files.operations.emoji_images import EmojiImages

Context = grpc.aio.ServicerContext[Any, Any]


class EmojiImageServicer(emoji_images_pb2_grpc.EmojiImageServiceServicer):
    """Pictures of custom emoji over gRPC."""

    def __init__(self, images: EmojiImages) -> None:
        """Serve these."""
        self._images = images

    async def PutEmojiImage(
        self, request: emoji_images_pb2.PutEmojiImageRequest, context: Context
    ) -> emoji_images_pb2.PutEmojiImageResponse:
        """Keep a picture."""
        await self._images.put(request.emoji_id, request.image)
        return emoji_images_pb2.PutEmojiImageResponse()

    async def GetEmojiImage(
        self, request: emoji_images_pb2.GetEmojiImageRequest, context: Context
    ) -> emoji_images_pb2.GetEmojiImageResponse:
        """Return a picture."""
        found = await self._images.get(request.emoji_id)
        return emoji_images_pb2.GetEmojiImageResponse(image=found.image, content_type=found.content_type)
