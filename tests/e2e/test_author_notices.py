"""Who writes of people that are not in the channel is told so, and nobody else is."""

import json
from typing import Any

from tests.e2e.sockets import Socket
from tests.e2e.world import World, say


async def notices(socket: Socket, number: int) -> list[dict[str, Any]]:
    """The first `number` ephemeral posts, once there are so many."""
    frames = await socket.until(
        lambda: found if len(found := socket.events("ephemeral_message")) >= number else None, f"{number} notices"
    )
    assert all(frame["broadcast"]["user_id"] for frame in frames)
    return [json.loads(frame["data"]["post"]) for frame in frames]


async def test_the_author_alone_learns_who_was_not_reached(world: World) -> None:
    ana, ben, eve, far = await world.people("ana", "ben", "eve", "far")
    channel = await world.channel(await world.team(ana, ben, eve), ana, ben)
    sockets = await world.listen_everywhere(ana)
    others = await world.listen_everywhere(ben, eve, far)
    names = f"@{eve.username}. @{ben.username} @{far.username} @nobody @{ana.username}"
    post = await say(ana.rest, channel["id"], f"hi {names} @channel `@{eve.username}`")
    for socket in sockets:
        (notice,) = await notices(socket, 1)
        assert (notice["type"], notice["channel_id"], notice["root_id"]) == ("system_ephemeral", channel["id"], "")
        assert notice["create_at"] == post["create_at"] + 1
        assert notice["message"] == f"@{eve.username} is not in this channel and was not notified."
        told = notice["props"]["add_channel_member"]
        assert (told["post_id"], told["not_in_channel_user_ids"]) == (notice["id"], [eve.id])
        assert told["usernames"] == told["not_in_channel_usernames"] == [eve.username]
    # Nobody outside: no notice. In a direct channel nobody is.
    await say(ana.rest, channel["id"], f"hi @{ben.username} @{far.username}")
    direct = await ana.rest.post("/channels/direct", [ana.id, ben.id])
    await say(ana.rest, direct["id"], f"hi @{eve.username}")
    await say(ana.rest, channel["id"], f"again @{eve.username}", root_id=post["id"])
    for socket in sockets:
        _, reply = await notices(socket, 2)
        assert reply["root_id"] == post["id"]
    await ana.rest.post(f"/channels/{channel['id']}/members", {"user_id": eve.id})
    for socket in await world.listen_everywhere(ben):
        last = await say(ana.rest, channel["id"], f"now @{eve.username}")
        await socket.post(last["id"])
    for socket in sockets:
        assert len(socket.events("ephemeral_message")) == 2
    for socket in others:
        assert socket.events("ephemeral_message") == []


async def test_a_guest_does_not_learn_who_there_is(world: World) -> None:
    ana, guest, eve = await world.people("ana", "guest", "eve")
    await world.admin.post(f"/users/{guest.id}/demote", expect=200)
    channel = await world.channel(await world.team(ana, guest, eve), ana, guest)
    sockets = await world.listen_everywhere(guest, ana)
    await say(guest.rest, channel["id"], f"is there @{eve.username}?")
    told = await say(ana.rest, channel["id"], f"@{eve.username} is")
    for socket in sockets[2:]:
        await notices(socket, 1)
    for socket in sockets[:2]:
        await socket.post(told["id"])
        assert socket.events("ephemeral_message") == []


async def test_clients_cannot_write_such_notices(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    post = await say(ana.rest, channel["id"], "x", props={"add_channel_member": {"post_id": "x"}, "kept": 1})
    assert post["props"] == {"kept": 1}
