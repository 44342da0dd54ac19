"""DraftService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import drafts_pb2, drafts_pb2_grpc
from services.messaging.operations.drafts import DraftOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import drafts as wire

Context = grpc.aio.ServicerContext[Any, Any]


class DraftServicer(drafts_pb2_grpc.DraftServiceServicer):
    """Drafts over gRPC."""

    def __init__(self, operations: DraftOperations) -> None:
        """Serve the operations."""
        self._operations = operations

    async def SaveDraft(self, request: drafts_pb2.SaveDraftRequest, context: Context) -> drafts_pb2.SaveDraftResponse:
        """Keep a draft."""
        asked = wire.asked(request.draft, request.actor.user_id)
        saved = await self._operations.save(actor(request.actor), asked, request.actor.connection_id)
        return drafts_pb2.SaveDraftResponse(draft=None if saved is None else wire.draft(saved))

    async def ListDrafts(
        self, request: drafts_pb2.ListDraftsRequest, context: Context
    ) -> drafts_pb2.ListDraftsResponse:
        """Return drafts."""
        found = await self._operations.list(actor(request.actor), request.team_id)
        return drafts_pb2.ListDraftsResponse(drafts=map(wire.draft, found))

    async def DeleteDraft(
        self, request: drafts_pb2.DeleteDraftRequest, context: Context
    ) -> drafts_pb2.DeleteDraftResponse:
        """Remove a draft."""
        await self._operations.delete(
            actor(request.actor), request.channel_id, request.root_id, request.actor.connection_id
        )
        return drafts_pb2.DeleteDraftResponse()
