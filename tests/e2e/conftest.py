"""Fixtures of the end-to-end tests: everything goes over HTTP and WebSocket, as a client would."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import running
from tests.e2e.client import Place
from tests.e2e.database import Database
from tests.e2e.world import World, world_of


@pytest.fixture
async def world(edges: tuple[Place, Place], front: Place) -> AsyncIterator[World]:
    """A maker of people, teams and channels, signed in as the admin."""
    async with world_of(edges, front) as made:
        yield made


@pytest.fixture(scope="session")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with settings that would be in the way of most tests: threads for whoever wants them, limited requests."""
    environ = {
        "MM_SERVICESETTINGS_COLLAPSEDTHREADS": "default_on",
        "MM_RATELIMITSETTINGS_ENABLE": "true",
        "MM_RATELIMITSETTINGS_VARYBYUSER": "true",
        "MM_RATELIMITSETTINGS_PERSEC": "2",
    }
    with running(Mesh(tmp_path_factory.mktemp("otherwise"), free_block()), "otherwise", environ) as mesh:
        yield mesh


@pytest.fixture
def database(chorus: Mesh) -> Database:
    """What lies in PostgreSQL."""
    return Database(chorus)
