"""What is rendered for Envoy: whole, minimal, and at one with the contracts."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import descriptor_pb2

from deploy.local.envoy import POLICY, render, render_endpoints
from deploy.local.ports import Ports
from deploy.local.protos import IMAGE
from deploy.local.topology import DEFAULT_SCALE, Topology, topology

NO_SIDE_EFFECTS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
SERVICES = ["auth", "messaging", "presence", "files", "edge"]
LOGS = ["auth_log", "messaging_log"]
"""Whoever does not answer there is found out by its connection."""


@pytest.fixture
def mesh(tmp_path: Path) -> Topology:
    return topology(Ports(22100), tmp_path / "tls", DEFAULT_SCALE)


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file with its inode, which a rename changes, and its content."""
    return {path.name: (path.stat().st_ino, path.read_bytes()) for path in folder.iterdir()}


def changed(before: dict[str, tuple[int, bytes]], after: dict[str, tuple[int, bytes]]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def resources(folder: Path, name: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = yaml.safe_load((folder / name).read_text())["resources"]
    return answer


def strings(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for pair in node.items() for part in pair for text in strings(part)]
    if isinstance(node, list):
        return [text for item in node for text in strings(item)]
    return [node] if isinstance(node, str) else []


def test_rendering_again_touches_nothing(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path / "xds")
    before = files(tmp_path / "xds")
    render(mesh, tmp_path / "xds")
    assert files(tmp_path / "xds") == before


def test_other_instances_change_their_endpoints_alone(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path / "xds")
    before = files(tmp_path / "xds")
    more = topology(mesh.ports, mesh.tls_directory, {**DEFAULT_SCALE, "edge": 3, "messaging": 1})
    expected = {"eds-edge.yaml", "eds-edge_rest.yaml", "eds-edge_websocket.yaml", "eds-messaging.yaml"}
    render_endpoints(more, tmp_path / "xds")
    assert changed(before, files(tmp_path / "xds")) == expected
    render(mesh, tmp_path / "xds")
    before = files(tmp_path / "xds")
    render(more, tmp_path / "xds")
    assert changed(before, files(tmp_path / "xds")) == expected


def test_endpoints_say_where_and_which_release(mesh: Topology, tmp_path: Path) -> None:
    first, *others = mesh.instances
    render(replace(mesh, instances=(replace(first, release="next"), *others)), tmp_path)
    (auth,) = resources(tmp_path, "eds-auth.yaml")[0]["endpoints"][0]["lb_endpoints"]
    assert auth["endpoint"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 22110}
    assert auth["metadata"]["filter_metadata"]["envoy.lb"] == {"release": "next", "instance": "auth-1"}
    sockets = resources(tmp_path, "eds-edge_websocket.yaml")[0]["endpoints"][0]["lb_endpoints"]
    assert [
        (
            one["endpoint"]["address"]["socket_address"]["port_value"],
            one["endpoint"]["health_check_config"]["port_value"],
        )
        for one in sockets
    ] == [(22171, 22170), (22174, 22173)]


def test_an_edge_that_is_about_to_stop_gets_no_clients_and_is_still_found_by_the_others(
    mesh: Topology, tmp_path: Path
) -> None:
    def ports(cluster: str) -> list[int]:
        (endpoints,) = resources(tmp_path, f"eds-{cluster}.yaml")[0]["endpoints"]
        return [one["endpoint"]["address"]["socket_address"]["port_value"] for one in endpoints["lb_endpoints"]]

    first, second = mesh.of("edge")
    fewer = replace(mesh, instances=tuple(one for one in mesh.instances if one != second))
    render(mesh, tmp_path)
    render_endpoints(fewer, tmp_path, leaving=[second])
    assert ports("edge_rest") == [first.port]
    assert ports("edge_websocket") == [first.websocket_port]
    assert ports("edge") == [first.rpc_port, second.rpc_port]
    render_endpoints(fewer, tmp_path)
    assert ports("edge") == [first.rpc_port]


def test_every_placeholder_is_filled_whatever_the_paths_hold(mesh: Topology, tmp_path: Path) -> None:
    odd = tmp_path / 'a: "b" #c ${d}\'s'
    render(replace(mesh, tls_directory=odd / "tls"), odd / "xds")
    found = [text for path in (odd / "xds").iterdir() for text in strings(yaml.safe_load(path.read_text()))]
    assert f"{odd.resolve()}/tls/ca.pem" in found
    assert not [text for text in found if re.search(r"\$\{[A-Z_]+\}", text)]


def test_every_file_that_is_named_is_rendered(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path / "xds")
    rendered = {str(path) for path in (tmp_path / "xds").iterdir()}
    named = {
        text
        for path in rendered
        for text in strings(yaml.safe_load(Path(path).read_text()))
        if text.startswith(f"{tmp_path}/xds/")
    }
    assert named | {f"{tmp_path}/xds/bootstrap.yaml"} == rendered


def test_what_is_not_for_the_outside_listens_on_loopback(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path)
    admin = yaml.safe_load((tmp_path / "bootstrap.yaml").read_text())["admin"]["address"]["socket_address"]
    assert admin == {"address": "127.0.0.1", "port_value": 22102}
    listeners = {one["name"]: one["address"]["socket_address"] for one in resources(tmp_path, "lds.yaml")}
    assert listeners["mesh"] == {"address": "127.0.0.1", "port_value": 22101}
    assert listeners.keys() == {"front", "mesh"}


def test_every_cluster_states_its_limits_and_watches_its_endpoints(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path)
    clusters = {one["name"]: one for one in resources(tmp_path, "cds.yaml")}
    assert list(clusters) == ["edge_rest", "edge_websocket", *SERVICES, *LOGS]
    for name, cluster in clusters.items():
        (limits,) = cluster["circuit_breakers"]["thresholds"]
        assert limits.keys() >= {"max_connections", "max_pending_requests", "max_requests", "retry_budget"}, name
        assert bool(cluster["health_checks"]) == (name not in LOGS), name
        assert cluster["outlier_detection"]["max_ejection_percent"] == 50, name
    assert clusters["edge_websocket"]["circuit_breakers"]["thresholds"][0]["max_connections"] >= 1_000_000
    assert {name for name in clusters if "HASH" in clusters[name]["lb_policy"]} == {"messaging", *LOGS}
    for log in LOGS:
        (options,) = clusters[log]["typed_extension_protocol_options"].values()
        assert options["explicit_http_config"]["http2_protocol_options"]["connection_keepalive"]["interval"] == "1s"
    hosts = [host["domains"] for host in resources(tmp_path, "rds-mesh.yaml")[0]["virtual_hosts"]]
    assert hosts == [[f"{service}.chorus.internal"] for service in SERVICES]


def test_sockets_may_be_silent_for_longer_than_the_ping_interval(mesh: Topology, tmp_path: Path) -> None:
    render(mesh, tmp_path)
    (front,) = resources(tmp_path, "rds-front.yaml")[0]["virtual_hosts"]
    upgrading = [route for route in front["routes"] if route.get("route", {}).get("upgrade_configs")]
    assert [route["match"]["path"] for route in upgrading] == ["/api/v4/websocket", "/api/v4/websocket/"]
    for route in upgrading:
        assert route["route"]["timeout"] == "0s"
        assert int(route["route"]["idle_timeout"].removesuffix("s")) >= 300


@pytest.fixture(scope="module")
def methods() -> dict[str, descriptor_pb2.MethodDescriptorProto]:
    """Every unary method by its path: a stream is not repeated, Envoy could not know how much of it was used."""
    image = descriptor_pb2.FileDescriptorSet.FromString(IMAGE.read_bytes())
    return {
        f"/{file.package}.{service.name}/{method.name}": method
        for file in image.file
        if file.package.startswith("chorus.")
        for service in file.service
        for method in service.method
        if not (method.client_streaming or method.server_streaming)
    }


def policies(paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What Envoy does with each method: the first route that matches."""
    routes = yaml.safe_load((POLICY / "mesh-routes.yaml").read_text())["virtual_hosts"][0]["routes"]

    def matches(route: dict[str, Any], path: str) -> bool:
        match = route["match"]
        if "safe_regex" in match:
            return re.fullmatch(match["safe_regex"]["regex"], path) is not None
        return path == match["path"] if "path" in match else path.startswith(match["prefix"])

    return {path: next(route["route"] for route in routes if matches(route, path)) for path in paths}


def test_calls_are_repeated_exactly_where_the_contracts_allow_it(
    methods: dict[str, descriptor_pb2.MethodDescriptorProto],
) -> None:
    """Promise 3: a method that isn't declared idempotent must not run twice."""
    assert methods
    unknown = descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN
    declared = {path for path, method in methods.items() if method.options.idempotency_level != unknown}
    listed = {path for path, policy in policies(methods).items() if "unavailable" in policy["retry_policy"]["retry_on"]}
    assert listed - declared == set(), "listed in envoy/mesh-routes.yaml, not declared idempotent in the protos"
    assert declared - listed == set(), "declared idempotent in the protos: list in envoy/mesh-routes.yaml"


def test_what_is_asked_elsewhere_too_may_still_run_late(
    methods: dict[str, descriptor_pb2.MethodDescriptorProto],
) -> None:
    """Promise 3: a try that a paused instance swallowed runs when it goes on; a change must not come back by that."""
    take_their_time = {"/chorus.common.v1.EventLogService/Changed", "/chorus.files.v1.LinkService/DescribeLink"}
    reads = {path for path, method in methods.items() if method.options.idempotency_level == NO_SIDE_EFFECTS}
    guarded = {
        "/chorus.messaging.v1.PostService/CreatePosts",
        "/chorus.presence.v1.PresenceService/ReportSockets",
    }
    policy_of = policies(methods)
    hedged = {path for path, policy in policy_of.items() if "hedge_policy" in policy}
    assert hedged == reads - take_their_time | guarded
    assert hedged == {path for path, policy in policy_of.items() if "per_try_timeout" in policy["retry_policy"]}
