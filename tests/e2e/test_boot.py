"""The web client loads, as its own requests say it: in its order and with its headers, for who has nothing or much.

What this server does not have yet must say so; the day it is served, its answer is held to what the client needs.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from deploy.cli.sample_plan import plan
from deploy.cli.seeding import PASSWORD as SAMPLE_PASSWORD
from deploy.cli.seeding import Seeder
from tests.conftest import ADMIN
from tests.e2e import boot
from tests.e2e.boot import Somebody
from tests.e2e.browser import Browser
from tests.e2e.client import Place
from tests.e2e.database import Database
from tests.e2e.world import World, unique

POSTS = int(os.environ.get("BOOT_POSTS", "600"))
"""In all channels of who is busy; BOOT_POSTS=50000 takes minutes."""
BUSY_SEED = 31
PASSWORD = "where do we begin"


@pytest.fixture
async def browser(front: Place) -> AsyncIterator[Browser]:
    window = Browser(front)
    yield window
    await window.close()


async def _account(world: World) -> Somebody:
    name = unique("boot")
    made = await world.admin.post("/users", {"username": name, "email": f"{name}@example.org", "password": PASSWORD})
    return Somebody(made["id"], name, PASSWORD)


async def _fresh_admin(world: World, database: Database) -> Somebody:
    """Who administers the server, before there is any team."""
    admin = await _account(world)
    database.write("auth", "UPDATE users SET roles = %s WHERE id = %s", ["system_admin", "system_user"], admin.id)
    return admin


async def _plain_member(world: World, database: Database) -> Somebody:
    """Who is in one team, with nothing in it."""
    member = await _account(world)
    team = await world.team()
    await world.admin.post(f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": member.id})
    return replace(member, teams=1)


async def _busy_member(world: World, database: Database) -> Somebody:
    """Who is in three teams and two hundred channels full of posts."""
    story = plan(BUSY_SEED, boot.busy(POSTS))
    url = f"http://{world.front.host}:{world.front.rest_port}"
    for _, _, make in Seeder(world.http, url, story).chapters((ADMIN["username"], ADMIN["password"])):
        await make(lambda: None)
    user = await world.admin.get(f"/users/username/{story.people[0]}")
    return Somebody(user["id"], story.people[0], SAMPLE_PASSWORD, boot.TEAMS, boot.CHANNELS, POSTS)


@pytest.mark.parametrize("who", [_fresh_admin, _plain_member, _busy_member])
async def test_the_web_client_loads(
    world: World, browser: Browser, database: Database, who: Callable[[World, Database], Awaitable[Somebody]]
) -> None:
    somebody = await who(world, database)
    await _pages(world)
    await boot.login_page(browser)
    await boot.sign_in(browser, somebody)
    await boot.load_client(browser, somebody)
    await boot.sign_out(browser)


async def _pages(world: World) -> None:
    """The page and its files: what is asked for before anything of the API."""
    site = f"http://{world.front.host}:{world.front.rest_port}"
    kept, asked_again = "max-age=31556926, public", "no-cache, max-age=31556926, public"
    for path, kind, keeping in (
        ("/", "text/html; charset=utf-8", asked_again),
        ("/a-team/channels/town-square", "text/html; charset=utf-8", asked_again),
        ("/static/chat.js", "text/javascript; charset=utf-8", kept),
        ("/static/chat.css", "text/css; charset=utf-8", kept),
        ("/static/manifest.json", "application/json", kept),
    ):
        async with world.http.get(f"{site}{path}") as response:
            assert (response.status, response.headers["Content-Type"]) == (200, kind), path
            assert response.headers["Cache-Control"] == keeping
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            if kind.startswith("text/html"):
                assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
                assert response.headers["Content-Security-Policy"] == "frame-ancestors 'self'; script-src 'self'"
                assert "<title>Chorus</title>" in await response.text()
    for path, status in (("/static/none.js", 404), ("/static/", 404), ("/robots.txt", 200), ("/api/v5/x", 404)):
        async with world.http.get(f"{site}{path}") as response:
            assert response.status == status, path
