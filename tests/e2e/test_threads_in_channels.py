"""Somebody switches collapsed threads off, where the server lets users choose: replies are its channel's then."""

import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from deploy.local.mesh import Mesh
from tests.e2e.client import Person
from tests.e2e.sockets import Frame, Socket
from tests.e2e.world import World, eventually, say, world_in

NAMED = {"category": "display_settings", "name": "collapsed_reply_threads"}


@pytest.fixture
async def world(otherwise: Mesh) -> AsyncIterator[World]:
    async with world_in(otherwise) as made:
        yield made


async def choose(person: Person, value: str) -> None:
    """Choose as the web client's settings do; messaging hears of it a moment later."""
    chosen = {"user_id": person.id, **NAMED, "value": value}
    await person.rest.put("/users/me/preferences", [chosen])


def _later(socket: Socket) -> list[Frame]:
    return socket.events("thread_updated")[1:]


async def unread(person: Person, channel_id: str) -> dict[str, Any]:
    found: dict[str, Any] = await person.rest.get(f"/users/me/channels/{channel_id}/unread")
    return found


async def test_replies_are_read_in_channels_by_who_prefers_that_and_in_threads_by_the_others(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    here = channel["id"]
    assert (await ana.rest.get("/config/client", format="old"))["CollapsedThreads"] == "default_on"
    root = await say(ana.rest, here)
    await choose(ana, "off")

    async def reply_and_look() -> int:
        await say(ben.rest, here, "in between")
        await say(ana.rest, here, "re", root_id=root["id"])
        return int((await unread(ana, here))["msg_count"])

    await eventually(reply_and_look, lambda left: left == 0)  # a reply is a look at the channel, from now on

    sockets = await world.listen_everywhere(ana, ben)
    hers, his = sockets[:2], sockets[2:]
    reply = await say(ben.rest, here, f"@{ana.username} see", root_id=root["id"])
    last = await say(ben.rest, here, "and this")
    for socket in hers:
        posted = await socket.event("posted")
        assert json.loads(posted["data"]["mentions"]) == [ana.id]
        assert "followers" not in posted["data"]
        await socket.post(last["id"])
        assert socket.events("thread_updated") == []
    for socket in his:
        assert json.loads((await socket.event("thread_updated"))["data"]["thread"])["id"] == root["id"]

    page = await ana.rest.get(f"/channels/{here}/posts")
    assert page["order"][:2] == [last["id"], reply["id"]]
    assert page["posts"][reply["id"]]["reply_count"] == page["posts"][root["id"]]["reply_count"] > 0
    assert page["posts"][root["id"]]["participants"] is None
    around = await ana.rest.get(f"/users/me/channels/{here}/posts/unread", limit_before=1, limit_after=5)
    assert around["order"][:2] == [last["id"], reply["id"]]
    seen = await unread(ana, here)
    assert (seen["msg_count"], seen["msg_count_root"], seen["mention_count"], seen["mention_count_root"]) == (
        2,
        1,
        1,
        0,
    )
    (team,) = await ana.rest.get("/users/me/teams/unread")
    assert (team["thread_count"], team["thread_mention_count"]) == (0, 0)

    await ana.rest.post(
        "/channels/members/me/view", {"channel_id": here, "collapsed_threads_supported": True}, expect=200
    )
    threads = f"/users/{ana.id}/teams/{channel['team_id']}/threads"
    assert (await ana.rest.get(threads, totalsOnly="true"))["total_unread_threads"] == 0
    marked = await ana.rest.post(
        f"/users/me/posts/{reply['id']}/set_unread", {"collapsed_threads_supported": True}, expect=200
    )
    assert (marked["mention_count"], marked["mention_count_root"]) == (1, 0)
    seen = await unread(ana, here)
    assert (seen["msg_count"], seen["msg_count_root"]) == (2, 0)
    for socket in hers:
        assert (await socket.event("post_unread"))["data"]["post_id"] == reply["id"]
        assert not socket.events("thread_updated") + socket.events("thread_read_changed")
    (thread,) = (await ana.rest.get(threads))["threads"]
    assert (thread["unread_replies"], thread["unread_mentions"]) == (1, 1)

    # A client that knows no threads puts one back for whoever reads them elsewhere.
    await ben.rest.post(f"/users/me/posts/{reply['id']}/set_unread", {}, expect=200)
    for socket in his:
        told = (await socket.until(partial(_later, socket), "its thread again"))[0]
        assert set(told["data"]) == {"thread"}
        assert json.loads(told["data"]["thread"])["unread_replies"] == 1

    await choose(ana, "on")

    async def told_of_threads() -> bool:
        await say(ben.rest, here, "re", root_id=root["id"])
        return bool(hers[0].events("thread_updated"))

    await eventually(told_of_threads, bool)
