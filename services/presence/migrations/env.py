"""Alembic's environment: the chassis's."""

from services.chassis.database.upgrading import run_environment

run_environment()
