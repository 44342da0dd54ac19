"""What presence tells the edges: ephemeral events, which no log keeps and nobody repairs."""

from collections.abc import Iterable
from dataclasses import dataclass

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.presence.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.events import Publisher
from services.chassis.topics import channel_topic, user_topic
from services.presence.domain.statuses import StatusRow
from services.presence.metrics import PresenceMetrics


@dataclass(frozen=True, slots=True)
class Typist:
    """A user who is typing in a channel, or in a thread of it."""

    user_id: str
    channel_id: str
    parent_id: str


class Announcer:
    """Publishes; returns at once."""

    def __init__(self, publisher: Publisher, clock: Clock, metrics: PresenceMetrics) -> None:
        """Publish through `publisher`."""
        self._publisher, self._clock, self._metrics = publisher, clock, metrics

    def statuses_changed(self, rows: Iterable[StatusRow]) -> None:
        """Tell of new statuses; their rows are committed."""
        now = self._clock.now_ms()
        entries = []
        for row in rows:
            self._metrics.status_changes.labels(row.status).inc()
            body = events_pb2.StatusChanged(user_id=row.user_id, status=row.status)
            entries.append(_ephemeral(user_topic(row.user_id), now, "status_changed", body.SerializeToString()))
        self._publisher.publish_soon(entries)

    def typing(self, typists: Iterable[Typist]) -> None:
        """Tell who is typing."""
        now = self._clock.now_ms()
        self._publisher.publish_soon(
            _ephemeral(
                channel_topic(typist.channel_id),
                now,
                "typing",
                events_pb2.Typing(
                    user_id=typist.user_id, channel_id=typist.channel_id, parent_id=typist.parent_id
                ).SerializeToString(),
            )
            for typist in typists
        )


def _ephemeral(topic: str, at_ms: int, kind: str, body: bytes) -> log_pb2.LogEntry:
    return log_pb2.LogEntry(topic=topic, at_ms=at_ms, kind=kind, body=body)
