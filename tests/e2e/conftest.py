"""Fixtures of the end-to-end tests: everything goes over HTTP and WebSocket, as a client would."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from deploy.local.mesh import Mesh
from tests.conftest import ADMIN
from tests.e2e.client import Place, sign_in
from tests.e2e.database import Database
from tests.e2e.world import World


@pytest.fixture
async def world(edges: tuple[Place, Place], front: Place) -> AsyncIterator[World]:
    """A maker of people, teams and channels, signed in as the admin."""
    # No cookies of its own: one client here speaks for many people, and the cookie would win over the token.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = World(http, edges, front, await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"]))
        try:
            yield made
        finally:
            await made.close()


@pytest.fixture
def database(chorus: Mesh) -> Database:
    """What lies in PostgreSQL."""
    return Database(chorus)
