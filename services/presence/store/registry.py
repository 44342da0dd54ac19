"""Who has sockets where, in Redis; every presence instance sees the same.

An edge's users are a set, valid under the edge's incarnation while its lease runs. Times of leases are Redis's own, so
that instances need not agree on the time. Redis may lose everything at any moment: nothing here is the only copy of a
status, and an edge whose incarnation is not known is asked for a full report.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.chassis.bus.redis import AWAY, cancellable, connect
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason

_SECONDS: Final = 2.0
_EPOCH: Final = "{presence}:epoch"  # since when Redis has held what it holds
_EDGES: Final = "{presence}:edges"  # edge → incarnation, and the number of its last report
_RENEWED: Final = "{presence}:renewed"  # edge → its last report
_ACTIVE: Final = "{presence}:active"  # user → last activity, until the user is away
_SWEEPER: Final = "{presence}:sweeper"

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# KEYS epoch edges renewed users fresh; ARGV edge incarnation number full count online… gone…
_REPORT: Final = (
    _NOW
    + """
local full, last = ARGV[4] == '1', 5 + tonumber(ARGV[5])
local incarnation, number = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^(.*) (%d+)$')
if incarnation == ARGV[2] then
  if tonumber(number) > tonumber(ARGV[3]) then return {} end
elseif not full then
  return false
end
local function each(command, key, from, upto)
  for i = from, upto, 5000 do redis.call(command, key, unpack(ARGV, i, math.min(i + 4999, upto))) end
end
local lost = {}
redis.call('SET', KEYS[1], now, 'NX')
if full then
  each('SADD', KEYS[5], 6, last)
  lost = redis.call('SDIFF', KEYS[4], KEYS[5])
  redis.call('DEL', KEYS[4])
  if last > 5 then redis.call('RENAME', KEYS[5], KEYS[4]) end
else
  each('SADD', KEYS[4], 6, last)
  each('SREM', KEYS[4], last + 1, #ARGV)
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
redis.call('ZADD', KEYS[3], now, ARGV[1])
return lost
"""
)
# KEYS sweeper epoch edges renewed active; ARGV owner, lock's ms, lease in ms
_LOOK: Final = (
    _NOW
    + """
redis.call('SET', KEYS[2], now, 'NX')
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local oldest = redis.call('ZRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2] or now
return {
  now - redis.call('GET', KEYS[2]),
  redis.call('HKEYS', KEYS[3]),
  redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[3]),
  oldest + ARGV[3] - now,
  redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2]
}
"""
)
# KEYS edges renewed users; ARGV edge, lease in ms
_EXPIRE: Final = (
    _NOW
    + """
