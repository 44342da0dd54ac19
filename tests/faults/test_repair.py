"""Promises 1, 4 and 6 when the bus lost something and nothing follows that would show it.

Each process reaches its stores over a wire, so that what it publishes can be kept from arriving. Nobody posts after
what was lost: only the poll of the log can find it.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local import probe, secrets
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import Ports, free_block
from deploy.local.topology import DEFAULT_SCALE, topology
from tests.conftest import running
from tests.e2e.database import Database
from tests.e2e.world import World, say
from tests.faults.wires import WiredCommand, Wiring, wires_of

BACK = 60.0
"""Within how many seconds everything must be healthy again."""
REPAIRED = 2.0
"""Within how many seconds of being able to, an edge has found what it lacks."""
SLACK = 1.0
"""For this machine."""


@pytest.fixture(scope="module")
def wiring() -> Iterator[Wiring]:
    """The wires of the mesh."""
    front = Ports(free_block())
    names = [instance.name for instance in topology(front, Path(), DEFAULT_SCALE).instances]
    wiring = Wiring(wires_of(front, names), REPOSITORY)
    yield wiring
    wiring.close()


@pytest.fixture(scope="module")
def doomed(wiring: Wiring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One running mesh over wires, with its first user."""
    front = min(wire.port for wire in wiring.wires) // 100 * 100
    wired = Mesh(tmp_path_factory.mktemp("wired"), front, command=WiredCommand(wiring.wires))
    with running(wired, "wired") as mesh:
        yield mesh


class Bus:
    """The mesh's Redis, and the wires to it."""

    def __init__(self, mesh: Mesh, wiring: Wiring) -> None:
        self._mesh, self._wiring = mesh, wiring
        password = secrets.load(mesh.layout.secrets).redis
        self._redis: Any = redis.Redis(host="127.0.0.1", port=mesh.ports.redis, password=password)

    def wires(self, service: str, order: str) -> None:
        """Order about the wires from a service's instances."""
        for wire in self._wiring.wires:
            if wire.store == "redis" and wire.instance.startswith(service):
                self._wiring.order(wire, order)

    def has(self, text: str) -> bool:
        """Whether any stream holds the text."""
        streams = self._redis.keys("ev:*")
        return any(text.encode() in fields[b"d"] for key in streams for _, fields in self._redis.xrange(key))

    def empty(self) -> None:
        """Forget everything."""
        self._redis.flushall()

    def close(self) -> None:
        """Let go."""
        self._redis.close()


@pytest.fixture
def bus(doomed: Mesh, wiring: Wiring) -> Iterator[Bus]:
    """What the mesh publishes to."""
    bus = Bus(doomed, wiring)
    yield bus
    bus.close()


async def _true(holds: Callable[[], object], what: str, seconds: float = BACK) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


def _kill(mesh: Mesh, service: str) -> dict[str, int]:
    """Kill -9 a service's instances; return whom."""
    killed = {one.name: mesh.pid(one.name) for one in mesh.topology.of(service)}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    return killed


async def _back(mesh: Mesh, killed: dict[str, int]) -> None:
    for name, pid in killed.items():
        await _true(lambda name=name, pid=pid: mesh.pid(name) not in (0, pid), f"{name} runs again")  # type: ignore[misc]
    await _true(lambda: mesh.status().healthy, "all is well")


def _all_are_asked(mesh: Mesh) -> bool:
    """Whether Envoy lets no instance rest from reads of messaging's log."""
    address = f"http://127.0.0.1:{mesh.ports.envoy_admin}/stats?format=json&filter=messaging_log.*ejections_active"
    (gauge,) = json.loads(probe.get(address).body)["stats"]
    return bool(gauge["value"] == 0)


async def test_an_edge_that_stood_still_longer_than_the_bus_keeps_events(doomed: Mesh, world: World, bus: Bus) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    there = await world.listen(ana, world.edges[1])
    await there.post((await say(ben.at(world.edges[0]), channel["id"]))["id"])
    pid = doomed.pid("edge-2")
    os.kill(pid, signal.SIGSTOP)
    try:
        missed = [await say(ben.at(world.edges[0]), channel["id"], f"while it stands still {n}") for n in range(20)]
        bus.empty()
    finally:
        os.kill(pid, signal.SIGCONT)
    await there.post(missed[-1]["id"], seconds=REPAIRED + SLACK)
    assert [post["id"] for post in there.posts()][-20:] == [post["id"] for post in missed]


