"""RateLimitSettings: how many requests a second one address, user or header may make at this edge; off by default.

Each edge counts by itself, so that behind a front that spreads requests over three of them one gets up to three times
as much. Sockets are not counted. What protects the mesh itself (queues, sign-in) is bounded elsewhere, and always.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from services.chassis.clock import Clock
from services.chassis.config.sections import RateLimitSettings
from services.chassis.ids import new_id
from services.chassis.logs import request_id
from services.edge.rest.presented import address_of, token_of

_FREE: Final = "/healthz"
"""Asked by Envoy, and by nobody through it."""


class Verdict(NamedTuple):
    """What becomes of one request."""

    allowed: bool
    remaining: int
    """So many more at once."""
    retry_after: int
    """Seconds until the next may come; 0 when it may come now."""
    reset: int
    """Seconds until as many as ever may come at once."""


class Buckets:
    """A bucket for each key: a request fills it by one, time empties it, and a full one refuses."""

    def __init__(self, per_second: int, burst: int, max_keys: int) -> None:
        """Let `burst` requests of a key through at once, and then `per_second`; of too many keys the oldest go."""
        self.burst = max(1, burst)
        self._per_second, self._max_keys = max(1, per_second), max(1, max_keys)
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> Verdict:
        """Count a request; `now` is monotonic, in seconds."""
        level, since = self._levels.get(key, (0.0, now))
        level = max(0.0, level - (now - since) * self._per_second)
        allowed = level + 1 <= self.burst
        if allowed:
            level += 1
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._max_keys:
            self._levels.popitem(last=False)
        over = max(0.0, level + 1 - self.burst) / self._per_second
        return Verdict(allowed, int(self.burst - level), math.ceil(over), math.ceil(level / self._per_second))


def rate_limit(settings: RateLimitSettings, clock: Clock) -> Middleware | None:
    """Return what counts all requests, None when it is off."""
    if not settings.Enable:
        return None
    buckets = Buckets(settings.PerSec, settings.MaxBurst, settings.MemoryStoreSize)

    def key_of(request: web.Request) -> str:
        token = token_of(request)[0] if settings.VaryByUser else ""
        address = address_of(request) if settings.VaryByRemoteAddr and not token else ""
        header = request.headers.get(settings.VaryByHeader, "").lower() if settings.VaryByHeader else ""
        return f"{token} {address} {header}"

    @web.middleware
    async def limited(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path == _FREE:
            return await handler(request)
        verdict = buckets.take(key_of(request), clock.monotonic())
        told = {
            "X-RateLimit-Limit": str(buckets.burst),
            "X-RateLimit-Remaining": str(verdict.remaining),
            "X-RateLimit-Reset": str(verdict.reset),
        }
        if not verdict.allowed:
            told[hdrs.RETRY_AFTER] = str(max(1, verdict.retry_after))
            request_id.set(new_id())
            return web.Response(status=429, text="limit exceeded", headers=told)
        response = await handler(request)
        if not response.prepared:  # a file that streams has told its headers already
            response.headers.update(told)
        return response

    return limited
