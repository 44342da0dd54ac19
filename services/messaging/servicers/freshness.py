"""FreshnessService: unpack, operation, pack."""

from typing import Any

import grpc

from chorus.messaging.v1 import freshness_pb2, freshness_pb2_grpc
from services.chassis.events import EventLog
from services.messaging.domain.access import READ_CONTENT
from services.messaging.operations.freshness import Freshness, Question

Context = grpc.aio.ServicerContext[Any, Any]

_DENIED = freshness_pb2.ReadStanding()


class FreshnessServicer(freshness_pb2_grpc.FreshnessServiceServicer):
    """What stands before reads over gRPC; the questions of all calls meet in one statement."""

    def __init__(self, freshness: Freshness, events: EventLog) -> None:
        """Serve `freshness` of the channels whose log is `events`."""
        self._freshness, self._events = freshness, events

    async def Check(self, request: freshness_pb2.CheckRequest, context: Context) -> freshness_pb2.CheckResponse:
        """Say who may read what, and where it is."""
        questions = [Question(check.actor.user_id, check.channel_id) for check in request.checks]
        found = await self._freshness.standings(questions)
        return freshness_pb2.CheckResponse(
            standings=[
                freshness_pb2.ReadStanding(allowed=True, seq=standing.seq, emoji_seq=standing.emoji_seq)
                if standing.access is not None and standing.access.may(READ_CONTENT, check.actor.roles)
                else _DENIED
                for check, standing in zip(request.checks, found, strict=True)
            ],
            incarnation=self._events.incarnation,
        )
