"""The bus on Redis Streams: `ev:0` … `ev:7` by hash of the topic, and `ev:control`.

Streams are trimmed by length on writing; a follower that fell behind further than that repairs from the log.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.chassis.bus import Bus, BusError, BusMessage, Following
from services.chassis.config import Settings
from services.chassis.metrics import Metrics

_log = logging.getLogger(__name__)

PARTITIONS: Final = 8
KEPT: Final = 20_000
"""Messages that a stream keeps, roughly: more than ten seconds at full speed."""

_CONTROL: Final = "ev:control"
_CONTROL_KEPT: Final = 10_000
_STREAMS: Final = tuple(f"ev:{n}" for n in range(PARTITIONS))
_BLOCK_MS: Final = 5_000
_RECONNECT_SECONDS: Final = 0.2
AWAY: Final = (RedisError, OSError, asyncio.TimeoutError)
"""What a Redis that is away, or that refuses, raises."""


def connect(settings: Settings, **options: Any) -> Redis:
    """Return a client for the Redis of RedisSettings: one address, or Sentinel's present master.

    `options` go to the client as they are.
    """
    redis = settings.RedisSettings
    common: dict[str, Any] = {
        "username": redis.RedisUsername or None,
        "password": redis.RedisPassword.reveal() or None,
        "db": redis.RedisDB,
        "ssl": redis.RedisTLS,
        "socket_connect_timeout": 2,
        **options,
    }
    if redis.SentinelAddresses:
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            [_split(address) for address in redis.SentinelAddresses],
            socket_connect_timeout=1,
            sentinel_kwargs={"password": redis.SentinelPassword.reveal() or None},
        )
        master: Redis = sentinel.master_for(redis.SentinelMasterName, **common)
        return master
    host, port = _split(redis.RedisAddress)
    return Redis(host=host, port=port, **common)


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class RedisBus(Bus):
    """The bus on one Redis, or on the master that Sentinel names."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        """Connect lazily; a bus that is away raises on publish and is waited for when following."""
        self._redis = connect(settings)
        # For following: longer than a blocking read, and no retry behind our back, because a lost connection counts.
        self._followed = connect(settings, socket_timeout=_BLOCK_MS / 1000 + 3, retry=Retry(NoBackoff(), 0))
        self._metrics = metrics

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish in one round trip."""
        pipe = self._redis.pipeline(transaction=False)
        for message in messages:
            stream = _STREAMS[zlib.crc32(message.topic.encode()) % PARTITIONS]
            pipe.xadd(stream, _fields(message), maxlen=KEPT, approximate=True)
        try:
            async with asyncio.timeout(3):
                await pipe.execute()
        except AWAY as error:
            raise BusError(str(error) or type(error).__name__) from error

    async def publish_control(self, message: BusMessage) -> None:
        """Publish to the control stream."""
        try:
            async with asyncio.timeout(1):
                await self._redis.xadd(_CONTROL, _fields(message), maxlen=_CONTROL_KEPT, approximate=True)
        except AWAY as error:
            raise BusError(str(error) or type(error).__name__) from error

    def follow(self) -> Following:
        """Return a subscription to all topics."""
        return _Following(self._followed, _STREAMS, self._metrics)

    def follow_control(self) -> Following:
        """Return a subscription to the control stream."""
        return _Following(self._followed, (_CONTROL,), self._metrics)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._redis.aclose()
        await self._followed.aclose()


def _fields(message: BusMessage) -> Any:
    return {b"t": message.topic, b"s": message.seq, b"d": message.data}


class _Following(Following):
    """One XREAD over all streams at a time, on a connection of its own."""

    def __init__(self, redis: Redis, streams: Sequence[str], metrics: Metrics) -> None:
        self._redis = redis
        self._positions: dict[bytes, bytes] = {stream.encode(): b"0-0" for stream in streams}
        self.interruptions = 0
        self._reconnects = metrics.bus_reconnects
        self._received = metrics.bus_received.labels("durable"), metrics.bus_received.labels("ephemeral")

    async def start(self) -> None:
        """Fix the position at the streams' present ends. Raises BusError."""
        try:
            for stream in self._positions:
                newest: Any = await self._redis.xrevrange(stream, count=1)
                self._positions[stream] = newest[0][0] if newest else b"0-0"
        except AWAY as error:
            raise BusError(str(error) or type(error).__name__) from error

    async def batches(self) -> AsyncIterator[list[BusMessage]]:
        """Yield messages as they come."""
        while True:
            try:
                streams: Any = await self._redis.xread(self._positions, count=1000, block=_BLOCK_MS)  # type: ignore[arg-type]
            except AWAY as error:
                self.interruptions += 1
                self._reconnects.inc()
                _log.warning("bus is away", extra={"why": str(error) or type(error).__name__})
                await asyncio.sleep(_RECONNECT_SECONDS)
                continue
            batch = []
            for stream, entries in streams:
                self._positions[stream] = entries[-1][0]
                batch += [BusMessage(fields[b"t"].decode(), int(fields[b"s"]), fields[b"d"]) for _, fields in entries]
            if batch:
                durable = sum(1 for message in batch if message.seq)
                self._received[0].inc(durable)
                self._received[1].inc(len(batch) - durable)
                yield batch
