"""How each part of a mesh is, asked of the part itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from deploy.local import probe
from deploy.local.ports import Ports
from deploy.local.postgres import Postgres
from deploy.local.topology import Instance, Topology

_SOCKETS = "chorus_edge_sockets"


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the replica is behind the primary."""

    bytes: int
    """Written on the primary and not yet visible on the replica."""
    seconds: float
    """Since the last transaction that the replica shows, if there are newer ones."""


def instance(of: Instance) -> str:
    """Empty when the instance takes work, else why not, in its own words."""
    answer = probe.get(f"http://{of.host}:{of.admin_port}/readyz")
    if answer.status == 200:
        return ""
    if answer.status == 0:
        return f"does not answer ({answer.body.decode()})"
    try:
        return "; ".join(json.loads(answer.body)["reasons"]) or "not ready"
    except (ValueError, KeyError, TypeError):
        return f"/readyz answers {answer.status}"


def sockets(edge: Instance) -> int | None:
    """How many WebSockets are open on the edge; None when it does not say."""
    answer = probe.get(f"http://{edge.host}:{edge.admin_port}/metrics")
    counts = [
        float(line.rpartition(" ")[2])
        for line in answer.body.decode(errors="replace").splitlines()
        if line.startswith((f"{_SOCKETS} ", f"{_SOCKETS}{{"))
    ]
    return int(sum(counts)) if answer.status == 200 and counts else None


def primary(postgres: Postgres) -> str:
    """Empty when the primary takes writes, else why not."""
    return _server(postgres, postgres.ports.postgres_primary, is_replica=False)


def replica(postgres: Postgres) -> str:
    """Empty when the replica answers reads and follows the primary, else why not."""
    why = _server(postgres, postgres.ports.postgres_replica, is_replica=True)
    if why:
        return why
    try:
        with postgres.connect(postgres.ports.postgres_primary, timeout=2) as connection:
            row = connection.execute("SELECT state FROM pg_stat_replication").fetchone()
    except psycopg.Error as error:
        return f"the primary cannot be asked: {_sentence(error)}"
    if row is None:
        return "does not follow the primary"
    return "" if row[0] == "streaming" else f"{row[0]}: not streaming yet"


def lag(postgres: Postgres) -> Lag | None:
    """How far behind the replica is; None when either cannot be asked."""
    try:
        with postgres.connect(postgres.ports.postgres_primary, timeout=2) as connection:
            there = connection.execute(
                "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) FROM pg_stat_replication"
            ).fetchone()
        with postgres.connect(postgres.ports.postgres_replica, timeout=2) as connection:
            here = connection.execute(
                "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
                " ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END"
            ).fetchone()
    except psycopg.Error:
        return None
    if there is None or here is None or there[0] is None:
        return None
    return Lag(max(0, int(there[0])), float(here[0] or 0))


def envoy(ports: Ports) -> str:
    """Empty when Envoy serves, else why not."""
    answer = probe.get(f"http://127.0.0.1:{ports.envoy_admin}/ready")
    return "" if answer.status == 200 else answer.body.decode(errors="replace").strip() or "not ready"


def front(ports: Ports) -> str:
    """Empty when a request through the front reaches an edge, else why not."""
    answer = probe.get(f"http://127.0.0.1:{ports.front}/healthz")
    return "" if answer.status == 200 else f"answers {answer.status}: {answer.body.decode(errors='replace')[:200]}"


def routed(topology: Topology) -> list[str]:
    """The instances that Envoy does not send traffic to, though they are part of the mesh."""
    hosts = _hosts(topology.ports)
    return [
        instance.name
        for instance in topology.instances
        if not all(hosts.get(cluster, {}).get(port, False) for cluster, port in _places(instance))
    ]


def forgotten(ports: Ports, instance: Instance) -> bool:
    """Whether Envoy sends the instance no work any more."""
    hosts = _hosts(ports)
    return not any(port in hosts.get(cluster, {}) for cluster, port in _work(instance))


def _places(instance: Instance) -> list[tuple[str, int]]:
    return list({*_work(instance), (instance.service, instance.rpc_port)})


def _work(instance: Instance) -> list[tuple[str, int]]:
    """Where work comes in; an edge that gets none can still be asked for its connections."""
    if instance.websocket_port is None:
        return [(instance.service, instance.rpc_port)]
    return [("edge_rest", instance.port), ("edge_websocket", instance.websocket_port)]


def _hosts(ports: Ports) -> Mapping[str, Mapping[int, bool]]:
    """Cluster → port → whether Envoy finds it healthy."""
    answer = probe.get(f"http://127.0.0.1:{ports.envoy_admin}/clusters?format=json")
    if answer.status != 200:
        return {}
    return {
        cluster["name"]: {
            host["address"]["socket_address"]["port_value"]: _is_healthy(host.get("health_status", {}))
            for host in cluster.get("host_statuses", ())
        }
        for cluster in json.loads(answer.body).get("cluster_statuses", ())
    }


def _is_healthy(status: Mapping[str, object]) -> bool:
    # Beside eds_health_status stands one true flag for each thing that is wrong or not known yet.
    return not any(value is True for value in status.values())


def _server(postgres: Postgres, port: int, *, is_replica: bool) -> str:
    try:
        with postgres.connect(port, timeout=2) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    except psycopg.Error as error:
        return _sentence(error)
    if row == (is_replica,):
        return ""
    return "is a primary of its own" if is_replica else "is in recovery: it takes no writes"


def _sentence(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
