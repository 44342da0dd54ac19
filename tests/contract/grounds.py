"""What contract tests stand on: one PostgreSQL, one Redis and the mesh's certificates, for the whole session."""

import asyncio
import ctypes
import itertools
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from deploy.local import authority, configuration, redis
from deploy.local.account import settle
from deploy.local.paths import Layout
from deploy.local.ports import Ports, free_block
from deploy.local.postgres import Postgres
from deploy.local.secrets import Secrets
from services.chassis.config import Settings, load
from services.chassis.database.migrations import migrate

_PR_SET_PDEATHSIG = 1
_REDIS_DATABASES = 16
_SERVICES = Path(__file__).parents[2] / "services"


@dataclass(frozen=True, slots=True)
class Grounds:
    """Running parts, and settings that lead to them."""

    layout: Layout
    ports: Ports
    secrets: Secrets
    postgres: Postgres
    primary: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _templates: dict[str, str] = field(default_factory=dict)

    @property
    def tls(self) -> Path:
        """The folder of certificates."""
        return self.layout.tls

    def settings(self, service: str, **sections: Mapping[str, Any]) -> Settings:
        """Make a database for `service`, as it is before anybody used it, and return settings that name it.

        With `sections` laid over them: `settings("auth", TeamSettings={"EnableOpenServer": True})`; read from a real
        config.json.
        """
        number = next(self._numbers)
        name = f"contract{number}"
        self._create(f"{name}_{service}", self._template(service))
        config = configuration.rendered(self.layout, self.ports, self.secrets)
        config["SqlSettings"]["DataSource"] = (
            f"postgres://chorus:{self.secrets.chorus}@127.0.0.1:{self.ports.postgres_primary}/{name}"
        )
        config["SqlSettings"]["DataSourceReplicas"] = []
        config["RedisSettings"]["RedisDB"] = number % _REDIS_DATABASES
        config["FileSettings"]["Directory"] = str(self.layout.data / "files" / name)
        config["ChorusSettings"]["DrainNoticeMilliseconds"] = 0
        for section, keys in sections.items():
            config.setdefault(section, {}).update(keys)
        path = self.layout.data / f"{name}.json"
        path.write_text(json.dumps(config))
        return load(path, {}).settings

    def _template(self, service: str) -> str:
        """Return the name of a database that the service's migrations have made: a copy takes a tenth of their time."""
        if service not in self._templates:
            name = "template1"
            if (folder := _SERVICES / service / "migrations").is_dir():
                name = f"migrated_{service}"
                self._create(name, "template1")
                dsn = f"postgres://chorus:{self.secrets.chorus}@127.0.0.1:{self.ports.postgres_primary}/{name}"
                with ThreadPoolExecutor(1) as beside:  # the loop of an async fixture runs here
                    beside.submit(asyncio.run, migrate(dsn, folder)).result()
            self._templates[service] = name
        return self._templates[service]

    def _create(self, name: str, template: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} OWNER chorus TEMPLATE {}")
        with self.postgres.connect(self.ports.postgres_primary) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


@contextmanager
def grounds() -> Iterator[Grounds]:
    """Start everything; stop it and leave nothing."""
    # Not pytest's tmp_path: that is closed to the user that PostgreSQL runs as when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="chorus-contract-"))
    folder.chmod(0o755)
    layout, ports, secrets = Layout(folder), Ports(free_block()), Secrets()
    postgres = Postgres(settle(layout), ports, secrets)
    try:
        authority.ensure(layout.tls)
        postgres.ensure_primary()
        # Durability is proved elsewhere, by killing a whole mesh; here it would only cost time.
        (postgres.primary / "operator.conf").write_text("fsync = off\nmax_connections = 400\n")
        (postgres.primary / "operator.conf").chmod(0o644)
        redis_config = redis.configure(layout.redis, ports, secrets)
        with (
            running(postgres.command(postgres.primary), layout.data / "postgres.log", postgres.account.user) as primary,
            running([redis.executable(), str(redis_config)], layout.data / "redis.log"),
        ):
            wait("PostgreSQL", lambda: answers(postgres, ports.postgres_primary), layout.data / "postgres.log")
            wait("Redis", lambda: not redis.answers(ports, secrets), layout.data / "redis.log")
            postgres.ensure_databases()
            yield Grounds(layout, ports, secrets, postgres, primary)
            primary.send_signal(signal.SIGQUIT)  # at once: nobody needs what a checkpoint would save
    finally:
        shutil.rmtree(postgres.account.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(command: Sequence[str], log: Path, user: str | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server, as `user` if given; end it fast, even when pytest itself is killed."""
    identity: dict[str, Any] = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    libc = ctypes.CDLL(None)

    def die_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)

    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd="/",
            env={**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for pytest, which then ends this in order
            preexec_fn=die_with_parent,
            **identity,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(what: str, there: Callable[[], bool], log: Path) -> None:
    """Wait until a server is there; fail with the end of its log."""
    deadline = time.monotonic() + 30
    while not there():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def answers(postgres: Postgres, port: int) -> bool:
    """Whether a server takes connections."""
    try:
        with postgres.connect(port, timeout=2):
            return True
    except psycopg.OperationalError:
        return False
