"""A mesh of its own for tests that kill parts of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import ADMIN, keep_logs, sign_up_admin
from tests.e2e import client
from tests.e2e.client import sign_in
from tests.e2e.world import World


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One running mesh, with its first user."""
    mesh = Mesh(tmp_path_factory.mktemp("doomed"), free_block())
    try:
        mesh.up()
        asyncio.run(sign_up_admin(client.front(mesh)))
        yield mesh
    finally:
        keep_logs(mesh, Path("build/test-logs/doomed"))
        mesh.erase()


@pytest.fixture
async def world(doomed: Mesh) -> AsyncIterator[World]:
    """A maker of people, teams and channels in the doomed mesh."""
    edges, front = (client.edge(doomed.ports, 1), client.edge(doomed.ports, 2)), client.front(doomed)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = World(http, edges, front, await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"]))
        try:
            yield made
        finally:
            await made.close()
