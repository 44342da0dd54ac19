"""The reliable WebSocket of @mattermost/client, unchanged: edges drain and die, and its reader has every post once."""

import asyncio
import json
import os
import signal
from typing import Any

from deploy.local.mesh import Mesh
from tests.compat import clients
from tests.compat.test_conversation import tell
from tests.e2e import client
from tests.e2e.world import PASSWORD, World, eventually, histories, ids
from tests.faults.chatter import Chatter
from tests.faults.conftest import doomed, world

__all__ = ["doomed", "world"]

SECONDS = 60.0

_PAUSE = 0.02
"""Between two posts, in seconds. The client stays away for up to 5, and what it misses must fit in what an edge keeps
for it (`stream.QUEUE_BYTES`, some 700 posts): a fast machine says more in that time, and the client begins anew."""


async def _well(mesh: Mesh) -> None:
    await eventually(lambda: asyncio.to_thread(mesh.status), lambda status: status.healthy, SECONDS)


async def test_a_reader_goes_on_at_the_other_edge_and_misses_and_repeats_nothing(doomed: Mesh, world: World) -> None:
    """Drained edges hand it over; after one that was killed it is told to read what it missed."""
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    edges = [client.edge(doomed.ports, number) for number in (1, 2)]
    chatter = Chatter([ben.at(world.front)], channel["id"], pause=_PAUSE)
    process = clients.mattermost_client("resume").start(quiet=True)

    async def said() -> str:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            return (await asyncio.to_thread(process.stdout.readline)).strip()

    try:
        plan: dict[str, Any] = {
            "host": world.front.host,
            "rest_port": world.front.rest_port,
            "websocket_port": world.front.websocket_port,
            "edges": [{"host": edge.host, "websocket_port": edge.websocket_port} for edge in edges],
            "username": ana.username,
            "password": PASSWORD,
            "channel_id": channel["id"],
        }
        tell(process, json.dumps(plan))
        assert await said() == "ready"
        await chatter.acknowledges(1)
        first = (await histories([ana.at(world.front)], channel["id"]))[0][-1]["id"]
        await chatter.acknowledges(10)
        for edge, how in ((edges[0], signal.SIGTERM), (edges[1], signal.SIGTERM), (edges[0], signal.SIGKILL)):
            os.kill(doomed.pid(edge.name), how)
            assert await said() == "again"
            await chatter.acknowledges(10)
            await _well(doomed)
        await chatter.end()
        posted = ids((await histories([ana.at(world.front)], channel["id"]))[0])
        tell(process, posted[-1])
        told = json.loads(await said())
    finally:
        process.kill()
        process.communicate()
    assert (told["missed"], told["connections"]) == (1, 2)
    heard, fetched = told["heard"], told["fetched"]
    assert heard == [post_id for post_id in posted if post_id in set(heard)], "each once, in their order"
    behind = posted[posted.index(first) + 1 :]
    assert [post_id for post_id in behind if post_id not in {*heard, *fetched}] == [], "none missed"
