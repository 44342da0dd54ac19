"""Migrations: alembic's, per service, run by the service itself when it starts.

In a process of their own, and only when there is something to do: alembic and what it needs take 30 MiB and half a
second, of which a service that serves has no use.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final

import psycopg

CONNECT_SECONDS: Final = 10
DSN: Final = "CHORUS_MIGRATED_DSN"
"""The environment's variable that tells the process what to migrate: arguments are there for all to read."""


async def migrate(dsn: str, folder: Path) -> None:
    """Bring the database of `dsn` to the newest version in `folder` (alembic's `script_location`).

    Raises psycopg's error when it can't be reached, RuntimeError with alembic's last word when it can't be migrated.
    """
    if await _version(dsn) == _newest(folder):
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.chassis.database.upgrading",
        str(folder),
        env={**os.environ, DSN: dsn, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"the database cannot be migrated: {lines[-1] if lines else process.returncode}")


async def _version(dsn: str) -> str | None:
    async with await psycopg.AsyncConnection.connect(dsn, connect_timeout=CONNECT_SECONDS) as connection:
        with contextlib.suppress(psycopg.errors.UndefinedTable):
            row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
            return None if row is None else str(row[0])
    return None


def _newest(folder: Path) -> str:
    """Return the last revision: they are numbered, and their files are called by their numbers."""
    return max(path.name.partition("_")[0] for path in (folder / "versions").glob("*_*.py"))