local renewed = redis.call('ZSCORE', KEYS[2], ARGV[1])
if renewed and tonumber(renewed) > now - ARGV[2] then return false end
local lost = redis.call('SMEMBERS', KEYS[3])
redis.call('DEL', KEYS[3])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return lost
"""
)
# KEYS active; ARGV limit, user…: those who did nothing meanwhile are away and need not be watched
_UNWATCH: Final = """
for i = 2, #ARGV do
  local at = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if at and tonumber(at) <= tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What Redis knows of some users: who has a socket, their last activity (ms), and which edges have reported."""

    with_sockets: frozenset[str]
    last_activity: dict[str, int]
    edges: frozenset[str]


@dataclass(frozen=True, slots=True)
class Look:
    """What a sweeper sees: for how long Redis has held its data (ms), the edges that it knows, those gone silent;
    in how many ms a lease ends next unless it is renewed; and since when (ms) who is idle longest did nothing.
    """

    age: int
    edges: frozenset[str]
    silent: tuple[str, ...]
    due: int
    idle_since: int | None
    """None when nobody is watched."""


class Registry:
    """The registry of sockets. Every method raises unavailable when Redis is away."""

    def __init__(self, settings: Settings) -> None:
        """Connect lazily."""
        self._redis = connect(settings)
        self._report = self._redis.register_script(_REPORT)
        self._look = self._redis.register_script(_LOOK)
        self._expire = self._redis.register_script(_EXPIRE)
        self._unwatch = self._redis.register_script(_UNWATCH)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._redis.aclose()

    async def report(
        self,
        edge_id: str,
        incarnation: str,
        number: int,
        *,
        full: bool,
        online: Sequence[str],
        gone: Sequence[str],
        nonce: str,
    ) -> list[str] | None:
        """Keep an edge's report and renew its lease; return whom a full report no longer names.

        A report that a later one of the incarnation overtook changes nothing; the same one again is kept again.
        None, and nothing kept, when the incarnation is not known and the report is not full. `nonce` is new each time.
        """
        keys = [_EPOCH, _EDGES, _RENEWED, _users(edge_id), f"{_users(edge_id)}:{nonce}"]
        names = [*online] if full else [*online, *gone]
        lost = await _asked(
            lambda: self._report(keys=keys, args=[edge_id, incarnation, number, int(full), len(online), *names])
        )
        return None if lost is None else _texts(lost)

    async def touch(self, user_ids: Sequence[str], now: int, *, only_new: bool = False) -> None:
        """Note that users were active at `now` ms; with `only_new`, those alone of whom nothing is noted."""
        if user_ids:
            at = dict.fromkeys(user_ids, now)
            await _asked(lambda: self._redis.zadd(_ACTIVE, at, nx=only_new, gt=not only_new))

    async def facts(self, user_ids: Sequence[str]) -> Facts:
        """Return what is known of the users."""
        if not user_ids:
            return Facts(frozenset(), {}, frozenset())

        async def ask() -> Facts:
            edges = _texts(await _any(self._redis.hkeys(_EDGES)))
            pipe = self._redis.pipeline(transaction=False)
            pipe.zmscore(_ACTIVE, list(user_ids))
            for edge in edges:
                pipe.smismember(_users(edge), list(user_ids))
            active, *held = await pipe.execute()
            return Facts(
                frozenset(user for of_edge in held for user, has in zip(user_ids, of_edge, strict=True) if has),
                {user: int(at) for user, at in zip(user_ids, active, strict=True) if at is not None},
                frozenset(edges),
            )

        found: Facts = await _asked(ask)
        return found

    async def look(self, sweeper: str, lock_ms: int, lease_ms: int) -> Look | None:
        """Take or keep the sweeper's lock and look around; None while another sweeper holds it."""
        found = await _asked(
            lambda: self._look(keys=[_SWEEPER, _EPOCH, _EDGES, _RENEWED, _ACTIVE], args=[sweeper, lock_ms, lease_ms])
        )
        if found is None:
            return None
        idle_since = int(found[4]) if len(found) > 4 else None  # a table of Lua ends where nothing is
        return Look(int(found[0]), frozenset(_texts(found[1])), tuple(_texts(found[2])), int(found[3]), idle_since)

    async def expire(self, edge_id: str, lease_ms: int) -> list[str] | None:
        """Remove an edge that was silent for the lease; return its users, or None when it has just reported."""
        lost = await _asked(lambda: self._expire(keys=[_EDGES, _RENEWED, _users(edge_id)], args=[edge_id, lease_ms]))
        return None if lost is None else _texts(lost)

    async def idle(self, since: int, limit: int) -> list[str]:
        """Return users who did nothing after `since` ms, longest idle first."""
        return _texts(await _asked(lambda: _any(self._redis.zrangebyscore(_ACTIVE, "-inf", since, start=0, num=limit))))

    async def unwatch(self, user_ids: Sequence[str], since: int) -> None:
        """Stop watching the idle users who still did nothing after `since` ms."""
        await _asked(lambda: self._unwatch(keys=[_ACTIVE], args=[since, *user_ids]))


def _users(edge_id: str) -> str:
    return f"{{presence}}:users:{edge_id}"


def _texts(values: Sequence[bytes]) -> list[str]:
    return [value.decode() for value in values]


def _any(answer: Any) -> Any:
    """Narrow redis-py's "awaitable or not" to what the asyncio client returns."""
    return answer


async def _asked(ask: Callable[[], Awaitable[Any]]) -> Any:
    try:
        async with asyncio.timeout(_SECONDS):
            with cancellable():
                return await ask()
    except AWAY as error:
        raise DomainError(Reason.UNAVAILABLE, part="redis") from error
