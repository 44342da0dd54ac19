"""Ports follow from the front port, do not overlap, and are looked at before they are used."""

import socket
from pathlib import Path

import pytest

from deploy.local import obstacles
from deploy.local.paths import Layout
from deploy.local.ports import BLOCK, Ports, block_is_free, free_block, is_free, room
from deploy.local.topology import SERVICES, topology
from deploy.local.trouble import Trouble


def test_a_full_mesh_fits_its_block_and_no_two_share_a_port(tmp_path: Path) -> None:
    ports = Ports(8065)
    mesh = topology(ports, tmp_path, {service: room(service) for service in SERVICES})
    taken = [
        *(ports.front, ports.mesh, ports.envoy_admin, ports.postgres_primary, ports.postgres_replica, ports.redis),
        *(
            port
            for one in mesh.instances
            for port in {one.port, one.websocket_port, one.rpc_port, one.admin_port}
            if port is not None
        ),
    ]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(range(8065, 8065 + BLOCK))


def test_places_are_those_of_the_agreement(tmp_path: Path) -> None:
    mesh = topology(Ports(8065), tmp_path, {"messaging": 2, "edge": 2})
    second, edge = mesh.of("messaging")[1], mesh.of("edge")[1]
    assert (second.name, second.port, second.admin_port, second.websocket_port) == ("messaging-2", 8097, 8098, None)
    assert second.rpc_port == second.port
    assert (edge.name, edge.port, edge.websocket_port, edge.admin_port) == ("edge-2", 8138, 8139, 8140)
    assert edge.rpc_port == 8086


def test_more_instances_than_there_is_room_for_is_trouble(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="room for 5 instances of files"):
        topology(Ports(8065), tmp_path, {"files": 6})


def test_a_taken_port_names_its_wants_and_the_way_out() -> None:
    front = free_block()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier mesh may linger
        taken.bind(("127.0.0.1", front + 3))
        taken.listen()
        assert not is_free(front + 3)
        assert not block_is_free(front)
        with pytest.raises(Trouble, match=rf"port {front + 3}, needed by postgres-primary, is taken by .*PORT=\d+"):
            obstacles.check_ports({front: "envoy", front + 3: "postgres-primary"}, front)
    obstacles.check_ports({front + 3: "postgres-primary"}, front)


def test_a_full_disk_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obstacles, "_ROOM", 1 << 62)
    with pytest.raises(Trouble, match="is full"):
        obstacles.check_disk(tmp_path)


def test_sockets_lie_in_a_short_folder_of_the_meshs_own(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("long" * 40))
    assert len(str(deep.sockets / "supervisor.sock")) < 100
    assert deep.sockets != Layout(tmp_path).sockets
