"""The bus on Redis Streams: `ev:{0}` … `ev:{7}` by hash of the topic, `ev:{cluster}`, and `ev:{control}`.

What concerns everybody has a stream of its own: who follows that alone, as messaging does, is not woken for the
posts of channels.

Streams are trimmed by length on writing; a follower that fell behind further than that repairs from the log.
"""

import asyncio
import zlib
from collections.abc import Sequence
from typing import Final

from services.chassis.bus import Bus, BusError, BusMessage, Following
from services.chassis.bus.redis_connection import AWAY, cancellable, connect
from services.chassis.bus.redis_following import RedisFollowing
from services.chassis.bus.redis_nodes import Cluster, Nodes, Server
from services.chassis.bus.redis_wire import Entry
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.chassis.topics import concerns_everybody

__all__ = ["AWAY", "PARTITIONS", "RedisBus", "cancellable", "connect"]

PARTITIONS: Final = 8
KEPT: Final = 20_000
"""Messages that a stream keeps, roughly: more than ten seconds at full speed."""

_CONTROL_KEPT: Final = 10_000
# What is between the braces decides where a Cluster keeps a stream.
_STREAMS: Final = tuple(b"ev:{%d}" % n for n in range(PARTITIONS))
_CLUSTER: Final = b"ev:{cluster}"
_CONTROL: Final = b"ev:{control}"
_PUBLISH_SECONDS: Final = 3.0
_CONTROL_SECONDS: Final = 1.0


class RedisBus(Bus):
    """The bus on one Redis, on the master that Sentinel names, or on a Cluster."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        """Connect lazily; a bus that is away raises on publish and is waited for when following."""
        self._nodes: Nodes = Cluster(settings) if settings.RedisSettings.ClusterAddresses else Server(settings)
        self._tasks, self._metrics = Tasks(), metrics

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish in one round trip, or one to each node of a Cluster at the same time."""
        entries = [_entry(_stream(message.topic), message, KEPT) for message in messages]
        await self._write(entries, _PUBLISH_SECONDS, certain=False)

    async def publish_control(self, message: BusMessage) -> None:
        """Publish to the control stream."""
        await self._write([_entry(_CONTROL, message, _CONTROL_KEPT)], _CONTROL_SECONDS, certain=True)

    def follow(self, topics: Sequence[str] = ()) -> Following:
        """Return a subscription to all streams, or to those that the topics are in."""
        streams = sorted({_stream(topic) for topic in topics}) or (*_STREAMS, _CLUSTER)
        return RedisFollowing(self._nodes, streams, self._tasks, self._metrics)

    def follow_control(self) -> Following:
        """Return a subscription to the control stream."""
        return RedisFollowing(self._nodes, (_CONTROL,), self._tasks, self._metrics)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._tasks.close()
        await self._nodes.close()

    async def _write(self, entries: Sequence[Entry], seconds: float, *, certain: bool) -> None:
        try:
            async with asyncio.timeout(seconds):
                with cancellable():
                    await self._nodes.write(entries, certain=certain)
        except AWAY as error:
            raise BusError(str(error) or type(error).__name__) from error


def _stream(topic: str) -> bytes:
    if concerns_everybody(topic):
        return _CLUSTER
    return _STREAMS[zlib.crc32(topic.encode()) % PARTITIONS]


def _entry(stream: bytes, message: BusMessage, kept: int) -> Entry:
    return Entry(stream, (b"t", message.topic, b"s", message.seq, b"d", message.data), kept)
