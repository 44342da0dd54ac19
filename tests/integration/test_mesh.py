"""One machine: what `chorus up` starts stays up, whatever is killed, and goes when it is told to.

PostgreSQL, Redis, Envoy and the supervisor are real; the services are stand-ins that keep only the agreement.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.local import health, leftovers, probe, programs, secrets
from deploy.local.mesh import Mesh
from deploy.local.paths import Layout
from deploy.local.ports import free_block
from deploy.local.topology import Instance
from deploy.local.trouble import Trouble


def _stand_in(instance: Instance, layout: Layout) -> Sequence[str]:
    python, dash_m, _, *rest = programs.service_command(instance, layout)
    return [python, dash_m, "tests.integration.mesh_standin", *rest]


def _until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)  # between two looks at a condition that has a deadline


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    mesh = Mesh(tmp_path_factory.mktemp("mesh"), free_block(), command=_stand_in)
    try:
        mesh.up()
        yield mesh
    finally:
        mesh.erase()


@pytest.fixture
def again(mesh: Mesh) -> Callable[[], Mesh]:
    """The same mesh as another command would see it."""
    return lambda: Mesh(mesh.layout.data, command=_stand_in)


def _connect(mesh: Mesh, port: int) -> psycopg.Connection:
    password = secrets.load(mesh.layout.secrets).chorus
    return psycopg.connect(
        host="127.0.0.1", port=port, user="chorus", password=password, dbname="chorus_messaging", autocommit=True
    )


def _answering(mesh: Mesh) -> str:
    answer = probe.get(f"{mesh.front_url}/api/v4/system/ping")
    return str(json.loads(answer.body)["instance"]) if answer.status == 200 else f"{answer.status}"


def test_every_process_is_up_and_says_so(mesh: Mesh) -> None:
    status = mesh.status()
    assert status.healthy, [line for line in status.processes if not line.healthy]
    lines = {line.name: line for line in status.processes}
    assert {"auth-1", "messaging-1", "messaging-2", "presence-1", "files-1", "edge-1", "edge-2"} < set(lines)
    assert lines["edge-2"].sockets == 7
    assert lines["postgres-replica"].lag is not None
    json.dumps(status.as_json())


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux alone lets who was woken wait")
def test_no_process_of_it_is_interrupted_by_the_waking_of_another(mesh: Mesh) -> None:
    for line in mesh.status().processes:
        for pid in _family(line.pid):
            with suppress(ProcessLookupError):  # one of PostgreSQL's that served a connection may have ended since
                assert os.sched_getscheduler(pid) == os.SCHED_BATCH, line.name
    assert os.sched_getscheduler(0) == os.sched_getscheduler(os.getppid())  # who started it is as before


def test_a_second_up_changes_nothing(mesh: Mesh, again: Callable[[], Mesh]) -> None:
    before = {line.name: line.pid for line in mesh.status().processes}
    files = {path: path.stat().st_mtime_ns for path in mesh.layout.envoy.iterdir()}
    again().up()
    assert {line.name: line.pid for line in mesh.status().processes} == before
    assert {path: path.stat().st_mtime_ns for path in mesh.layout.envoy.iterdir()} == files


def test_what_the_primary_committed_is_on_the_replica(mesh: Mesh) -> None:
    with _connect(mesh, mesh.ports.postgres_primary) as primary, _connect(mesh, mesh.ports.postgres_replica) as replica:
        primary.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        primary.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        _until(lambda: replica.execute("SELECT to_regclass('kept')").fetchone() != (None,), "the table on the replica")
        primary.execute("INSERT INTO kept VALUES (1)")
        _until(lambda: replica.execute("SELECT count(*) FROM kept").fetchone() == (1,), "the row on the replica")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            replica.execute("INSERT INTO kept VALUES (2)")


@pytest.mark.parametrize("name", ["redis", "edge-1", "messaging-2", "postgres-replica", "postgres-primary", "envoy"])
def test_what_is_killed_comes_back(mesh: Mesh, name: str) -> None:
    killed = mesh.pid(name)
    restarts = next(line.restarts for line in mesh.status().processes if line.name == name)
    os.kill(killed, signal.SIGKILL)
    _until(lambda: mesh.pid(name) not in (0, killed), f"{name} runs again")
    _until(lambda: mesh.status().healthy, f"all is well after {name}")
    _until(lambda: not health.routed(mesh.topology), "Envoy sends traffic to all")
    assert next(line.restarts for line in mesh.status().processes if line.name == name) > restarts


def test_a_new_edge_takes_traffic_and_a_removed_one_leaves_without_a_failed_request(
    mesh: Mesh, again: Callable[[], Mesh]
) -> None:
    envoy = mesh.pid("envoy")
    answers: list[str] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            answers.append(_answering(mesh))

    client = threading.Thread(target=ask)
    client.start()
    try:
        again().scale("edge", 3)
        _until(lambda: "edge-3" in answers, "the new edge answers through Envoy")
        third = again().pid("edge-3")
        again().scale("edge", 2)
    finally:
        enough.set()
        client.join()
    assert set(answers) == {"edge-1", "edge-2", "edge-3"}
    assert not psutil.pid_exists(third)
    assert {_answering(mesh) for _ in range(40)} == {"edge-1", "edge-2"}
    assert mesh.pid("envoy") == envoy
    assert "edge-3" not in {line.name for line in again().status().processes}


@pytest.mark.parametrize(
    ("service", "count", "why"),
    [("edges", 2, "no service 'edges'"), ("files", 99, "1 to 5 instances"), ("edge", 0, "1 to 10 instances")],
)
def test_a_scale_that_cannot_be_is_one_sentence(mesh: Mesh, service: str, count: int, why: str) -> None:
    with pytest.raises(Trouble, match=why):
        mesh.scale(service, count)


def test_a_killed_supervisor_leaves_orphans_that_the_next_up_replaces(mesh: Mesh, again: Callable[[], Mesh]) -> None:
    before = {line.name: line.pid for line in mesh.status().processes}
    os.kill(int((mesh.layout.data / "supervisord.pid").read_text()), signal.SIGKILL)
    _until(lambda: not mesh.is_running(), "the supervisor is gone")
    again().up()
    after = {line.name: line.pid for line in mesh.status().processes}
    assert mesh.status().healthy
    assert set(before.values()).isdisjoint(after.values())
    assert not any(psutil.pid_exists(pid) for pid in before.values())


def test_another_port_while_it_runs_is_refused(mesh: Mesh) -> None:
    with pytest.raises(Trouble, match="stop it first"):
        Mesh(mesh.layout.data, mesh.ports.front + 100, command=_stand_in).up()


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path, mesh: Mesh) -> None:
    with pytest.raises(Trouble, match=rf"port {mesh.ports.front}, needed by envoy, is taken by the mesh in"):
        Mesh(tmp_path / "other", mesh.ports.front, command=_stand_in).up()
    Mesh(tmp_path / "other").erase()


def test_a_service_that_does_not_start_shows_the_end_of_its_log(mesh: Mesh) -> None:
    mesh.down()

    def broken(instance: Instance, layout: Layout) -> Sequence[str]:
        if instance.name != "files-1":
            return _stand_in(instance, layout)
        return [sys.executable, "-c", "raise SystemExit('the disk is on fire')"]

    with pytest.raises(Trouble, match=r"(?s)files-1 does not start.*files-1\.log.*the disk is on fire"):
        Mesh(mesh.layout.data, command=broken).up()
    assert {line.name for line in mesh.status().processes if not line.healthy} == {"files-1"}


def test_locks_of_a_machine_that_lost_power_do_not_stop_the_next_start(mesh: Mesh, again: Callable[[], Mesh]) -> None:
    mesh.down()
    # The number in the lock now belongs to someone else: this very test.
    for cluster in ("primary", "replica-1"):
        (mesh.layout.postgres / cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")
    mesh.layout.sockets.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(mesh.layout.sockets / "supervisor.sock"))
    again().up()
    assert mesh.status().healthy


def test_down_leaves_nothing_running_and_up_brings_the_data_back(mesh: Mesh, again: Callable[[], Mesh]) -> None:
    with _connect(mesh, mesh.ports.postgres_primary) as primary:
        primary.execute("CREATE TABLE IF NOT EXISTS lasting (n int)")
        primary.execute("INSERT INTO lasting VALUES (7)")
    assert again().down()
    assert leftovers.end_processes(mesh.layout) == 0
    assert not mesh.layout.sockets.exists()
    assert not again().status().running
    assert not again().down()
    again().up()
    with _connect(mesh, mesh.ports.postgres_primary) as primary:
        assert primary.execute("SELECT n FROM lasting").fetchone() == (7,)


def test_erase_leaves_neither_processes_nor_data(mesh: Mesh, again: Callable[[], Mesh]) -> None:
    again().up()
    databases = mesh.layout.postgres.resolve()
    ran = [process for pid in [line.pid for line in mesh.status().processes] for process in _family(pid)]
    again().erase()
    assert not [pid for pid in ran if psutil.pid_exists(pid)]
    assert not mesh.is_running()
    assert not databases.exists()
    assert not mesh.layout.data.exists()
    assert not mesh.layout.sockets.exists()


def _family(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
