"""What lies in PostgreSQL, for tests that must know whether something was written, and where."""

import time
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from deploy.local import secrets
from deploy.local.mesh import Mesh

_SERVICES = ("auth", "messaging", "files")
_TABLES = (
    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname = 'public' ORDER BY 1"
)
# Reading and signing in write here, and a refusal may count an attempt.
_RESTLESS = frozenset({("auth", "sessions"), ("auth", "sign_in_attempts"), ("auth", "alembic_version")})


class Database:
    """The primary and the replica of a mesh, past every service."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._password = secrets.load(mesh.layout.secrets).chorus

    def rows(self) -> dict[str, int]:
        """How many rows each table holds, the event logs among them: every durable change adds one there."""
        counted: dict[str, int] = {}
        for service in _SERVICES:
            with self._connect(self._mesh.ports.postgres_primary, service) as connection:
                tables = connection.execute(_TABLES).fetchall()
                for (table,) in tables:
                    if (service, table) not in _RESTLESS:
                        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
                        row = connection.execute(query).fetchone()
                        counted[f"{service}.{table}"] = row[0] if row else 0
        return counted

    def write(self, service: str, statement: LiteralString, *values: Any) -> int:
        """Change what lies there, as time would; return how many rows it was."""
        with self._connect(self._mesh.ports.postgres_primary, service) as connection:
            return connection.execute(statement, values).rowcount

    def count(self, service: str, query: LiteralString, *values: Any) -> int:
        """Ask the primary for a number."""
        with self._connect(self._mesh.ports.postgres_primary, service) as connection:
            row = connection.execute(query, values).fetchone()
            return int(row[0]) if row else 0

    def dsn(self, service: str) -> str:
        """How to reach a service's database at the primary."""
        port = self._mesh.ports.postgres_primary
        return f"host=127.0.0.1 port={port} user=chorus password={self._password} dbname=chorus_{service}"

    def await_on_replica(self, service: str, query: LiteralString, *values: Any, seconds: float = 10) -> Sequence[Any]:
        """Ask the replica until it answers a row; return the rows."""
        deadline = time.monotonic() + seconds
        with self._connect(self._mesh.ports.postgres_replica, service) as connection:
            standby = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            assert standby == (True,), "that is no replica"
            while not (rows := connection.execute(query, values).fetchall()):
                assert time.monotonic() < deadline, f"not on the replica within {seconds} s: {query} {values}"
        return rows

    def _connect(self, port: int, service: str) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=port,
            user="chorus",
            password=self._password,
            dbname=f"chorus_{service}",
            autocommit=True,
        )


class Ledger:
    """How many rows each table of auth, messaging and files holds, and how far their logs have come, asked often.

    Not counted: what presence notes of whoever asks, failures to sign in, and messaging's copy of auth's users, which
    follows auth's log (counted) by itself.
    """

    _FOLLOWS = frozenset(("mention_keywords", "users"))

    def __init__(self, database: Database) -> None:
        """Keep a connection to each database until `close`."""
        self._connections = {service: psycopg.connect(database.dsn(service), autocommit=True) for service in _SERVICES}
        self._queries = {service: self._query(service) for service in _SERVICES}

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()

    def read(self) -> dict[str, int]:
        """Return it all, by `service.table`; `service.seqs` is the sum of what CurrentSeqs answers."""
        return {
            f"{service}.{name}": int(count or 0)
            for service, connection in self._connections.items()
            for name, count in connection.execute(self._queries[service]).fetchall()
        }

    def _query(self, service: str) -> sql.Composed:
        tables = [table for (table,) in self._connections[service].execute(_TABLES).fetchall()]
        follows = self._FOLLOWS if service == "messaging" else frozenset[str]()
        counts: list[sql.Composable] = [
            sql.SQL("SELECT {}, count(*)::bigint FROM {}").format(sql.Literal(table), sql.Identifier(table))
            for table in tables
            if table not in follows and table not in ("sign_in_attempts", "alembic_version")
        ]
        if "topics" in tables:
            counts.append(sql.SQL("SELECT 'seqs', sum(seq)::bigint FROM topics"))
        return sql.SQL(" UNION ALL ").join(counts)
