"""What every bus keeps while connections, servers and masters are lost."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from services.chassis.bus import Bus, BusError, BusMessage
from tests.contract.bus.conftest import Ear, Place, becomes
from tests.contract.redis_servers import Clustered, Server, Servers, Single, UnderSentinel, flush

TOPIC, CONTROL = "messaging/channel:1", "edge/marker:1"
STREAMS = [f"ev:{{{n}}}" for n in (*range(8), "cluster")]
HA = pytest.mark.parametrize("servers", [UnderSentinel, Clustered], ids=["sentinel", "cluster"], indirect=True)
pytestmark = pytest.mark.filterwarnings("ignore:unclosed Connection:ResourceWarning")
"""redis-py leaves a connection of a node that was removed from its Cluster, while in use, to the collector."""

_AHEAD_MS = 3_600_000
"""A clock so much ahead that what is written by the right one is older."""


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What a test left to the collector is this test's."""
    yield
    gc.collect()


def masters(servers: Servers) -> list[Server]:
    return list({id(one): one for one in (servers.master_of(key) for key in (*STREAMS, "ev:{control}"))}.values())


async def promoted(servers: Servers, lost: Server, key: str) -> Server:
    """The server that took the place of the lost one."""

    def other() -> bool:
        try:
            return servers.master_of(key) is not lost and servers.master_of(key).ask("ROLE")[0] == "master"
        except (StopIteration, AssertionError):
            return False

    await becomes(other, "another master")
    return servers.master_of(key)


@asynccontextmanager
async def talking(bus: Bus, seqs: Iterator[int]) -> AsyncIterator[list[int]]:
    """Publish number after number whatever comes of it; the numbers that the bus took."""
    taken: list[int] = []

    async def talk() -> None:
        for seq in seqs:
            try:
                await bus.publish([BusMessage(TOPIC, seq, b"")])
                taken.append(seq)
            except BusError:
                continue
            finally:
                await asyncio.sleep(0.005)

    task = asyncio.ensure_future(talk())
    yield taken
    task.cancel()
    await asyncio.wait({task})


async def goes_on(ear: Ear, taken: list[int]) -> None:
    """Much of what is taken from now on is heard: what a master took that lost its place is the log's to repair."""
    before = len(taken)
    await ear.hears(lambda: len(set(taken[before:]) & set(ear.seqs(TOPIC))) > 20, 20)


def cut(server: Server) -> None:
    """End all clients' connections but the sentinel's, which would take the server for dead."""
    for line in str(server.ask("CLIENT", "LIST", "TYPE", "normal")).splitlines():
        about = dict(part.split("=", 1) for part in line.split() if "=" in part)
        if not about["name"].startswith("sentinel"):
            server.ask("CLIENT", "KILL", "ID", about["id"])


async def test_a_lost_connection_loses_nothing_and_is_told_of(place: Place) -> None:
    ear, bus = await place.ear(), place.bus()
    for round_ in range(3):
        for server in masters(place.servers):
            cut(server)
        await bus.publish([BusMessage(TOPIC, round_ + 1, b"")])
        await ear.hears(lambda seq=round_ + 1: ear.seqs(TOPIC)[-1:] == [seq])  # type: ignore[misc]
    assert ear.seqs(TOPIC) == [1, 2, 3]
    assert ear.following.interruptions  # the first time it may not have read yet, and then loses nothing by it


@pytest.mark.parametrize("servers", [Single], ids=["single"], indirect=True)
async def test_a_server_that_comes_back_empty_with_its_clock_behind_is_heard(place: Place) -> None:
    ear, bus, server = await place.ear(), place.bus(), place.servers.everyone[0]
    future = f"{int(time.time() * 1000) + _AHEAD_MS}-0"
    for stream in STREAMS:
        server.ask("XADD", stream, future, "t", "messaging/user:1", "s", 1, "d", "")
    await ear.hears(lambda: len(ear.heard) == len(STREAMS))
    server.kill()
    with pytest.raises(BusError):
        await bus.publish([BusMessage(TOPIC, 1, b"")])
    server.heal()
    async with talking(bus, count(2)) as taken:
        await goes_on(ear, taken)
    assert ear.following.interruptions > 0


async def test_an_emptied_bus_is_followed_on(place: Place) -> None:
    ear, bus = await place.ear(), place.bus()
    control = await place.ear(bus.follow_control())
    for turn in range(1, 4):
        await bus.publish([BusMessage(topic, turn, b"") for topic in ("messaging/user:1", TOPIC)])
        await bus.publish_control(BusMessage(CONTROL, turn, b""))
        await ear.hears(lambda n=2 * turn: len(ear.heard) == n)  # type: ignore[misc]
        await control.hears(lambda seq=turn: control.seqs(CONTROL)[-1:] == [seq])  # type: ignore[misc]
        flush(place.servers)
    assert ear.seqs(TOPIC) == [1, 2, 3]


