"""What messaging asks of presence: who is here, when a post says @here. Nothing else waits for it."""

import logging
from collections.abc import Collection
from typing import Final

from chorus.presence.v1 import presence_pb2, presence_pb2_grpc
from services.chassis.errors import DomainError
from services.chassis.rpc.client import Peer

_log = logging.getLogger(__name__)

_SECONDS: Final = 1.0
_AT_ONCE: Final = 1000


class PresenceClient:
    """Calls of presence through the mesh."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is the mesh's peer "presence"."""
        self._peer = peer
        self._presence = presence_pb2_grpc.PresenceServiceStub(peer.channel)

    async def online(self, user_ids: Collection[str]) -> Collection[str] | None:
        """Return those of the users who are online; None when presence does not say, which must stop no post."""
        ids = sorted(user_ids)
        online: set[str] = set()
        try:
            for first in range(0, len(ids), _AT_ONCE):
                request = presence_pb2.GetStatusesRequest(user_ids=ids[first : first + _AT_ONCE])
                answer = await self._peer.call(self._presence.GetStatuses, request, seconds=_SECONDS)
                online.update(status.user_id for status in answer.statuses if status.status == "online")
        except DomainError as error:
            _log.warning("nobody says who is online; @here reaches everybody", extra={"why": str(error)})
            return None
        return online
