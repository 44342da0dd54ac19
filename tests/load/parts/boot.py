"""How long the server takes for all that a client asks for when it loads: of somebody in 3 teams and 200 channels."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import aiohttp

from deploy.cli.sample_plan import Plan, plan
from deploy.cli.seeding import PASSWORD, Seeder
from deploy.local.mesh import Mesh
from tests.conftest import ADMIN
from tests.e2e import boot, client
from tests.e2e.boot import Somebody
from tests.e2e.browser import Browser
from tests.e2e.client import Rest, sign_in
from tests.load import counters, filling
from tests.load.phases import typical
from tests.load.processes import spent
from tests.load.stage import Stage

_SEED = 6
_TOLD = 1_000
"""Posts that are made over the API, with threads, mentions and reactions; the others lie under them."""
_FAMILY = "chorus_edge_rest_seconds"


def load_clients(stage: Stage) -> None:
    """Fill three teams, and load the client of who is a member of everything, again and again."""
    if stage.mesh is None:
        return
    story = plan(_SEED, boot.busy(_TOLD))
    stage.progress(f"{boot.CHANNELS} channels with {stage.plan.boot_posts:,} posts")
    somebody = asyncio.run(_settle(stage.mesh, story, stage.plan.boot_posts))
    rounds = []
    for turn in range(stage.plan.boots):
        stage.progress(f"boot {turn + 1} of {stage.plan.boots}")
        cpu = stage.cpu()

        def begun() -> None:
            nonlocal cpu
            cpu = stage.cpu()

        one = asyncio.run(_load(stage.mesh, replace(somebody, posts=somebody.posts + turn), begun))
        rounds.append({**one, "cpu_ms": 1e3 * sum(spent(cpu, stage.cpu()).values())})
    stage.sheet.told["boot"] = {"posts": stage.plan.boot_posts, "channels": boot.CHANNELS, "rounds": rounds}
    stage.sheet.put("boot_ms", typical(one["server_ms"] for one in rounds))
    stage.sheet.put("boot_wall_ms", typical(one["wall_ms"] for one in rounds))
    stage.sheet.put("boot_cpu_ms", typical(one["cpu_ms"] for one in rounds))


async def _settle(mesh: Mesh, story: Plan, posts: int) -> Somebody:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for _, _, make in Seeder(http, mesh.front_url, story).chapters((ADMIN["username"], ADMIN["password"])):
            await make(lambda: None)
        me = await sign_in(http, client.front(mesh), story.people[0], PASSWORD)
        user = await me.get("/users/me")
        channels = [one["id"] for one in await me.get("/users/me/channels") if one["total_msg_count"]]
        with filling.connect(mesh) as database:
            for channel in channels:
                filling.posts(database, channel, (posts - _TOLD) // len(channels))
            filling.settle(database)
        await _post_in_each(me, channels)
    made = _TOLD + len(channels) * ((posts - _TOLD) // len(channels) + 1)
    return Somebody(user["id"], story.people[0], PASSWORD, boot.TEAMS, boot.CHANNELS, made)


async def _post_in_each(me: Rest, channels: list[str]) -> None:
    """Have each channel's counters told once more, by messaging itself: what was filled in was announced to nobody."""
    for channel in channels:
        await me.post("/posts", {"channel_id": channel, "message": "here we are"})


async def _load(mesh: Mesh, somebody: Somebody, begun: Callable[[], None]) -> dict[str, float]:
    browser = Browser(client.front(mesh))
    try:
        await boot.login_page(browser)
        await boot.sign_in(browser, somebody)
        begun()
        before, began = _served(mesh), time.perf_counter()
        await boot.load_client(browser, somebody)
        wall = time.perf_counter() - began
        seconds, requests = (late - early for late, early in zip(_served(mesh), before, strict=True))
        await boot.sign_out(browser)
    finally:
        await browser.close()
    return {"server_ms": 1e3 * seconds, "wall_ms": 1e3 * wall, "requests": requests}


def _served(mesh: Mesh) -> tuple[float, float]:
    """Seconds from request to answer that the edges have counted, and how many requests."""
    samples = list(counters.of_edges(mesh, _FAMILY))
    seconds, requests = (sum(s.value for s in samples if s.name == f"{_FAMILY}_{what}") for what in ("sum", "count"))
    return seconds, requests
