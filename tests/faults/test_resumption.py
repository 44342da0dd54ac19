"""Promises 4 and 8 while edges stop, die and stand still: a connection goes on exactly, or its client begins anew."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial

import aiohttp
import pytest

from deploy.local.mesh import Mesh
from tests.e2e import client
from tests.e2e.client import Place
from tests.e2e.traveller import Traveller
from tests.e2e.world import World, histories, ids
from tests.faults.chatter import Chatter

BACK = 60.0
"""Within how many seconds everything must be healthy again."""
RECONNECT_SECONDS = 1.0
"""How long these clients wait before they come again; web clients wait for three seconds and more."""
MOVES = 200
REFUSED = MOVES // 10
"""Moves that may end with a fresh connection: an edge has a second to hand one over, and on a machine that others keep
busy it may miss that. Of what was told before and after, nothing may be missing all the same."""


@pytest.fixture
def edges(doomed: Mesh) -> list[Place]:
    """Three edges."""
    if len(doomed.topology.of("edge")) < 3:
        doomed.scale("edge", 3)
    return [client.edge(doomed.ports, number) for number in (1, 2, 3)]


async def _true(holds: Callable[[], object], what: str, seconds: float = BACK) -> None:
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.1)


async def _well(mesh: Mesh) -> None:
    await _true(lambda: mesh.status().healthy, "all is well")


async def _arrive(world: World, token: str, place: Place) -> Traveller:
    traveller = Traveller(world.http, place.name, token)
    await traveller.come(place)
    await traveller.until(lambda: traveller.hellos, "hello")
    return traveller


async def _keep_coming(traveller: Traveller, place: Place, enough: asyncio.Event) -> None:
    """Do what a client does: come again whenever the socket has ended."""
    while not enough.is_set():
        if traveller.ended:
            await asyncio.sleep(RECONNECT_SECONDS)  # its pause before it comes again
            try:
                await traveller.come(place)
            except aiohttp.ClientError:
                continue
        else:
            await asyncio.sleep(0.05)


def _has(traveller: Traveller, channel_id: str, count: int) -> bool:
    return len(traveller.posts(channel_id)) >= count


def _runs_again(mesh: Mesh, name: str, before: int) -> bool:
    return mesh.pid(name) not in (0, before)


async def _all_of(travellers: Sequence[Traveller], channel_id: str, posted: list[str]) -> None:
    for traveller in travellers:
        await traveller.until(partial(_has, traveller, channel_id, len(posted)), "every post")
        assert traveller.posts(channel_id) == posted, traveller.name


async def test_rolling_restarts_are_not_seen_by_open_sockets(doomed: Mesh, world: World, edges: list[Place]) -> None:
    """Every edge is restarted, one after the other; clients come again through Envoy and miss and repeat nothing."""
    await _well(doomed)
    people = await world.people("ana", "ben", "cem", "dia")
    channel = await world.room(*people)
    travellers = [await _arrive(world, person.token, edge) for person in people for edge in edges]
    enough = asyncio.Event()
    coming = [asyncio.create_task(_keep_coming(traveller, world.front, enough)) for traveller in travellers]
    chatter = Chatter([person.at(world.front) for person in people], channel["id"])
    for edge in edges:
        await chatter.acknowledges(50)
        before = doomed.pid(edge.name)
        os.kill(before, signal.SIGTERM)
        await _true(partial(_runs_again, doomed, edge.name, before), f"{edge.name} runs again")
        await _well(doomed)
    await chatter.acknowledges(50)
    await chatter.end()
    posted = ids((await histories([people[0].at(world.front)], channel["id"]))[0])
    await _all_of(travellers, channel["id"], posted)
    enough.set()
    await asyncio.gather(*coming)
    assert [traveller.hellos for traveller in travellers] == [1] * len(travellers)
    assert max(traveller.opened for traveller in travellers) >= 2


async def test_a_connection_goes_on_from_b_to_c_after_a_is_gone(doomed: Mesh, world: World, edges: list[Place]) -> None:
    await _well(doomed)
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    moving = await _arrive(world, ana.token, edges[0])
    chatter = Chatter([ben.at(edges[1]), ben.at(edges[2])], channel["id"])
    await moving.hears(5)
    await moving.go()
    await moving.come(edges[1])
    await moving.hears(5)
    os.kill(doomed.pid("edge-1"), signal.SIGKILL)
    await moving.hears(5)
    await moving.go(abruptly=True)
    await chatter.acknowledges(5)
    await moving.come(edges[2])
    await chatter.acknowledges(20)
    await chatter.end()
    posted = ids((await histories([ben.at(edges[1])], channel["id"]))[0])
    await _all_of([moving], channel["id"], posted)
    assert moving.hellos == 1
    await moving.go()
    await _well(doomed)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_from_an_edge_that_cannot_answer_a_client_begins_anew(
    doomed: Mesh, world: World, edges: list[Place], how: signal.Signals
) -> None:
    """And an edge that stood still, and wakes, has no say in what went on meanwhile."""
    await _well(doomed)
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    moving, staying = await _arrive(world, ana.token, edges[0]), await _arrive(world, ben.token, edges[0])
    first = moving.connection_id
    chatter = Chatter([ben.at(edges[1])], channel["id"])
    await moving.hears(5)
    pid = doomed.pid("edge-1")
    os.kill(pid, how)
    try:
        await moving.go(abruptly=True)
        await moving.come(edges[1])
        await moving.until(lambda: moving.hellos == 2, "a new hello")
        assert moving.slowest < 5
        assert moving.connection_id != first
        await chatter.acknowledges(20)
    finally:
        if how is signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)
    await chatter.acknowledges(20)
    await chatter.end()
    posted = ids((await histories([ben.at(edges[1])], channel["id"]))[0])
    seen = moving.posts(channel["id"])
    await moving.until(lambda: moving.posts(channel["id"])[-1:] == posted[-1:], "the last post")
    seen = moving.posts(channel["id"])
    assert seen == posted[-len(seen) :]
    if how is signal.SIGSTOP:
        # Whoever did not come again hears everything when the edge wakes: its connection was nobody else's.
        await _all_of([staying], channel["id"], posted)
        await staying.go()
    await moving.go()
    await _well(doomed)


async def test_a_connection_that_moves_two_hundred_times_under_rolling_restarts_misses_and_repeats_nothing(
    doomed: Mesh, world: World, edges: list[Place]
) -> None:
    await _well(doomed)
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    moving = await _arrive(world, ana.token, edges[0])
    chatter = Chatter([ben.at(world.front)] * 2, channel["id"])
    restarts = asyncio.create_task(_restart_each(doomed, edges))
    for move in range(MOVES):
        heard = moving.told.total()
        await moving.until(lambda heard=heard: moving.ended or moving.told.total() != heard, "a frame")  # type: ignore[misc]
        await moving.go(abruptly=move % 2 == 0)
        await _come_somewhere(moving, edges[move % 3 :] + edges[: move % 3])
    await restarts
    if moving.ended:  # by the last restart, after the last move
        await _come_somewhere(moving, edges)
    # A connection that began anew hears what comes after its hello, so the talk ends only when it has heard more of it.
    before = set(moving.posts(channel["id"]))
    await moving.until(lambda: bool(set(moving.posts(channel["id"])) - before), "one more post")
    await chatter.end()
    posted = ids((await histories([ben.at(world.front)], channel["id"]))[0])
    await moving.until(lambda: moving.posts(channel["id"])[-1:] == posted[-1:], "the last post")
    seen = moving.posts(channel["id"])
    assert seen == posted[-len(seen) :]
    for before_it_began_anew in filter(None, moving.past_posts(channel["id"])):
        start = posted.index(before_it_began_anew[0])
        assert before_it_began_anew == posted[start : start + len(before_it_began_anew)]
    print(f"{moving.hellos - 1} of {MOVES} moves were refused")
    assert moving.opened >= MOVES + 1
    assert moving.hellos <= 1 + REFUSED, f"{moving.hellos - 1} of {MOVES} moves were refused"
    await moving.go()


async def _restart_each(mesh: Mesh, edges: Sequence[Place]) -> None:
    for edge in edges:
        before = mesh.pid(edge.name)
        os.kill(before, signal.SIGTERM)
        await _true(partial(_runs_again, mesh, edge.name, before), f"{edge.name} runs again")
        await _well(mesh)


async def _come_somewhere(traveller: Traveller, places: Sequence[Place]) -> None:
    """At the first place that takes it: one of them may be restarting."""
    deadline = time.monotonic() + BACK
    while time.monotonic() < deadline:
        for place in places:
            try:
                await traveller.come(place)
            except aiohttp.ClientError:
                continue
            return
        await asyncio.sleep(0.1)  # a client's pause before it comes again
    raise AssertionError("no edge takes the connection")
