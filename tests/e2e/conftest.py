"""Fixtures of the end-to-end tests: everything goes over HTTP and WebSocket, as a client would."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.mesh import Mesh
from tests.e2e.client import Place
from tests.e2e.database import Database
from tests.e2e.world import World, world_of


@pytest.fixture
async def world(edges: tuple[Place, Place], front: Place) -> AsyncIterator[World]:
    """A maker of people, teams and channels, signed in as the admin."""
    async with world_of(edges, front) as made:
        yield made


@pytest.fixture
def database(chorus: Mesh) -> Database:
    """What lies in PostgreSQL."""
    return Database(chorus)
