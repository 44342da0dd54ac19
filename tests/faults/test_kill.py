"""Promises 1 to 4 while a process is killed: acknowledged is durable, one order, once, and sockets without gaps.

People post through Envoy all the while. Whoever is killed comes back, by the supervisor and by Envoy, and every post
that was answered with 201 is in the history of both edges: once, and at the same place.
"""

import asyncio
import os
import signal
import time
from itertools import pairwise

import pytest

from deploy.local.mesh import Mesh
from tests.e2e.sockets import Socket
from tests.e2e.world import World, histories, ids
from tests.faults.chatter import Chatter

BACK = 60.0
"""Within how many seconds everything must be healthy again."""


async def _comes_back(mesh: Mesh, name: str, killed: int) -> None:
    def healthy() -> bool:
        return mesh.pid(name) not in (0, killed) and mesh.status().healthy

    deadline = time.monotonic() + BACK
    while not await asyncio.to_thread(healthy):
        assert time.monotonic() < deadline, [line for line in mesh.status().processes if not line.healthy]


@pytest.mark.parametrize(
    "victim",
    [
        "edge-1",
        "messaging-1",
        "redis",
        "auth-1",
        "presence-1",
        "files-1",
        "envoy",
        "postgres-replica",
        "postgres-primary",
    ],
)
async def test_no_acknowledged_post_is_missing_or_doubled(doomed: Mesh, world: World, victim: str) -> None:
    people = await world.people("ana", "ben", "cem", "dia")
    channel = await world.room(*people)
    sockets = [await world.listen(person, edge) for person in people[:2] for edge in world.edges]
    chatter = Chatter([person.at(world.front) for person in people * 2], channel["id"])
    await chatter.acknowledges(50)
    killed = doomed.pid(victim)
    os.kill(killed, signal.SIGKILL)
    await chatter.acknowledges(1)
    await _comes_back(doomed, victim, killed)
    await chatter.acknowledges(50)
    await chatter.end()

    first, second = await histories([people[0].at(edge) for edge in world.edges], channel["id"])
    assert ids(first) == ids(second)
    assert all(earlier["create_at"] < later["create_at"] for earlier, later in pairwise(first))
    assert {post["message"]: post["id"] for post in first} == chatter.acknowledged
    assert len(first) == len(chatter.acknowledged), "some post is there twice"
    for socket in sockets:
        await _saw_all_or_ended(socket, channel["id"], ids(first), may_end=victim == "edge-1")


async def _saw_all_or_ended(socket: Socket, channel_id: str, order: list[str], *, may_end: bool) -> None:
    """A socket that lives has every post in the history's order; one that ended, a beginning of it."""

    def seen() -> list[str]:
        return [post["id"] for post in socket.posts() if post["channel_id"] == channel_id and not post["type"]]

    if not socket.ended:
        await socket.until(lambda: socket.ended or len(seen()) >= len(order), "every post")
    assert may_end or not socket.ended, f"{socket.name} was closed: {socket.close_code}"
    assert seen() == (order[: len(seen())] if socket.ended else order), socket.name
