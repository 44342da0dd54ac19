"""What posts show of their links, end to end: of strangers' pages, and of posts elsewhere on this server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.client import Person
from tests.e2e.database import Database
from tests.e2e.sockets import Socket
from tests.e2e.world import World, eventually, say


@pytest.fixture
async def stranger() -> AsyncIterator[str]:
    """A web server on this machine, which no link may reach."""
    hits: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        hits.append(request.path)
        return web.Response(text="<meta property='og:title' content='inside'>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()
    assert hits == []


def embeds(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = post["metadata"].get("embeds", [])
    return found


async def everywhere(world: World, person: Person, channel_id: str, post_id: str) -> list[dict[str, Any]]:
    """The post as every answer of every edge has it, twice: the second may come from memory."""
    found = []
    for edge in world.edges * 2:
        rest = person.at(edge)
        found.append((await rest.get(f"/channels/{channel_id}/posts"))["posts"][post_id])
        found.append((await rest.get(f"/channels/{channel_id}/posts", collapsedThreads="true"))["posts"][post_id])
        found.append((await rest.get(f"/posts/{post_id}/thread"))["posts"][post_id])
        found.append(await rest.get(f"/posts/{post_id}"))
        found += (await rest.send("POST", "/posts/ids", [post_id])).expect(200)
    return found


async def test_nothing_inside_is_looked_at(world: World, database: Database, stranger: str) -> None:
    def looked_at() -> int:
        return database.rows()["messaging.link_metadata"]

    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    link, before = f"{stranger}/secret", looked_at()
    post = await say(ana.rest, channel["id"], f"look: {link} ![x]({stranger}/x.png)")
    # files was asked, through the mesh, and has answered for both.
    await eventually(lambda: asyncio.to_thread(looked_at), lambda rows: rows == before + 2)
    for shown in await everywhere(world, ben, channel["id"], post["id"]):
        assert embeds(shown) == [{"type": "link", "url": link}]
        assert "images" not in shown["metadata"]


async def test_a_linked_post_is_shown_to_nobody_who_may_not_read_it(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben, eve)
    open_one, den = await world.channel(team, ana, ben, eve), await world.channel(team, ana, ben, kind="P")
    sockets = {person.id: await world.listen_everywhere(person) for person in (ana, ben, eve)}
    site = (await ana.rest.get("/config/client", format="old"))["SiteURL"]
    hidden = await say(ana.rest, den["id"], "hidden words")
    text = f"as said: {site}/{team['name']}/pl/{hidden['id']}"
    link = await say(ana.rest, open_one["id"], text, props={"previewed_post": hidden["id"]})
    for person in (ana, ben):
        shown = await everywhere(world, person, open_one["id"], link["id"])
        for post in [link, *shown, *await told(sockets[person.id], link["id"], "posted")]:
            (embed,) = embeds(post)
            assert embed["type"] == "permalink"
            assert embed["data"]["post"]["message"] == "hidden words"
            assert (embed["data"]["team_name"], embed["data"]["channel_id"]) == (team["name"], den["id"])
            assert post["props"]["previewed_post"] == hidden["id"]
    await ana.rest.put(f"/posts/{link['id']}/patch", {"message": f"{text} again"})
    await told(sockets[eve.id], link["id"], "post_edited")
    for post in [
        *await everywhere(world, eve, open_one["id"], link["id"]),
        *await told(sockets[eve.id], link["id"], "posted"),
        *await told(sockets[eve.id], link["id"], "post_edited"),
    ]:
        assert embeds(post) == []
        assert "previewed_post" not in post["props"]
    for socket in sockets[eve.id]:
        assert "hidden words" not in json.dumps(socket.frames)
    # Who leaves sees it no more, though it was in pages that were read before.
    await ben.rest.delete(f"/channels/{den['id']}/members/{ben.id}")
    for post in await everywhere(world, ben, open_one["id"], link["id"]):
        assert embeds(post) == []


async def told(sockets: list[Socket], post_id: str, event: str) -> list[dict[str, Any]]:
    """The post as an event brought it to each socket."""
    return [await socket.post(post_id, event) for socket in sockets]
