"""Alembic's environment: the chassis's."""

from services.chassis.database.migrations import run_environment

run_environment()
