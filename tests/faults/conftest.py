"""A mesh of its own for tests that kill parts of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import running
from tests.e2e import client
from tests.e2e.world import World, world_of


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One running mesh, with its first user."""
    with running(Mesh(tmp_path_factory.mktemp("doomed"), free_block()), "doomed") as mesh:
        yield mesh


@pytest.fixture
async def world(doomed: Mesh) -> AsyncIterator[World]:
    """A maker of people, teams and channels in the doomed mesh."""
    edges, front = (client.edge(doomed.ports, 1), client.edge(doomed.ports, 2)), client.front(doomed)
    async with world_of(edges, front) as made:
        yield made
