"""Calls of messaging: drafts."""

from collections.abc import Sequence

from chorus.messaging.v1 import drafts_pb2, drafts_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class DraftClient:
    """What the caller has begun to write."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._drafts = drafts_pb2_grpc.DraftServiceStub(peer.channel)

    async def save(self, caller: Caller, draft: drafts_pb2.Draft) -> drafts_pb2.Draft | None:
        """Keep a draft; return it as it is now, None when nothing is written in it."""
        request = drafts_pb2.SaveDraftRequest(actor=actor(caller), draft=draft)
        answer = await self._peer.call(self._drafts.SaveDraft, request)
        return answer.draft if answer.HasField("draft") else None

    async def of_team(self, caller: Caller, team_id: str) -> Sequence[drafts_pb2.Draft]:
        """Return the caller's drafts in a team's channels and in direct and group ones, newest first."""
        request = drafts_pb2.ListDraftsRequest(actor=actor(caller), team_id=team_id)
        return (await self._peer.call(self._drafts.ListDrafts, request)).drafts

    async def delete(self, caller: Caller, channel_id: str, root_id: str = "") -> None:
        """Remove a draft; none is no change."""
        request = drafts_pb2.DeleteDraftRequest(actor=actor(caller), channel_id=channel_id, root_id=root_id)
        await self._peer.call(self._drafts.DeleteDraft, request)
