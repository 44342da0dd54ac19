"""What runs where: the plain value from which Envoy's files and the supervisor's programs are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import Ports

SERVICES = ("auth", "messaging", "presence", "files", "edge")
DEFAULT_SCALE: Mapping[str, int] = {"auth": 1, "messaging": 2, "presence": 1, "files": 1, "edge": 2}


@dataclass(frozen=True, slots=True)
class Instance:
    """One running copy of a service."""

    service: str
    name: str
    release: str
    host: str
    port: int
    """gRPC of a service; REST of an edge."""
    websocket_port: int | None
    """Of an edge alone."""
    rpc_port: int
    """gRPC: where Envoy's mesh listener sends calls."""
    admin_port: int
    """/healthz, /readyz, /metrics."""

    @property
    def ordinal(self) -> int:
        """The n of `<service>-<n>`."""
        return int(self.name.rpartition("-")[2])


@dataclass(frozen=True, slots=True)
class Topology:
    """A mesh on one machine."""

    ports: Ports
    tls_directory: Path
    """Holds ca.pem, and <identity>.pem and <identity>-key.pem of every service and of envoy."""
    instances: tuple[Instance, ...]

    def of(self, service: str) -> tuple[Instance, ...]:
        """The instances of one service, in order."""
        return tuple(instance for instance in self.instances if instance.service == service)


def instance(ports: Ports, service: str, ordinal: int, release: str) -> Instance:
    """Instance number `ordinal` (from 1) of a service, at its place in the block."""
    first = ports.instance(service, ordinal)
    edge = service == "edge"
    return Instance(
        service=service,
        name=f"{service}-{ordinal}",
        release=release,
        host="127.0.0.1",
        port=first,
        websocket_port=first + 1 if edge else None,
        rpc_port=ports.edge_rpc(ordinal) if edge else first,
        admin_port=first + 2 if edge else first + 1,
    )


def topology(ports: Ports, tls_directory: Path, scale: Mapping[str, int], release: str = "stable") -> Topology:
    """The mesh with so many instances of each service."""
    return Topology(
        ports=ports,
        tls_directory=tls_directory,
        instances=tuple(
            instance(ports, service, ordinal, release)
            for service, count in scale.items()
            for ordinal in range(1, count + 1)
        ),
    )
