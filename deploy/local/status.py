"""The state of a mesh as one value: a line for each process."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from deploy.local import health, redis
from deploy.local.health import Lag
from deploy.local.postgres import Postgres
from deploy.local.programs import ENVOY, PRIMARY, REDIS, REPLICA
from deploy.local.supervisor import Process
from deploy.local.topology import Instance, Topology


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process."""

    name: str
    release: str | None
    """Of a service's instance."""
    state: str
    """The supervisor's word: running, starting, backoff (it ended, and is started again), stopped."""
    healthy: bool
    why: str
    """Why it isn't healthy, in its own words; empty when it is."""
    address: str
    """host:port of its main listener."""
    pid: int
    uptime_seconds: int
    restarts: int
    """How often it ended unasked since the mesh was started."""
    sockets: int | None = None
    """Open WebSockets, of an edge."""
    lag: Lag | None = None
    """Of a replica."""


@dataclass(frozen=True, slots=True)
class MeshStatus:
    """The mesh."""

    data: str
    url: str
    running: bool
    processes: tuple[ProcessStatus, ...]

    @property
    def healthy(self) -> bool:
        """Whether every process is."""
        return self.running and all(process.healthy for process in self.processes)

    def as_json(self) -> dict[str, Any]:
        """For machines: the fields above, and `healthy`."""
        return {"healthy": self.healthy, **asdict(self)}


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    port: int
    ask: Callable[[], str]
    instance: Instance | None = None


def observe(
    topology: Topology,
    url: str,
    data: Path,
    processes: Mapping[str, Process],
    restarts: Mapping[str, int],
    postgres: Postgres | None,
) -> MeshStatus:
    """Ask every part, all at once, how it is; `postgres` is None for a mesh that does not run."""
    if postgres is None:
        return MeshStatus(str(data), url, running=False, processes=())
    parts = _parts(topology, postgres)
    with ThreadPoolExecutor(len(parts) + 1) as pool:
        lag = pool.submit(health.lag, postgres)
        lines = list(pool.map(lambda part: _line(part, processes.get(part.name), restarts), parts))
        measured = lag.result()
    return MeshStatus(str(data), url, running=True, processes=tuple(_with_lag(line, measured) for line in lines))


def _parts(topology: Topology, postgres: Postgres) -> list[_Part]:
    ports = topology.ports

    def of(instance: Instance) -> _Part:
        return _Part(instance.name, instance.port, lambda: health.instance(instance), instance)

    return [
        _Part(ENVOY, ports.front, lambda: health.envoy(ports)),
        _Part(PRIMARY, ports.postgres_primary, lambda: health.primary(postgres)),
        _Part(REPLICA, ports.postgres_replica, lambda: health.replica(postgres)),
        _Part(REDIS, ports.redis, lambda: redis.answers(ports, postgres.secrets)),
        *(of(instance) for instance in topology.instances),
    ]


def _line(part: _Part, process: Process | None, restarts: Mapping[str, int]) -> ProcessStatus:
    is_up = process is not None and process.pid != 0
    why = part.ask() if is_up else "is not running"
    edge = part.instance if part.instance is not None and part.instance.service == "edge" else None
    return ProcessStatus(
        name=part.name,
        release=part.instance.release if part.instance else None,
        state=process.state.lower() if process else "unknown",
        healthy=not why,
        why=why,
        address=f"127.0.0.1:{part.port}",
        pid=process.pid if process else 0,
        uptime_seconds=process.uptime if process else 0,
        restarts=restarts.get(part.name, 0),
        sockets=health.sockets(edge) if edge and is_up else None,
    )


def _with_lag(line: ProcessStatus, lag: Lag | None) -> ProcessStatus:
    return replace(line, lag=lag) if line.name == REPLICA else line
