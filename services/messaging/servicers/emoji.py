"""EmojiService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import emoji_pb2, emoji_pb2_grpc
from services.messaging.operations.emoji import EmojiOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import emoji as wire

Context = grpc.aio.ServicerContext[Any, Any]


class EmojiServicer(emoji_pb2_grpc.EmojiServiceServicer):
    """Custom emoji over gRPC."""

    def __init__(self, operations: EmojiOperations) -> None:
        """Serve the operations."""
        self._operations = operations

    async def CheckNewEmoji(
        self, request: emoji_pb2.CheckNewEmojiRequest, context: Context
    ) -> emoji_pb2.CheckNewEmojiResponse:
        """Say whether an emoji could be made."""
        await self._operations.check(actor(request.actor), request.name)
        return emoji_pb2.CheckNewEmojiResponse()

    async def CreateEmoji(
        self, request: emoji_pb2.CreateEmojiRequest, context: Context
    ) -> emoji_pb2.CreateEmojiResponse:
        """Make an emoji."""
        made = await self._operations.create(actor(request.actor), request.id, request.name)
        return emoji_pb2.CreateEmojiResponse(emoji=wire.emoji(made))

    async def ListEmoji(self, request: emoji_pb2.ListEmojiRequest, context: Context) -> emoji_pb2.ListEmojiResponse:
        """Return a page of emoji."""
        found = await self._operations.list(request.page, request.per_page, by_name=request.by_name)
        return emoji_pb2.ListEmojiResponse(emoji=map(wire.emoji, found))

    async def FindEmoji(self, request: emoji_pb2.FindEmojiRequest, context: Context) -> emoji_pb2.FindEmojiResponse:
        """Return emoji by id or name."""
        found = await self._operations.find(request.ids, request.names)
        return emoji_pb2.FindEmojiResponse(emoji=map(wire.emoji, found))

    async def SearchEmoji(
        self, request: emoji_pb2.SearchEmojiRequest, context: Context
    ) -> emoji_pb2.SearchEmojiResponse:
        """Return emoji by a part of their names."""
        found = await self._operations.search(request.term, prefix=request.prefix_only, limit=request.limit)
        return emoji_pb2.SearchEmojiResponse(emoji=map(wire.emoji, found))

    async def DeleteEmoji(
        self, request: emoji_pb2.DeleteEmojiRequest, context: Context
    ) -> emoji_pb2.DeleteEmojiResponse:
        """Remove an emoji."""
        await self._operations.delete(actor(request.actor), request.id)
        return emoji_pb2.DeleteEmojiResponse()
