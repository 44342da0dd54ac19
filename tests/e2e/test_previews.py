"""What posts show of their links, end to end: of strangers' pages, and of posts elsewhere on this server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.conftest import OUTSIDE
from tests.e2e.client import Person
from tests.e2e.database import Database
from tests.e2e.sockets import Socket
from tests.e2e.test_emoji import picture
from tests.e2e.world import World, eventually, say

PAGE = "<meta property='og:title' content='Outside'><meta property='og:image' content='/og.png'>"


@asynccontextmanager
async def website(address: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A web server; the URL that it is at, and the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path.endswith(".png"):
            return web.Response(body=picture(30, 20), content_type="image/png")
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, address, 0).start()
    try:
        yield f"http://{address}:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def embeds(post: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = post["metadata"].get("embeds", [])
    return found


async def everywhere(world: World, person: Person, channel_id: str, post_id: str) -> list[dict[str, Any]]:
    """The post as every answer of every edge has it, twice: the second may come from memory."""
    found = []
    team_id = (await person.rest.get(f"/channels/{channel_id}"))["team_id"]
    threads = f"/users/{person.id}/teams/{team_id}/threads"
    for edge in world.edges * 2:
        rest = person.at(edge)
        found.append((await rest.get(f"/channels/{channel_id}/posts"))["posts"][post_id])
        found.append((await rest.get(f"/channels/{channel_id}/posts", collapsedThreads="true"))["posts"][post_id])
        found.append((await rest.get(f"/posts/{post_id}/thread"))["posts"][post_id])
        found.append(await rest.get(f"/posts/{post_id}"))
        found += (await rest.send("POST", "/posts/ids", [post_id])).expect(200)
        found += [thread["post"] for thread in (await rest.get(threads))["threads"] if thread["id"] == post_id]
    return found


async def test_nothing_inside_is_looked_at(world: World, database: Database) -> None:
    def looked_at() -> int:
        return database.rows()["messaging.link_metadata"]

    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    async with website("127.0.0.1") as (site, asked):
        link, before = f"{site}/secret", looked_at()
        post = await say(ana.rest, channel["id"], f"look: {link} ![x]({site}/x.png)")
        # files was asked, through the mesh, and has answered for both.
        await eventually(lambda: asyncio.to_thread(looked_at), lambda rows: rows == before + 2)
        assert asked == []
    for shown in await everywhere(world, ben, channel["id"], post["id"]):
        assert embeds(shown) == [{"type": "link", "url": link}]
        assert "images" not in shown["metadata"]


async def test_what_a_link_leads_to_comes_after_the_post_to_every_socket_and_page(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ana, ben)
    async with website(OUTSIDE) as (site, asked):
        link = f"{site}/page"
        post = await say(ana.rest, channel["id"], f"look: {link} ![x]({site}/x.png)")
        assert embeds(post) == [{"type": "link", "url": link}]
        for edge in world.edges:  # kept there, whatever it shows by now
            await ben.at(edge).get(f"/channels/{channel['id']}/posts")
        edited = await told(sockets, post["id"], "post_edited")
        again = await say(ben.rest, channel["id"], link)
        assert sorted(asked) == ["/og.png", "/page", "/x.png"]
    size = {"width": 30, "height": 20, "format": "png", "frame_count": 0}
    for shown in [*edited, *await everywhere(world, ben, channel["id"], post["id"])]:
        (embed,) = embeds(shown)
        assert (embed["type"], embed["url"], embed["data"]["title"]) == ("opengraph", link, "Outside")
        assert shown["metadata"]["images"] == {f"{site}/og.png": size, f"{site}/x.png": size}
        assert shown["edit_at"] == 0
        assert shown["update_at"] > post["update_at"]
    assert embeds(again)[0]["type"] == "opengraph"


async def test_a_linked_post_is_shown_to_nobody_who_may_not_read_it(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben, eve)
    open_one, den = await world.channel(team, ana, ben, eve), await world.channel(team, ana, ben, kind="P")
    sockets = {person.id: await world.listen_everywhere(person) for person in (ana, ben, eve)}
    site = (await ana.rest.get("/config/client", format="old"))["SiteURL"]
    hidden = await say(ana.rest, den["id"], "hidden words")
    text = f"as said: {site}/{team['name']}/pl/{hidden['id']}"
    link = await say(ana.rest, open_one["id"], text, props={"previewed_post": hidden["id"]})
    for person in (ana, ben, eve):  # who replies follows the thread, and has it in its list
        await say(person.rest, open_one["id"], "yes", root_id=link["id"])
    for person in (ana, ben):
        shown = await everywhere(world, person, open_one["id"], link["id"])
        assert len(shown) == 6 * 4
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
