"""Promise 9 towards one client: RateLimitSettings, as far as they are switched on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.chassis.config.sections import RateLimitSettings
from services.edge.rest.rate_limit import Buckets, rate_limit
from tests.manual_clock import ManualClock


def test_a_burst_and_then_so_many_a_second() -> None:
    buckets = Buckets(per_second=10, burst=5, max_keys=10)
    assert [buckets.take("ada", 0.0).remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = buckets.take("ada", 0.0)
    assert (refused.allowed, refused.retry_after, refused.reset) == (False, 1, 1)
    assert buckets.take("bob", 0.0).allowed
    assert buckets.take("ada", 0.1).allowed
    assert not buckets.take("ada", 0.1).allowed
    assert buckets.take("ada", 10.0).remaining == 4


def test_of_too_many_keys_the_one_that_came_longest_ago_is_forgotten() -> None:
    buckets = Buckets(per_second=1, burst=1, max_keys=2)
    for key in ("ada", "bob", "ada", "cyd"):
        buckets.take(key, 0.0)
    assert buckets.take("bob", 0.0).allowed
    assert not buckets.take("cyd", 0.0).allowed


class Limited:
    """An application that answers everything, behind the limit."""

    def __init__(self, client: "TestClient[Any, Any]", clock: ManualClock) -> None:
        self.client, self.clock = client, clock

    async def statuses(self, times: int, path: str = "/api/v4/users/me", **headers: str) -> list[int]:
        return [(await self.client.get(path, headers=headers)).status for _ in range(times)]


@pytest.fixture
async def limited(request: pytest.FixtureRequest) -> AsyncIterator[Limited]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    clock = ManualClock()
    limit = rate_limit(RateLimitSettings(Enable=True, PerSec=1, MaxBurst=2, **request.param), clock)
    assert limit is not None
    app = web.Application(middlewares=[limit])
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestClient(TestServer(app)) as client:
        yield Limited(client, clock)


@pytest.mark.parametrize("limited", [{}], indirect=True)
async def test_one_address_is_told_to_come_again_and_when(limited: Limited) -> None:
    assert await limited.statuses(3, **{"X-Forwarded-For": "10.0.0.1"}) == [200, 200, 429]
    refused = await limited.client.get("/", headers={"X-Forwarded-For": "10.0.0.1", "Authorization": "Bearer other"})
    assert refused.status == 429
    assert await refused.text() == "limit exceeded"
    told = {name: value for name, value in refused.headers.items() if "limit" in name.lower() or name == "Retry-After"}
    assert told == {
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "2",
        "Retry-After": "1",
    }
    assert await limited.statuses(1, **{"X-Forwarded-For": "10.0.0.2"}) == [200]
    limited.clock.advance(1)
    assert await limited.statuses(2, **{"X-Forwarded-For": "10.0.0.1"}) == [200, 429]
    assert await limited.statuses(5, "/healthz", **{"X-Forwarded-For": "10.0.0.1"}) == [200] * 5


@pytest.mark.parametrize("limited", [{"VaryByUser": True}], indirect=True)
async def test_users_of_one_address_are_told_apart_by_their_tokens(limited: Limited) -> None:
    for token in ("one", "two"):
        headers = {"X-Forwarded-For": "10.0.0.1", "Authorization": f"Bearer {token}"}
        assert await limited.statuses(3, **headers) == [200, 200, 429]
    assert await limited.statuses(3, **{"X-Forwarded-For": "10.0.0.1"}) == [200, 200, 429]


@pytest.mark.parametrize("limited", [{"VaryByRemoteAddr": False, "VaryByHeader": "X-Team"}], indirect=True)
async def test_a_header_may_tell_who_is_counted(limited: Limited) -> None:
    assert await limited.statuses(3, **{"X-Team": "red", "X-Forwarded-For": "10.0.0.1"}) == [200, 200, 429]
    assert await limited.statuses(2, **{"X-Team": "RED", "X-Forwarded-For": "10.0.0.2"}) == [429, 429]
    assert await limited.statuses(1, **{"X-Team": "blue"}) == [200]


def test_it_is_off_by_default() -> None:
    assert rate_limit(RateLimitSettings(), ManualClock()) is None
