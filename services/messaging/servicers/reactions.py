"""ReactionService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import reactions_pb2, reactions_pb2_grpc
from services.messaging.operations.reactions import ReactionOperations
from services.messaging.wire import posts as wire

Context = grpc.aio.ServicerContext[Any, Any]


class ReactionServicer(reactions_pb2_grpc.ReactionServiceServicer):
    """Reactions over gRPC."""

    def __init__(self, operations: ReactionOperations) -> None:
        """Serve the operations."""
        self._operations = operations

    async def AddReaction(
        self, request: reactions_pb2.AddReactionRequest, context: Context
    ) -> reactions_pb2.AddReactionResponse:
        """Add a reaction."""
        actor = request.actor
        reaction, channel_id = await self._operations.add(
            request.post_id, request.emoji_name, actor.user_id, actor.roles
        )
        return reactions_pb2.AddReactionResponse(reaction=wire.reaction(reaction, channel_id))

    async def RemoveReaction(
        self, request: reactions_pb2.RemoveReactionRequest, context: Context
    ) -> reactions_pb2.RemoveReactionResponse:
        """Remove a reaction."""
        actor = request.actor
        await self._operations.remove(request.post_id, request.emoji_name, request.user_id, actor.user_id, actor.roles)
        return reactions_pb2.RemoveReactionResponse()

    async def ListReactions(
        self, request: reactions_pb2.ListReactionsRequest, context: Context
    ) -> reactions_pb2.ListReactionsResponse:
        """Return a post's reactions."""
        actor = request.actor
        found, channel_id = await self._operations.of_post(request.post_id, actor.user_id, actor.roles)
        return reactions_pb2.ListReactionsResponse(reactions=[wire.reaction(r, channel_id) for r in found])

    async def ListReactionsOfPosts(
        self, request: reactions_pb2.ListReactionsOfPostsRequest, context: Context
    ) -> reactions_pb2.ListReactionsOfPostsResponse:
        """Return the reactions to some posts."""
        actor = request.actor
        found = await self._operations.of_posts(request.post_ids, actor.user_id, actor.roles)
        return reactions_pb2.ListReactionsOfPostsResponse(reactions=[wire.reaction(*one) for one in found])
