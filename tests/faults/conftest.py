"""A mesh of its own for tests that kill parts of it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import running
from tests.e2e.world import World, world_in


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One running mesh, with its first user."""
    with running(Mesh(tmp_path_factory.mktemp("doomed"), free_block()), "doomed") as mesh:
        yield mesh


@pytest.fixture
async def world(doomed: Mesh) -> AsyncIterator[World]:
    """A maker of people, teams and channels in the doomed mesh."""
    async with world_in(doomed) as made:
        yield made
