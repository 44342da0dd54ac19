"""PostgreSQL on one machine: a primary and a streaming replica, each a cluster of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local.account import Account
from deploy.local.ports import Ports
from deploy.local.secrets import Secrets, write_private

DATABASES = ("chorus_auth", "chorus_messaging", "chorus_presence", "chorus_files")
_SLOT = "replica_1"

_SETTINGS = """\
# Written by `chorus up`; your own settings go into operator.conf beside this file, and win.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
password_encryption = 'scram-sha-256'

shared_buffers = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off

wal_level = replica
synchronous_commit = on
max_wal_size = 1GB
checkpoint_timeout = 15min
max_wal_senders = 10
max_replication_slots = 10
# A replica that stays away for long is made anew; it must not fill the disk.
max_slot_wal_keep_size = 2GB

hot_standby = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
max_standby_streaming_delay = 10s

# An idle server sleeps. By default one looks for pages to write out and for log to flush five times a second; commits
# flush by themselves and wait for neither. Looking less often, it may write as many more pages each time.
bgwriter_delay = 3s
bgwriter_lru_maxpages = 1500
wal_writer_delay = 5s
# Every database is looked at once in this time, by a process that is started for it and takes 25 ms to find nothing to
# do: for five of them and once a minute that was 0.2 % of a core.
autovacuum_naptime = 3min

# A transaction that its client forgot would hold its locks forever.
idle_in_transaction_session_timeout = 60s
log_timezone = 'UTC'
timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 1s
"""

_ACCESS = """\
# Written by `chorus up`. Passwords always, and from this machine alone.
host all         all        127.0.0.1/32 scram-sha-256
host replication replicator 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Postgres:
    """The two clusters of one mesh: makes them, and connects to them as their superuser."""

    account: Account
    ports: Ports
    secrets: Secrets

    @property
    def primary(self) -> Path:
        """The primary's data."""
        return self.account.home / "primary"

    @property
    def replica(self) -> Path:
        """The replica's data."""
        return self.account.home / "replica-1"

    def command(self, cluster: Path) -> list[str]:
        """How to run the server of a cluster in the foreground."""
        return [str(self.account.binaries / "postgres"), "-D", str(cluster)]

    def ensure_primary(self) -> None:
        """Make the primary's cluster if there is none, and write its settings. It must not be running."""
        if not self.primary.exists():
            self._initialise()
        self._configure(self.primary, self.ports.postgres_primary)

    def ensure_databases(self) -> None:
        """Make roles, databases and the replica's slot; the primary must be running."""
        with self.connect(self.ports.postgres_primary) as connection:
            for role, options, password in (
                ("chorus", "LOGIN", self.secrets.chorus),
                ("replicator", "LOGIN REPLICATION", self.secrets.replicator),
            ):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
                connection.execute(
                    sql.SQL("{verb} ROLE {role} {options} PASSWORD {password}").format(
                        verb=sql.SQL("ALTER" if known else "CREATE"),
                        role=sql.Identifier(role),
                        options=sql.SQL(options),
                        password=sql.Literal(password),
                    )
                )
            # To see whether a standby follows: a primary that none does vouches for nothing.
            connection.execute("GRANT pg_read_all_stats TO chorus")
            held = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            for database in DATABASES:
                if database not in held:
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER chorus").format(sql.Identifier(database)))
            connection.execute(
                "SELECT pg_create_physical_replication_slot(%s, true)"
                " WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)",
                (_SLOT, _SLOT),
            )

    def replica_is_usable(self) -> bool:
        """Whether the replica's cluster is there and the primary still has what it needs to catch up."""
        if not self.replica.exists():
            return False
        with self.connect(self.ports.postgres_primary) as connection:
            row = connection.execute(
                "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", (_SLOT,)
            ).fetchone()
        return row is not None and row[0] != "lost"

    def copy_primary(self) -> None:
        """Make the replica's cluster, anew if there is one, from the running primary. It must not be running."""
        shutil.rmtree(self.replica, ignore_errors=True)
        fresh = self._fresh(self.replica)
        with self.connect(self.ports.postgres_primary) as connection:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (_SLOT,))
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (_SLOT,))
        self.account.run(
            "pg_basebackup",
            f"--dbname=host=127.0.0.1 port={self.ports.postgres_primary} user=replicator",
            f"--pgdata={fresh}",
            f"--slot={_SLOT}",
            "--wal-method=stream",
            "--checkpoint=fast",
            environ={"PGPASSWORD": self.secrets.replicator},
        )
        fresh.rename(self.replica)

    def configure_replica(self) -> None:
        """Write the replica's settings. It must not be running."""
        self._configure(self.replica, self.ports.postgres_replica, self._follows())
        standby = self.replica / "standby.signal"
        standby.touch()
        self.account.own(standby)

    @contextmanager
    def connect(self, port: int, timeout: int = 5) -> Iterator[psycopg.Connection]:
        """A connection as superuser, each statement its own transaction. Raises psycopg.OperationalError."""
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user="postgres",
            password=self.secrets.postgres,
            dbname="postgres",
            autocommit=True,
            connect_timeout=timeout,
            application_name="chorus",
        ) as connection:
            yield connection

    def _initialise(self) -> None:
        fresh = self._fresh(self.primary)
        password = self.account.home / "superuser-password"
        write_private(password, self.secrets.postgres)
        self.account.own(password)
        try:
            self.account.run(
                "initdb",
                f"--pgdata={fresh}",
                "--username=postgres",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # Sorting by code point, the same on every machine, so a cluster can move; languages sort in the client.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            )
        finally:
            password.unlink()
        fresh.rename(self.primary)

    def _fresh(self, cluster: Path) -> Path:
        # Renamed when complete: an interrupted start leaves no half of a cluster under the name that counts.
        fresh = cluster.with_name(f"{cluster.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        return fresh

    def _configure(self, cluster: Path, port: int, more: str = "") -> None:
        self._write(cluster / "chorus.conf", _SETTINGS.format(port=port) + more)
        self._write(cluster / "pg_hba.conf", _ACCESS)
        self._write(cluster / "postgresql.conf", "include 'chorus.conf'\ninclude_if_exists 'operator.conf'\n")

    def _follows(self) -> str:
        primary = (
            f"host=127.0.0.1 port={self.ports.postgres_primary} user=replicator "
            f"password={self.secrets.replicator} application_name={_SLOT}"
        )
        return f"\nprimary_conninfo = '{primary}'\nprimary_slot_name = '{_SLOT}'\n"

    def _write(self, path: Path, text: str) -> None:
        write_private(path, text)
        self.account.own(path)
