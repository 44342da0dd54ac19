"""Typing and statuses, across edges."""

from tests.e2e.client import Place
from tests.e2e.world import World, eventually, say


async def test_typing_reaches_the_other_members_on_both_edges_and_not_the_typist(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    hers, others = await world.listen(ana, world.edges[0]), await world.listen_everywhere(ben)
    outsider = await world.listen(eve, world.edges[1])
    assert (await hers.ask("user_typing", {"channel_id": channel["id"], "parent_id": ""}))["status"] == "OK"
    for socket in others:
        event = await socket.event("typing", user_id=ana.id)
        assert event["data"]["parent_id"] == ""
        assert event["broadcast"]["channel_id"] == channel["id"]
        assert event["broadcast"]["omit_users"] == {ana.id: True}
    fence = await say(ben.rest, channel["id"])
    await hers.post(fence["id"])
    assert not hers.events("typing")
    assert not outsider.events("typing")


async def test_typing_over_rest(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    (other, _) = await world.listen_everywhere(ben)
    root = await say(ben.rest, channel["id"])
    typing = {"channel_id": channel["id"], "parent_id": root["id"]}
    assert await ana.at(world.edges[1]).post("/users/me/typing", typing, expect=200) == {"status": "OK"}
    assert (await other.event("typing", user_id=ana.id))["data"]["parent_id"] == root["id"]


async def test_typing_where_one_may_not_post_is_refused(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    channel = await world.room(ana, kind="P")
    socket = await world.listen(eve, world.edges[0])
    for data in ({"channel_id": channel["id"], "parent_id": ""}, {"channel_id": "short"}, {"channel_id": 7}, {}):
        reply = await socket.ask("user_typing", data)
        assert (reply["status"], reply["error"]["id"]) == ("FAIL", "api.websocket_handler.invalid_param.app_error")


async def _until_status(world: World, user_id: str, status: str, place: Place) -> None:
    rest = world.admin.at(place)
    await eventually(lambda: rest.get(f"/users/{user_id}/status"), lambda answer: answer["status"] == status)


async def test_a_connected_user_is_online_and_a_gone_one_offline_whichever_edge_is_asked(world: World) -> None:
    (ana,) = await world.people("ana")
    for edge in world.edges:
        status = await world.admin.at(edge).get(f"/users/{ana.id}/status")
        assert (status["user_id"], status["status"], status["manual"]) == (ana.id, "offline", False)
    first, second = await world.listen_everywhere(ana)
    for edge in world.edges:
        await _until_status(world, ana.id, "online", edge)
    await first.close()
    (held,) = await world.admin.at(world.edges[0]).post("/users/status/ids", [ana.id], expect=200)
    assert held["status"] == "online"
    await second.close()
    for edge in world.edges:
        await _until_status(world, ana.id, "offline", edge)


async def test_a_status_set_by_hand_stays_and_is_told_to_the_users_own_sockets(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    (hers, here) = await world.listen_everywhere(ana)
    for edge in world.edges:
        await _until_status(world, ana.id, "online", edge)
    away = {"user_id": ana.id, "status": "dnd"}
    answered = await ana.at(world.edges[1]).put("/users/me/status", away)
    assert (answered["status"], answered["manual"]) == ("dnd", True)
    for socket in (hers, here):
        await socket.event("status_change", user_id=ana.id, status="dnd")
    for edge in world.edges:
        statuses = await ben.at(edge).post("/users/status/ids", [ana.id, ben.id], expect=200)
        assert {one["user_id"]: one["status"] for one in statuses}[ana.id] == "dnd"
    back = await ana.rest.put(f"/users/{ana.id}/status", {"user_id": ana.id, "status": "online"})
    assert (back["status"], back["manual"]) == ("online", False)


async def test_statuses_are_refused_by_name(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    bad = (400, "api.context.invalid_body_param.app_error")
    path = f"/users/{ana.id}/status"
    assert await ana.rest.refused("PUT", path, {"user_id": ana.id, "status": "asleep"}) == bad
    assert await ana.rest.refused("PUT", path, {"user_id": ana.id, "status": "ooo"}) == bad
    assert await ana.rest.refused("PUT", path, {"user_id": ben.id, "status": "dnd"}) == bad
    assert await ana.rest.refused("PUT", path, body=b"{") == bad
    forbidden = (403, "api.context.permissions.app_error")
    assert await ana.rest.refused("PUT", f"/users/{ben.id}/status", {"user_id": ben.id, "status": "dnd"}) == forbidden
    assert await ana.rest.refused("POST", "/users/status/ids", body=b"[1]") == bad
    assert (await ana.rest.get(path))["status"] != "dnd"
