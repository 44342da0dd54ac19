"""The two commands of the bus that go with every post, packed and read in C by hiredis.

redis-py's own way through a command costs several times what Redis takes for it: callbacks, its telemetry, dicts of the
answer. What it does well stays its own: connections, their pool, TLS, passwords and Sentinel.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import hiredis
from redis.asyncio import Redis

_MULTI: Final = hiredis.pack_command((b"MULTI",))
_EXEC: Final = hiredis.pack_command((b"EXEC",))

Found = Sequence[tuple[bytes, Sequence[Any]]]
"""Entries of one stream: their ids, and their names and values in turn, as they were appended."""


class Entry(NamedTuple):
    """What goes to the end of a stream, which keeps about `kept` entries. `fields`: names and values in turn."""

    stream: bytes
    fields: tuple[bytes | str | int, ...]
    kept: int

    def command(self) -> Any:
        """Return the words of the XADD that appends it."""
        return ("XADD", self.stream, "MAXLEN", "~", self.kept, "*", *self.fields)


async def append(redis: Redis, entries: Sequence[Entry]) -> None:
    """Append all in one round trip, or none; tried again once where the connection was lost.

    As one transaction: Redis answers those who wait for a stream after each command, so that a follower would read
    the first entry of a batch alone, come again for the second, and so on.
    """
    packed = [hiredis.pack_command(entry.command()) for entry in entries]
    if len(packed) == 1:
        await _ask(redis, packed[0], 1)
        return
    *_, appended = await _ask(redis, b"".join((_MULTI, *packed, _EXEC)), len(packed) + 2)
    for answer in appended:
        if isinstance(answer, Exception):
            raise answer


async def read_after(
    redis: Redis, positions: Mapping[bytes, bytes], count: int, block_ms: int
) -> Mapping[bytes, Found]:
    """Return what came after the positions of streams, at most `count` entries of each; wait for it so long."""
    command: Any = ("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", *positions, *positions.values())
    (answer,) = await _ask(redis, hiredis.pack_command(command), 1)
    return dict(answer or ())


async def _ask(redis: Redis, packed: bytes, answers: int) -> list[Any]:
    """Send what is packed and return its answers; as often as the connection's policy says where that was lost."""
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()

    async def once() -> list[Any]:
        await connection.send_packed_command(packed)
        return [await connection.read_response() for _ in range(answers)]

    async def lost(_: Exception) -> None:
        await connection.disconnect(nowait=True)

    whole = False
    try:
        answered: list[Any] = await connection.retry.call_with_retry(once, lost)
        whole = True
        return answered
    finally:
        if not whole:  # answers may be under way that the next one who asks would take for its own
            await connection.disconnect(nowait=True)
        await pool.release(connection)
