"""Two windows of one user at two edges stay the same through everything, and what they show is what lies in SQL."""

import asyncio
import os
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any

from deploy.local.mesh import Mesh
from tests.e2e.client import Place
from tests.e2e.database import Database
from tests.e2e.web_client import WebClient
from tests.e2e.world import World, eventually, say
from tests.faults.walk import Walk
from tests.recount import differences

STEPS = 2_000
BACK = 60.0
HEARD = 10.0
SEED = int(os.environ.get("WALK_SEED", "5"))
"""A walk that failed goes the same way again with its seed; only what happens at the same moment may change places."""


class Scene:
    """Two windows of the first person, and the mesh that they are at."""

    def __init__(self, mesh: Mesh, world: World, windows: Sequence[WebClient], channel_ids: Sequence[str]) -> None:
        self.mesh = mesh
        self.world = world
        self.windows = windows
        self.channel_ids = channel_ids

    async def compare(self, marker: str) -> None:
        """Let everything arrive, by a post in each channel that is sent last, and hold both windows side by side."""
        for channel_id in self.channel_ids:
            await say(self.world.admin.at(self.world.edges[1]), channel_id, marker)
        for window in self.windows:
            for channel_id in self.channel_ids:
                await window.caught_up_in(channel_id, marker)
        await agree(self.windows)

    async def rounds(self, walk: Walk, count: int, places: Sequence[Place]) -> None:
        """Let everybody take so many steps; both windows keep up, wherever their sockets are."""
        for _ in range(count):
            await walk.round(places)
            for window in self.windows:
                if window.ended:
                    await window.return_to(places[-1])
                await window.follow()

    async def lose_the_first_edge(self, walk: Walk, how: signal.Signals) -> None:
        """End the edge of the first window while people go on at the other one, and return to it afterwards."""
        before = self.mesh.pid("edge-1")
        os.kill(before, how)
        await self.rounds(walk, 20, self.world.edges[1:])
        await eventually(partial(asyncio.to_thread, self.mesh.pid, "edge-1"), lambda pid: pid not in (0, before), BACK)
        await eventually(partial(asyncio.to_thread, self.mesh.status), lambda status: bool(status.healthy), BACK)
        await self.windows[0].return_to(self.world.edges[0])


async def agree(windows: Sequence[WebClient]) -> None:
    """Let windows hear what is still under way to one of them: a user's own events come apart from the channels'."""

    async def pictures() -> list[dict[str, Any]]:
        for window in windows:
            await asyncio.sleep(0.01)  # for frames to come in
            await window.follow()
        return [window.picture() for window in windows]

    await eventually(pictures, lambda seen: all(one == seen[0] for one in seen), HEARD)


async def test_two_windows_stay_the_same_and_true_through_a_random_walk(doomed: Mesh, world: World) -> None:
    people = await world.people("ana", "ben", "cem", "dia", "eli")
    admin = (await world.admin.get("/users/me"))["id"]
    team = await world.team(*people)
    channel_ids = []
    for number in range(5):
        channel = await world.channel(team, *people, kind="OP"[number % 2])
        await people[0].rest.post(f"/channels/{channel['id']}/members", {"user_id": admin})
        channel_ids.append(channel["id"])
    windows = [WebClient(world.http, people[0], place, team["id"]) for place in world.edges]
    for window in windows:
        await window.open()
    scene, walk = Scene(doomed, world, windows, channel_ids), Walk(SEED, people, channel_ids, team["id"], windows)

    third = STEPS // len(people) // 3
    await scene.rounds(walk, third, world.edges)
    await scene.compare("one third")
    await scene.lose_the_first_edge(walk, signal.SIGTERM)
    await scene.rounds(walk, third - 20, world.edges)
    await scene.compare("two thirds")
    # A handover that takes too long is refused, and the window begins anew: exact or refused (test_resumption counts).
    moved, still = (window.boots for window in windows)
    assert (moved <= 2, still) == (True, 1)
    await scene.lose_the_first_edge(walk, signal.SIGKILL)
    await scene.rounds(walk, STEPS // len(people) - 2 * third - 20, world.edges)
    await scene.compare("the end")
    assert [window.boots for window in windows] == [moved + 1, 1], "what a killed edge held cannot go on"
    assert walk.taken == STEPS

    fresh = WebClient(world.http, people[0], world.edges[0], team["id"])
    await fresh.open()
    await agree([*windows, fresh])
    assert differences(Database(doomed).dsn("messaging")) == []
    for window in (*windows, fresh):
        await window.close()
