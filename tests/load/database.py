"""The mesh's PostgreSQL, past every service, as who may do everything there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from deploy.local import secrets
from deploy.local.mesh import Mesh

_AS_USUAL = sql.SQL("")


def login(mesh: Mesh) -> dict[str, Any]:
    """Where the primary is, and who its operator."""
    password = secrets.load(mesh.layout.secrets).postgres
    return {"host": "127.0.0.1", "port": mesh.ports.postgres_primary, "user": "postgres", "password": password}


def connect(mesh: Mesh, name: str) -> psycopg.Connection:
    """A connection to a database of the primary; each statement is a transaction."""
    return psycopg.connect(autocommit=True, dbname=name, **login(mesh))


@contextmanager
def own(mesh: Mesh, name: str, options: sql.SQL = _AS_USUAL) -> Iterator[None]:
    """A database that is there for the block alone."""
    called = sql.Identifier(name)
    with connect(mesh, "postgres") as operator:
        operator.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(called))
        operator.execute(sql.SQL("CREATE DATABASE {} {}").format(called, options))
        try:
            yield
        finally:
            operator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(called))