async def test_while_nobody_answers_writers_are_refused_in_time_and_followers_come_back(place: Place) -> None:
    """All servers stand still at once: nothing can take a master's place."""
    ear, bus = await place.ear(), place.bus()
    control = await place.ear(bus.follow_control())
    await bus.publish([BusMessage(TOPIC, 1, b"")])
    await ear.hears(lambda: ear.seqs(TOPIC) == [1])
    for server in place.servers.everyone:
        if server.sentinel:
            server.kill()  # one that was paused trusts nothing for half a minute afterwards
        else:
            server.pause()
    began = time.monotonic()
    with pytest.raises(BusError):
        await bus.publish_control(BusMessage(CONTROL, 1, b""))
    assert time.monotonic() - began < 1.5
    await control.hears(lambda: control.following.interruptions > 0)
    for server in place.servers.everyone:
        server.heal()
    async with talking(bus, count(2)) as taken:
        await goes_on(ear, taken)
        await confirmed(bus, control, count(2), 1)


async def confirmed(bus: Bus, ear: Ear, seqs: Iterator[int], many: int, seconds: float = 20) -> list[int]:
    """Publish control messages until so many were taken; each of these must be heard."""
    taken: list[int] = []
    deadline = time.monotonic() + seconds
    while len(taken) < many:
        assert time.monotonic() < deadline, f"only {taken} were taken"
        seq = next(seqs)
        try:
            await bus.publish_control(BusMessage(CONTROL, seq, b""))
            taken.append(seq)
        except BusError:
            await asyncio.sleep(0.02)
    await ear.hears(lambda: set(taken) <= set(ear.seqs(CONTROL)))
    return taken


@HA
@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_another_master_is_written_and_followed(place: Place, how: str) -> None:
    servers, ear, bus = place.servers, await place.ear(), place.bus()
    seqs = count(1)
    async with talking(bus, seqs) as taken:
        await goes_on(ear, taken)
        stream = next(stream for stream in STREAMS if _holds(servers, stream))
        lost = servers.master_of(stream)
        if how == "killed":
            lost.kill()
        else:
            lost.pause()
        await promoted(servers, lost, stream)
        await goes_on(ear, taken)
        assert ear.following.interruptions > 0
        lost.heal()  # it is deposed now, and may think for a while that it is not
        await goes_on(ear, taken)


def _holds(servers: Servers, stream: str) -> bool:
    return bool(servers.master_of(stream).ask("EXISTS", stream))


@HA
async def test_no_control_message_is_acknowledged_into_a_deposed_master(place: Place) -> None:
    servers, bus = place.servers, place.bus()
    key, seqs = "ev:{control}", count(1)
    await confirmed(bus, await place.ear(bus.follow_control()), seqs, 3)
    lost = servers.master_of(key)
    lost.pause()
    new = await promoted(servers, lost, key)
    lost.heal()
    taken: list[int] = []
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        seq = next(seqs)
        try:
            await bus.publish_control(BusMessage(CONTROL, seq, b""))
            taken.append(seq)
        except BusError:
            pass
        await asyncio.sleep(0.002)
    assert taken
    kept = {int(fields["s"]) for _, fields in new.ask("XRANGE", key, "-", "+") or ()}
    assert set(taken) <= kept, f"acknowledged and lost: {sorted(set(taken) - kept)}"


@HA
async def test_a_follower_of_a_deposed_master_hears_of_it_and_of_what_the_new_one_got(place: Place) -> None:
    """It held a read that nothing ended when the old master woke."""
    servers, key = place.servers, "ev:{control}"
    follower, writer = place.bus(), place.bus()
    ear = await place.ear(follower.follow_control())
    lost = servers.master_of(key)
    lost.pause()
    await promoted(servers, lost, key)
    lost.heal()
    await confirmed(writer, ear, count(1), 3)
    assert ear.following.interruptions > 0


async def test_what_is_cancelled_while_it_publishes_ends_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever step of the loop that comes: redis-py's limits of time lose cancellations before Python 3.12."""
    monkeypatch.setattr("services.chassis.bus.redis_nodes._CONFIRM_SECONDS", 0)
    bus = place.bus()
    await bus.publish_control(BusMessage(CONTROL, 1, b""))
    for steps in range(120):
        publishing = asyncio.ensure_future(bus.publish_control(BusMessage(CONTROL, 1, b"")))
        for _ in range(steps % 40):
            await asyncio.sleep(0)
        asked = publishing.cancel()
        await asyncio.wait({publishing})
        assert publishing.cancelled() == asked


async def test_a_cancelled_follower_leaves_no_task_and_no_connection(place: Place) -> None:
    bus = place.bus()
    before, others = asyncio.all_tasks(), _clients(place.servers)
    for _ in range(3):
        followings = [bus.follow(), bus.follow_control()]
        tasks = [asyncio.ensure_future(Ear(following).listen()) for following in followings]
        await becomes(lambda: _clients(place.servers) > others, "readers")
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        assert asyncio.all_tasks() <= before
    await bus.close()
    await becomes(lambda: _clients(place.servers) <= others, "no connection that is ours")


def _clients(servers: Servers) -> int:
    return sum((server.ask("CLIENT", "LIST", "TYPE", "normal") or "").count("cmd=x") for server in servers.everyone)