async def test_messaging_is_killed_between_commit_and_publish(doomed: Mesh, world: World, bus: Bus) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ana)
    bus.wires("messaging", "mute")
    post = await say(ben.at(world.edges[0]), channel["id"], "committed and never published")
    killed = _kill(doomed, "messaging")
    bus.wires("messaging", "cut")
    bus.wires("messaging", "pass")
    assert not any(socket.posts() for socket in sockets)
    await _back(doomed, killed)
    for socket in sockets:
        await socket.post(post["id"], seconds=REPAIRED + SLACK)
    assert not bus.has(post["id"]), "it was published after all, and nothing was tried here"


@pytest.mark.parametrize("still", ["messaging-1", "messaging-2"])
async def test_nothing_is_published_and_the_instance_that_would_notice_stands_still(
    doomed: Mesh, world: World, bus: Bus, still: str
) -> None:
    """One of the two holds the calls by which edges wait for changes; whichever stands still, the other one posts."""
    await _true(lambda: _all_are_asked(doomed), "Envoy has forgotten who did not answer before")
    ana = await world.person("ana")
    channels = [await world.room(ana) for _ in range(6)]
    sockets = await world.listen_everywhere(ana)
    bus.wires("messaging", "mute")
    pid = doomed.pid(still)
    os.kill(pid, signal.SIGSTOP)
    try:
        posting = [asyncio.create_task(say(ana.at(world.edges[0]), channel["id"])) for channel in channels]
        done, _ = await asyncio.wait(posting, return_when=asyncio.FIRST_COMPLETED)
        post = done.pop().result()
        for socket in sockets:
            await socket.post(post["id"], seconds=REPAIRED + SLACK)
        assert not bus.has(post["id"]), "it was published after all, and nothing was tried here"
    finally:
        os.kill(pid, signal.SIGCONT)
        bus.wires("messaging", "pass")
    for posted in await asyncio.gather(*posting):
        await sockets[0].post(posted["id"])


async def test_auth_is_killed_between_commit_and_publishing_a_revocation(doomed: Mesh, world: World, bus: Bus) -> None:
    ana, database = await world.person("ana"), Database(doomed)
    socket = await world.listen(ana, world.edges[1])
    await ana.at(world.edges[1]).get("/users/me")

    def ended() -> int:
        return database.count("auth", "SELECT count(*) FROM sessions WHERE user_id = %s AND revoked_at > 0", ana.id)

    bus.wires("auth", "mute")
    ending = asyncio.create_task(ana.at(world.edges[0]).send("POST", "/users/logout"))
    await _true(ended, "the session's end is committed", 5)
    killed = _kill(doomed, "auth")
    bus.wires("auth", "cut")
    bus.wires("auth", "pass")
    await asyncio.gather(ending, return_exceptions=True)
    await _back(doomed, killed)
    await socket.closed(REPAIRED + SLACK)
    assert (await ana.at(world.edges[1]).send("GET", "/users/me")).status == 401


async def test_a_log_that_was_restored_ends_the_sockets_that_are_ahead_of_it(doomed: Mesh, world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    rewound, untouched = await world.room(ana), await world.room(ben)
    ahead, staying = await world.listen(ana, world.edges[0]), await world.listen(ben, world.edges[1])
    for number in range(5):
        await ahead.post((await say(ana.at(world.edges[1]), rewound["id"], f"{number}"))["id"])
    topic, database = f"messaging/channel:{rewound['id']}", Database(doomed)
    database.write("messaging", "UPDATE topics SET seq = seq - 2 WHERE topic = %s", topic)
    database.write(
        "messaging",
        "DELETE FROM events USING topics t WHERE events.topic = %s AND t.topic = events.topic AND events.seq > t.seq",
        topic,
    )
    database.write("messaging", "UPDATE log_incarnation SET nonce = 'restored'")
    database.write(
        "messaging",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await ahead.closed()
    again = await world.listen(ana, world.edges[0])
    await again.post((await say(ana.at(world.edges[1]), rewound["id"], "after"))["id"])
    await staying.post((await say(ben.at(world.edges[0]), untouched["id"], "as ever"))["id"])
    assert not staying.ended
