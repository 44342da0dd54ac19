"""Who holds what, for everybody to look up: keys with one holder each, changed by comparison alone, forgotten in time.

Redis may lose all of it at any moment, so it never decides: a holder knows what it holds, and a key that is absent
means that nobody can be asked.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol

from services.chassis.bus.redis import AWAY, cancellable, connect
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason

_SECONDS: Final = 1.0
_AT_ONCE: Final = 500

# KEYS…; ARGV holder, ttl: take what is free, keep what is ours, name what is another's.
_HOLD: Final = """
local lost = {}
for i, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if holder and holder ~= ARGV[1] then
    lost[#lost + 1] = i
  else
    redis.call('SET', key, ARGV[1], 'EX', ARGV[2])
  end
end
return lost
"""
# KEYS key; ARGV before, after, ttl
_MOVE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
# KEYS…; ARGV holder
_RELEASE: Final = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
"""


class Registry(Protocol):
    """Keys and their holders; every method raises DomainError unavailable when it cannot be asked."""

    async def holder(self, key: str) -> str | None:
        """Return who holds the key, None for nobody."""
        ...

    async def hold(self, keys: Sequence[str], holder: str) -> list[str]:
        """Hold the keys, for a while from now; return those that another holds."""
        ...

    async def move(self, key: str, before: str, after: str) -> bool:
        """Have `after` hold a key that `before` or nobody holds; return whether it does."""
        ...

    async def release(self, keys: Sequence[str], holder: str) -> None:
        """Let go of those of the keys that the holder holds."""
        ...


class RedisRegistry(Registry):
    """The registry in Redis; `name` tells registries apart."""

    def __init__(self, settings: Settings, name: str, *, kept_seconds: int) -> None:
        """A key is forgotten `kept_seconds` after it was last held or moved."""
        self._redis = connect(settings, decode_responses=True)
        self._prefix, self._kept = f"{{{name}}}:", kept_seconds
        self._hold = self._redis.register_script(_HOLD)
        self._move = self._redis.register_script(_MOVE)
        self._release = self._redis.register_script(_RELEASE)

    async def holder(self, key: str) -> str | None:
        """Return who holds the key."""
        found: str | None = await _asked(self._redis.get(self._prefix + key))
        return found

    async def hold(self, keys: Sequence[str], holder: str) -> list[str]:
        """Hold the keys, some hundred a call."""
        lost: list[str] = []
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            named = [self._prefix + key for key in some]
            lost += [some[place - 1] for place in await _asked(self._hold(named, [holder, self._kept]))]
        return lost

    async def move(self, key: str, before: str, after: str) -> bool:
        """Compare and set."""
        return bool(await _asked(self._move([self._prefix + key], [before, after, self._kept])))

    async def release(self, keys: Sequence[str], holder: str) -> None:
        """Compare and delete, some hundred a call."""
        for start in range(0, len(keys), _AT_ONCE):
            await _asked(self._release([self._prefix + key for key in keys[start : start + _AT_ONCE]], [holder]))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()


async def _asked(call: Any) -> Any:
    try:
        async with asyncio.timeout(_SECONDS):
            with cancellable():
                return await call
    except AWAY as error:
        raise DomainError(Reason.UNAVAILABLE, part="registry") from error
