"""A standby of the grounds' primary: made late, delayed, stopped, killed and promoted as a test needs it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import psutil

from services.chassis.config import Settings
from services.chassis.config.secret import Secret
from tests.contract.grounds import Grounds, answers, running, wait

NAME = "replica_1"
"""What it calls itself to the primary."""


class Standby:
    """One streaming standby, of all the primary's databases."""

    def __init__(self, grounds: Grounds) -> None:
        """Copy the primary and follow it."""
        self._grounds, self._postgres = grounds, grounds.postgres
        self._port = grounds.ports.postgres_replica
        self._log = grounds.layout.data / "standby.log"
        self._stack = ExitStack()
        free = "SELECT FROM pg_replication_slots WHERE active"
        wait("the slot of one before", lambda: not self._ask(grounds.ports.postgres_primary, free), self._log)
        self._postgres.copy_primary()
        self._postgres.configure_replica()
        self._start()

    def read_by(self, settings: Settings) -> Settings:
        """Return settings that read from it, too."""
        dsn = self._dsn(settings)
        return replace(settings, SqlSettings=replace(settings.SqlSettings, DataSourceReplicas=(Secret(dsn),)))

    def written_by(self, settings: Settings) -> Settings:
        """Return settings that take it for the primary."""
        return replace(settings, SqlSettings=replace(settings.SqlSettings, DataSource=Secret(self._dsn(settings))))

    def catch_up(self) -> None:
        """Wait until it shows all that the primary has now."""
        ((lsn,),) = self._ask(self._grounds.ports.postgres_primary, "SELECT pg_current_wal_lsn()::text")
        shown = f"SELECT pg_last_wal_replay_lsn() >= '{lsn}'"
        wait("the standby's replay", lambda: self._ask(self._port, shown) == [(True,)], self._log)

    def delay(self) -> None:
        """Show every commit 30 seconds late."""
        self._set("recovery_min_apply_delay = '30s'")

    def pause_replay(self) -> None:
        """Receive, and show nothing new."""
        self._ask(self._port, "SELECT pg_wal_replay_pause()")

    def freeze(self) -> None:
        """Stand still, every process of it."""
        stop(self._process)

    def kill(self) -> None:
        """Be gone."""
        _signal(self._process, signal.SIGKILL)
        self._process.wait()

    def heal(self) -> None:
        """Be what it was at first. In the main thread: whoever starts a process ends it by ending."""
        if self._process.poll() is not None:
            self._stack.close()
            self._start()
        go_on(self._process)
        self._ask(self._port, "SELECT pg_wal_replay_resume()")
        self._set("recovery_min_apply_delay = 0")
        self.catch_up()

    def promote(self) -> None:
        """Be a primary, whatever the one before does."""
        self._ask(self._port, "SELECT pg_promote()")

    @contextmanager
    def synchronous(self) -> Iterator[None]:
        """Let the primary's COMMITs wait for it."""
        port = self._grounds.ports.postgres_primary
        state = "SELECT sync_state FROM pg_stat_replication"
        self._ask(port, f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        self._ask(port, "SELECT pg_reload_conf()")
        try:
            wait("the standby's part in commits", lambda: self._ask(port, state) == [("sync",)], self._log)
            yield
        finally:
            self._ask(port, "ALTER SYSTEM RESET synchronous_standby_names")
            self._ask(port, "SELECT pg_reload_conf()")

    def close(self) -> None:
        """End it."""
        go_on(self._process)
        self._stack.close()

    def _start(self) -> None:
        command = self._postgres.command(self._postgres.replica)
        self._process: subprocess.Popen[bytes] = self._stack.enter_context(
            running(command, self._log, self._postgres.account.user)
        )
        wait("the standby", lambda: answers(self._postgres, self._port), self._log)

    def _set(self, setting: str) -> None:
        self._ask(self._port, f"ALTER SYSTEM SET {setting}")
        self._ask(self._port, "SELECT pg_reload_conf()")

    def _ask(self, port: int, statement: str) -> list[tuple[Any, ...]]:
        with self._postgres.connect(port) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def _dsn(self, settings: Settings) -> str:
        ports = self._grounds.ports
        return settings.SqlSettings.DataSource.reveal().replace(f":{ports.postgres_primary}/", f":{self._port}/")


def family(server: "subprocess.Popen[bytes]") -> list[int]:
    """Return the ids of a server's processes: each of PostgreSQL's has a session of its own, so no group names them."""
    try:
        process = psutil.Process(server.pid)
        return [server.pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def stop(server: "subprocess.Popen[bytes]") -> None:
    """Let all of a server stand still, as on a machine that sleeps."""
    _signal(server, signal.SIGSTOP)


def go_on(server: "subprocess.Popen[bytes]") -> None:
    """Wake it."""
    _signal(server, signal.SIGCONT)


def _signal(server: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    for pid in family(server):
        with suppress(ProcessLookupError):  # one that served a connection may have ended since
            os.kill(pid, number)


@contextmanager
def standby(grounds: Grounds) -> Iterator[Standby]:
    """Make one; leave the primary as it was."""
    made = Standby(grounds)
    try:
        yield made
    finally:
        made.close()
