"""Reads of a service's event log."""

from collections.abc import Sequence
from typing import Final

from chorus.common.v1 import events_pb2, events_pb2_grpc
from services.chassis.rpc.client import Peer

_LANE: Final = 0
"""All edges wait at the same instance of a service, which looks at the log for all of them."""


class EventLogClient:
    """The log of auth or of messaging."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is the log's owner."""
        self._peer = peer
        self._log = events_pb2_grpc.EventLogServiceStub(peer.channel)

    async def list_events(self, topic: str, after: int, upto: int) -> events_pb2.ListEventsResponse:
        """Return a topic's events in order, at most 1000. Raises log_truncated."""
        request = events_pb2.ListEventsRequest(topic=topic, after=after, upto=upto)
        return await self._peer.call(self._log.ListEvents, request)

    async def current_seqs(self, topics: Sequence[str]) -> events_pb2.CurrentSeqsResponse:
        """Return the topics' positions."""
        return await self._peer.call(self._log.CurrentSeqs, events_pb2.CurrentSeqsRequest(topics=topics))

    async def changed(self, cursor: int, incarnation: str = "", wait_s: float = 0) -> events_pb2.ChangedResponse:
        """Return what has moved since the cursor; 0 for a first one.

        With nothing to tell the answer may take `wait_s`, unless the log is no longer the `incarnation`.
        """
        request = events_pb2.ChangedRequest(cursor=cursor, incarnation=incarnation, wait_ms=round(wait_s * 1000))
        return await self._peer.call(self._log.Changed, request, lane=_LANE)
