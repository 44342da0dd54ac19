"""The process that migrates: `python -m services.chassis.database.upgrading FOLDER`. Started by `migrations.py`."""

import os
import sys
from typing import Any, Final

import psycopg
from alembic import command, context
from alembic.config import Config
from sqlalchemy import create_engine, text

from services.chassis.database.migrations import CONNECT_SECONDS, DSN

_LOCK: Final = 0x43484F52  # "CHOR": one starting instance migrates, the others wait for it


def _upgrade(dsn: str, folder: str) -> None:
    def connected() -> psycopg.Connection[Any]:
        return psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS)

    with create_engine("postgresql+psycopg://", creator=connected).connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        config = Config()
        config.set_main_option("script_location", folder)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def run_environment() -> None:
    """Do what alembic's env.py does; each service's env.py is a call of this."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


if __name__ == "__main__":
    _upgrade(os.environ[DSN], sys.argv[1])
