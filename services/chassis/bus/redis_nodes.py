"""Where the streams are, and how they are read and written: on one Redis, or on the nodes of a Cluster.

Both raise AWAY. Reads end by themselves: a connection that was cut without a word is noticed `GRACE_SECONDS` after a
living one would have answered. Whoever writes or asks for the newest brings a limit of time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool

from services.chassis.bus.redis_connection import AWAY, at_most, connect, connect_cluster, credentials
from services.chassis.bus.redis_wire import Entry, Found, append, read_after
from services.chassis.config import Settings

BLOCK_MS: Final = 4_000
"""How long Redis keeps a read that finds nothing: long enough to leave an idle mesh idle."""

GRACE_SECONDS: Final = 2.0
_READ_SECONDS: Final = BLOCK_MS / 1000 + GRACE_SECONDS
_READ_COUNT: Final = 1000
_CONFIRM_SECONDS: Final = 0.5
"""Shorter than any master is away before another is promoted."""
_WITNESS_SECONDS: Final = 0.3
"""For one other master of a Cluster: the next one is asked well within the second that a revocation may take."""
_OURS: Final[dict[str, Any]] = {"socket_timeout": None}
"""The limits of time are ours or the caller's: redis-py's are by `asyncio.wait_for`, which before Python 3.12 loses a
cancellation that comes together with the end of what it waits for; a follower then outlives its owner."""


class Nodes(Protocol):
    """The Redis servers that hold the streams."""

    def groups(self, streams: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """Return which of the streams one connection reads together."""
        ...

    async def read(self, positions: Mapping[bytes, bytes]) -> Mapping[bytes, Found]:
        """Return what came after the positions of one group's streams; wait for it up to `BLOCK_MS`."""
        ...

    async def newest(self, streams: Sequence[bytes]) -> list[bytes]:
        """Return the id of the last entry of each of one group's streams; 0-0 for an empty one."""
        ...

    async def write(self, entries: Sequence[Entry], *, certain: bool) -> None:
        """Append in one round trip, in this order per stream.

        With `certain` it is an error when it cannot be told whether this Redis is still the one that others read.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class Server(Nodes):
    """One Redis: an address, or the master that Sentinel names.

    A master that was paused while another was promoted knows nothing of that when it wakes, nor do the connections to
    it, for up to ten seconds. So whoever writes asks the sentinels first, at most every half second; reads on a deposed
    master end there and then. An idle process asks nothing.
    """

    def __init__(self, settings: Settings) -> None:
        """Connect lazily."""
        self._writer = connect(settings, **_OURS, retry=at_most(1))
        # No retry behind our back: a lost connection counts.
        self._reader = connect(settings, **_OURS, retry=at_most(0))
        pool = self._writer.connection_pool
        self._sentinel = pool if isinstance(pool, SentinelConnectionPool) else None
        self._confirmed_at = float("-inf")
        self._master: Any = None
        self._reads: set[asyncio.Timeout] = set()

    def groups(self, streams: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """All together."""
        return [tuple(streams)]

    async def read(self, positions: Mapping[bytes, bytes]) -> Mapping[bytes, Found]:
        """Read on the following connection."""
        async with asyncio.timeout(_READ_SECONDS) as limit:
            self._reads.add(limit)
            try:
                return await read_after(self._reader, positions, _READ_COUNT, BLOCK_MS)
            finally:
                self._reads.discard(limit)

    async def newest(self, streams: Sequence[bytes]) -> list[bytes]:
        """Look at the ends."""
        return await _newest(self._reader, streams)

    async def write(self, entries: Sequence[Entry], *, certain: bool) -> None:
        """Ask the sentinels if there are any, then append."""
        if self._sentinel is not None:
            try:
                await self._confirm(self._sentinel)
            except AWAY:
                if certain:
                    raise
        await append(self._writer, entries)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._writer.aclose()
        await self._reader.aclose()

    async def _confirm(self, pool: SentinelConnectionPool) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._confirmed_at < _CONFIRM_SECONDS:
            return
        before, self._master = self._master, await _any(pool.get_master_address())  # type: ignore[no-untyped-call]
        if self._master != before and before is not None:
            await _any(pool.update_active_connections_for_reconnect())  # type: ignore[no-untyped-call]
            for limit in self._reads:
                if not limit.expired():
                    limit.reschedule(now)
        self._confirmed_at = now


class Cluster(Nodes):
    """The nodes of a Cluster: each stream has its own, and its own following connection there."""

    def __init__(self, settings: Settings) -> None:
        """Connect lazily."""
        self._cluster = connect_cluster(settings)
        self._options = {**credentials(settings), **_OURS, "retry": at_most(0)}
        self._readers: dict[bytes, tuple[tuple[str, int], Redis]] = {}
        self._in_doubt = False
        self._confirmed_at: dict[bytes, float] = {}

    def groups(self, streams: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """Each alone."""
        return [(stream,) for stream in streams]

    async def read(self, positions: Mapping[bytes, bytes]) -> Mapping[bytes, Found]:
        """Read one stream where it is now."""
        (stream,) = positions
        try:
            async with asyncio.timeout(_READ_SECONDS):
                return await read_after(await self._reader_of(stream), positions, _READ_COUNT, BLOCK_MS)
        except AWAY:
            self._in_doubt = True
            raise

    async def newest(self, streams: Sequence[bytes]) -> list[bytes]:
        """Look at the end of one stream."""
        (stream,) = streams
        try:
            return await _newest(await self._reader_of(stream), streams)
        except AWAY:
            self._in_doubt = True
            raise

    async def write(self, entries: Sequence[Entry], *, certain: bool) -> None:
        """Append on all nodes at once; if it must be certain, ask another master first whose the streams are.

        A deposed node refuses once it has learned from the others what it is; what it finds when it wakes it takes.
        """
        done = False
        try:
            await self._look()
            if certain:
                for stream in {entry.stream for entry in entries}:
                    await self._confirm(stream)
            await self._append(entries)
            done = True
        finally:
            # Also when the caller's patience ended: then the client has not seen an error that makes it look anew.
            self._in_doubt = self._in_doubt or not done

    async def close(self) -> None:
        """Let go of all connections."""
        await self._cluster.aclose()
        for _, reader in self._readers.values():
            await reader.aclose()

    async def _append(self, entries: Sequence[Entry]) -> None:
        """Append by the client that knows which node has which stream: a transaction ends at a node."""
        pipe: Any = self._cluster.pipeline(transaction=False)
        for entry in entries:
            pipe.execute_command(*entry.command())
        await pipe.execute()

    async def _confirm(self, stream: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._confirmed_at.get(stream, float("-inf")) < _CONFIRM_SECONDS:
            return
        key = stream.decode()
        owner, slot = self._cluster.get_node_from_key(key), self._cluster.keyslot(key)
        others = [node for node in self._cluster.get_primaries() if owner is None or node.name != owner.name]
        for node in others:
            try:
                async with asyncio.timeout(_WITNESS_SECONDS):
                    slots: Any = await node.execute_command("CLUSTER SLOTS")
            except AWAY:
                continue
            named = {(host.decode(), port) for first, last, (host, port, *_), *_ in slots if first <= slot <= last}
            if owner is None or named != {(owner.host, int(owner.port))}:
                raise ConnectionError(f"the master of {key} is another now: {named}")
            break
        else:
            if others:
                raise ConnectionError(f"no other master answers whose {key} is")
        self._confirmed_at[stream] = now

    async def _reader_of(self, stream: bytes) -> Redis:
        await self._look()
        node = self._cluster.get_node_from_key(stream.decode())
        if node is None:
            raise ConnectionError(f"no node of the Redis Cluster holds {stream.decode()}")
        address = node.host, int(node.port)
        known = self._readers.get(stream)
        if known is not None and known[0] == address:
            return known[1]
        reader = Redis(host=address[0], port=address[1], **self._options)
        self._readers[stream] = address, reader
        if known is not None:
            await known[1].aclose()
        return reader

    async def _look(self) -> None:
        """Learn where the slots are, at first and after every doubt."""
        await self._cluster.initialize()
        if self._in_doubt:
            self._in_doubt = False
            try:
                await self._cluster.nodes_manager.initialize()
            except AWAY:
                self._in_doubt = True
                raise


async def _newest(redis: Redis, streams: Sequence[bytes]) -> list[bytes]:
    pipe = redis.pipeline(transaction=False)
    for stream in streams:
        pipe.xrevrange(stream, count=1)
    answer: Any = await pipe.execute()
    return [found[0][0] if found else b"0-0" for found in answer]


def _any(answer: Any) -> Any:
    """Narrow redis-py's "awaitable or not" to what the asyncio client returns."""
    return answer
