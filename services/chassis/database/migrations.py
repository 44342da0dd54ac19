"""Migrations: alembic's, per service, run by the service itself when it starts."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

_LOCK: Final = 0x43484F52  # "CHOR": one starting instance migrates, the others wait for it


async def migrate(dsn: str, folder: Path) -> None:
    """Bring the database of `dsn` to the newest version in `folder` (alembic's `script_location`)."""
    await asyncio.to_thread(_migrate, dsn, folder)


def _migrate(dsn: str, folder: Path) -> None:
    url = make_url(dsn.replace("postgresql://", "postgres://", 1).replace("postgres://", "postgresql+psycopg://", 1))
    engine = create_engine(url, connect_args={"connect_timeout": 10})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            config = Config()
            config.set_main_option("script_location", str(folder))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            connection.commit()
    finally:
        engine.dispose()


def run_environment() -> None:
    """Do what alembic's env.py does; each service's env.py is a call of this."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
