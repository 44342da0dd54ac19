"""EventLogService over an EventLog and whoever waits for its changes."""

from typing import Any

import grpc

from chorus.common.v1 import events_pb2, events_pb2_grpc
from services.chassis.events.changes import Changes
from services.chassis.events.log import EventLog

Context = grpc.aio.ServicerContext[Any, Any]


class EventLogServicer(events_pb2_grpc.EventLogServiceServicer):
    """Reads of one service's log."""

    def __init__(self, log: EventLog, changes: Changes) -> None:
        """Serve `log` and its `changes`."""
        self._log, self._changes = log, changes

    async def ListEvents(
        self, request: events_pb2.ListEventsRequest, context: Context
    ) -> events_pb2.ListEventsResponse:
        """Return events of a topic."""
        entries = await self._log.list(request.topic, request.after, request.upto, request.limit)
        return events_pb2.ListEventsResponse(entries=entries, incarnation=self._log.incarnation)

    async def CurrentSeqs(
        self, request: events_pb2.CurrentSeqsRequest, context: Context
    ) -> events_pb2.CurrentSeqsResponse:
        """Return positions."""
        seqs = await self._log.current(request.topics)
        return events_pb2.CurrentSeqsResponse(
            seqs=[events_pb2.TopicSeq(topic=topic, seq=seqs[topic]) for topic in request.topics],
            incarnation=self._log.incarnation,
        )

    async def Changed(self, request: events_pb2.ChangedRequest, context: Context) -> events_pb2.ChangedResponse:
        """Return what has changed since a cursor, when there is something."""
        seqs, cursor = await self._changes.since(request.cursor, request.incarnation, request.wait_ms / 1000)
        return events_pb2.ChangedResponse(
            seqs=[events_pb2.TopicSeq(topic=topic, seq=seq) for topic, seq in seqs.items()],
            cursor=cursor,
            incarnation=self._log.incarnation,
        )
