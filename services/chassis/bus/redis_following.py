"""Following streams from a position, whatever becomes of the connection or of the Redis at its other end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.chassis.bus import BusError, BusMessage, Following
from services.chassis.bus.redis_connection import AWAY, cancellable
from services.chassis.bus.redis_nodes import Nodes
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 3.0
_RECONNECT_SECONDS: Final = 0.2
_READ_AGAIN_MS: Final = 5_000
"""How much is read again from a stream that is not the one we were reading: what it got before we found it."""


class _Read(NamedTuple):
    positions: Mapping[bytes, bytes]
    messages: list[BusMessage]


class RedisFollowing(Following):
    """One blocking read at a time over each group of streams, on a connection of its own."""

    def __init__(self, nodes: Nodes, streams: Sequence[bytes], tasks: Tasks, metrics: Metrics) -> None:
        """Begin with the oldest entry that is kept; `start` begins with the present."""
        self._nodes, self._tasks = nodes, tasks
        self._positions = dict.fromkeys(streams, b"0-0")
        self._groups = nodes.groups(streams)
        self.interruptions = 0
        self._reconnects = metrics.bus_reconnects
        self._received = metrics.bus_received.labels("durable"), metrics.bus_received.labels("ephemeral")

    async def start(self) -> None:
        """Fix the position at the streams' present ends. Raises BusError."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                with cancellable():
                    for group in self._groups:
                        self._positions.update(zip(group, await self._nodes.newest(group), strict=True))
        except AWAY as error:
            raise BusError(str(error) or type(error).__name__) from error

    async def batches(self) -> AsyncIterator[list[BusMessage]]:
        """Yield messages as they come."""
        if len(self._groups) == 1:
            async for read in self._read(self._groups[0]):
                yield self._taken(read)
            return
        arrived: asyncio.Queue[_Read | Exception] = asyncio.Queue(len(self._groups))
        readers = [
            self._tasks.spawn(f"follow {group[0].decode()}", self._feed(group, arrived)) for group in self._groups
        ]
        try:
            while True:
                next_read = await arrived.get()
                if isinstance(next_read, Exception):
                    raise next_read
                yield self._taken(next_read)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)

    def _taken(self, read: _Read) -> list[BusMessage]:
        """Move the position only now: what was read ahead and never handed out is read again."""
        self._positions.update(read.positions)
        durable = sum(1 for message in read.messages if message.seq)
        self._received[0].inc(durable)
        self._received[1].inc(len(read.messages) - durable)
        return read.messages

    async def _feed(self, group: Sequence[bytes], arrived: asyncio.Queue[_Read | Exception]) -> None:
        try:
            async for read in self._read(group):
                await arrived.put(read)
        except Exception as error:  # whoever follows must hear of it
            await arrived.put(error)

    async def _read(self, group: Sequence[bytes]) -> AsyncIterator[_Read]:
        positions = {stream: self._positions[stream] for stream in group}
        away = False
        while True:
            try:
                if away:
                    await self._find_place(positions)
                    away = False
                    _log.info("bus is back", extra={"stream": group[0].decode()})
                with cancellable():
                    answer = await self._nodes.read(positions)
            except AWAY as error:
                self.interruptions += 1
                self._reconnects.inc()
                if not away:
                    why = str(error) or type(error).__name__
                    _log.warning("bus is away", extra={"stream": group[0].decode(), "why": why})
                away = True
                await asyncio.sleep(_RECONNECT_SECONDS)
                continue
            moved, messages = {}, []
            for stream, entries in answer.items():
                moved[stream] = entries[-1][0]
                messages += [BusMessage(topic.decode(), int(seq), data) for _, (_, topic, _, seq, _, data) in entries]
            if messages:
                positions.update(moved)
                yield _Read(moved, messages)

    async def _find_place(self, positions: dict[bytes, bytes]) -> None:
        """Go back where a stream now ends before our position.

        It was lost and began anew, or a replica was promoted that had not got all of it; what comes next has lower ids
        than we have read if that server's clock is behind, and we would be deaf until it has caught up.
        """
        streams = list(positions)
        async with asyncio.timeout(_START_SECONDS):
            with cancellable():
                ends = await self._nodes.newest(streams)
        for stream, end in zip(streams, ends, strict=True):
            at, number = _parsed(end)
            if (at, number) < _parsed(positions[stream]):
                positions[stream] = b"%d-0" % max(0, at - _READ_AGAIN_MS)


def _parsed(position: bytes) -> tuple[int, int]:
    at, _, number = position.partition(b"-")
    return int(at), int(number)
