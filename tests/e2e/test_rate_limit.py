"""Promise 9 towards one client, through Envoy: who asks too often is told to come again, and nobody else is."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse
from multidict import CIMultiDictProxy

from deploy.local.mesh import Mesh
from tests.e2e.client import Person
from tests.e2e.world import World, eventually, world_in

BURST = 100
"""Requests of one user that an edge lets through at once, the protocol's default; then so many a second:"""
PER_SECOND = 2
MANY = 400
"""More than both edges let through together in the time that asking takes."""

Told = tuple[int, str, CIMultiDictProxy[str]]


@pytest.fixture
async def world(otherwise: Mesh) -> AsyncIterator[World]:
    async with world_in(otherwise) as made:
        yield made


async def test_who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is(world: World) -> None:
    ana, ben = await world.people("ana", "ben")

    async def ask(person: Person) -> Told:
        # Not by `Rest`, which wants errors to be the protocol's objects: this one alone is none.
        headers = {"Authorization": f"Bearer {person.token}"}
        answer: ClientResponse
        async with world.http.get(f"{world.front.rest}/users/me", headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers

    told = await asyncio.gather(*(ask(ana) for _ in range(MANY)))
    served = [headers for status, _, headers in told if status == 200]
    refused = [(text, headers) for status, text, headers in told if status == 429]
    assert len(served) + len(refused) == MANY
    assert len(served) >= BURST
    assert refused
    assert {headers["X-RateLimit-Limit"] for headers in served} == {str(BURST)}
    for text, headers in refused:
        assert text == "limit exceeded"
        assert headers["Content-Type"].startswith("text/plain")
        limits = {name: headers[name] for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After")}
        assert limits == {"X-RateLimit-Limit": str(BURST), "X-RateLimit-Remaining": "0", "Retry-After": "1"}
        assert 1 <= int(headers["X-RateLimit-Reset"]) <= BURST // PER_SECOND
        assert headers["X-Request-Id"]

    status, _, headers = await ask(ben)
    assert (status, headers["X-RateLimit-Limit"]) == (200, str(BURST))
    await eventually(lambda: ask(ana), lambda answer: answer[0] == 200)
