"""The mesh that the end-to-end and the compatibility tests share: all five services as they are shipped."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import aiohttp
import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.coverage import sightings
from tests.e2e import client
from tests.e2e.client import Place, Rest

OUTSIDE = "127.0.0.9"
"""An address of this machine that links may lead to, as if it was out in the world."""

CLIENT = Path(__file__).parent / "browser" / "client"
"""The build of a tiny client of our own, which the shared mesh serves."""

ADMIN = {"username": "admin", "email": "admin@example.org", "password": "correct-horse-battery"}
"""The first user of every mesh that tests start."""


@pytest.fixture(scope="session")
def chorus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One running mesh, with its first user."""
    environ = {"MM_SERVICESETTINGS_ALLOWEDUNTRUSTEDINTERNALCONNECTIONS": OUTSIDE, "CHORUS_WEBAPP_DIR": str(CLIENT)}
    with running(Mesh(tmp_path_factory.mktemp("chorus"), free_block()), "chorus", environ) as mesh:
        yield mesh


@contextmanager
def running(mesh: Mesh, name: str, environ: Mapping[str, str] | None = None) -> Iterator[Mesh]:
    """Run a mesh, with its first user; leave nothing of it but its logs, under its name."""
    try:
        with patch.dict(os.environ, environ or {}):
            mesh.up()
        asyncio.run(sign_up_admin(client.front(mesh)))
        yield mesh
    finally:
        keep_logs(mesh, Path("build/test-logs") / name)
        mesh.erase()


async def sign_up_admin(place: Place) -> None:
    """Make the first user."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        await Rest(http, place).post("/users", ADMIN)


def keep_logs(mesh: Mesh, folder: Path) -> None:
    """Copy what the processes wrote to a place that outlives the mesh, for whoever looks into a failure."""
    folder.mkdir(parents=True, exist_ok=True)
    for log in mesh.layout.logs.glob("*"):
        if log.is_file():
            (folder / log.name).write_bytes(log.read_bytes())


@pytest.fixture(scope="session")
def front(chorus: Mesh) -> Place:
    """Envoy."""
    return client.front(chorus)


@pytest.fixture(scope="session")
def edges(chorus: Mesh) -> tuple[Place, Place]:
    """The two edges, past Envoy."""
    return client.edge(chorus.ports, 1), client.edge(chorus.ports, 2)


def pytest_sessionfinish() -> None:
    """Keep what was seen of the API, for `make api-coverage`."""
    sightings.keep()
