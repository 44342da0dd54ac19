"""A service brings its database to the newest version when it starts, and loads nothing for it when it is there."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.chassis.database import migrate
from services.chassis.database.naming import service_dsn
from tests.contract.grounds import Grounds

FOLDER = Path("services/files/migrations")


@pytest.fixture
def dsn(grounds: Grounds) -> str:
    return service_dsn(grounds.settings("bare"), "bare")


def version(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


async def test_instances_that_start_together_migrate_once_and_later_ones_not_at_all(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(migrate(dsn, FOLDER), migrate(dsn, FOLDER))
    assert version(dsn) == max(path.name[:4] for path in (FOLDER / "versions").glob("0*.py"))

    async def none(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", none)
    await migrate(dsn, FOLDER)


async def test_a_database_of_a_newer_release_is_refused_with_alembics_word(dsn: str) -> None:
    await migrate(dsn, FOLDER)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RuntimeError, match=r"cannot be migrated: .*9999"):
        await migrate(dsn, FOLDER)
