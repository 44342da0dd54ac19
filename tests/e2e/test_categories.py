"""The sidebar's headings: the same on every device of a user, and nobody else's business."""

import json

from tests.e2e.world import World

FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_the_sidebar_of_a_user_is_the_same_on_every_device(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel, spare = await world.channel(team, ana, ben), await world.channel(team, ana)
    note = await ana.rest.post("/channels/direct", [ana.id, ben.id])
    path = f"/users/me/teams/{team['id']}/channels/categories"
    here, there = (ana.at(edge) for edge in world.edges)
    sockets = await world.listen_everywhere(ana, ben)
    found = await there.get(path)
    assert [one["type"] for one in found["categories"]] == ["favorites", "channels", "direct_messages"]
    assert found["order"] == [one["id"] for one in found["categories"]]
    assert {channel["id"], spare["id"]} <= set(found["categories"][1]["channel_ids"])
    assert found["categories"][2]["channel_ids"] == [note["id"]]
    assert await there.get(f"{path}/order") == found["order"]

    body = {"user_id": ana.id, "team_id": team["id"], "display_name": "Mine", "channel_ids": [channel["id"]]}
    made = (await here.send("POST", path, body)).expect(200)
    assert made == {
        "id": made["id"],
        "user_id": ana.id,
        "team_id": team["id"],
        "sort_order": 10,
        "sorting": "",
        "type": "custom",
        "display_name": "Mine",
        "muted": False,
        "collapsed": False,
        "channel_ids": [channel["id"]],
    }
    assert await there.get(f"{path}/{made['id']}") == made
    changed = await there.put(f"{path}/{made['id']}", made | {"collapsed": True, "channel_ids": [note["id"]]})
    assert (changed["collapsed"], changed["channel_ids"]) == (True, [note["id"]])
    moved = [changed | {"channel_ids": []}, found["categories"][0] | {"channel_ids": [spare["id"]]}]
    assert [one["channel_ids"] for one in await here.put(path, moved)] == [[], [spare["id"]]]
    order = [made["id"], *found["order"]]
    assert await here.put(f"{path}/order", order) == order
    assert (await there.get(path))["order"] == order
    assert await there.delete(f"{path}/{made['id']}") == {"status": "OK"}

    for socket in sockets[:2]:
        gone = await socket.event("sidebar_category_deleted")
        assert gone["data"] == {"category_id": made["id"]}
        assert (gone["broadcast"]["user_id"], gone["broadcast"]["team_id"]) == (ana.id, team["id"])
        (first,) = socket.events("sidebar_category_created")
        assert first["data"] == {"category_id": made["id"]}
        updates = [json.loads(e["data"]["updatedCategories"]) for e in socket.events("sidebar_category_updated")]
        assert updates[0] == [changed]
        assert [one["id"] for one in updates[1]] == [made["id"], found["order"][0]]
        (ordered,) = socket.events("sidebar_category_order_updated")
        assert ordered["data"] == {"order": order}
    for socket in sockets[2:]:
        assert not [frame for frame in socket.frames if "sidebar" in frame.get("event", "")]


async def test_headings_that_cannot_be_are_refused_and_nothing_is_written(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana, eve)
    path = f"/users/{ana.id}/teams/{team['id']}/channels/categories"
    before = await ana.rest.get(path)
    body = {"user_id": ana.id, "team_id": team["id"], "display_name": "Mine", "channel_ids": []}
    invalid, refused = (
        (400, "api.context.invalid_body_param.app_error"),
        (400, "app.channel.sidebar_categories.app_error"),
    )
    favorites = before["order"][0]
    for method, end, value, expected in (
        ("POST", "", body | {"user_id": eve.id}, invalid),
        ("POST", "", body | {"display_name": "x" * 65}, invalid),
        ("POST", "", body | {"sorting": "sideways"}, invalid),
        ("PUT", "", [body | {"id": f"favorites_{eve.id}_{team['id']}"}], invalid),
        ("PUT", "/order", before["order"][:2], refused),
        ("PUT", "/order", [*before["order"], "x" * 26], invalid),
        ("PUT", f"/{'x' * 26}", body, FORBIDDEN),
        ("GET", f"/{'x' * 26}", None, FORBIDDEN),
        ("DELETE", f"/{favorites}", None, refused),
        ("DELETE", f"/{'x' * 26}", None, FORBIDDEN),
    ):
        assert await ana.rest.refused(method, path + end, value) == expected, (method, end)
    for method, end, value in (
        ("GET", "", None),
        ("GET", "/order", None),
        ("GET", f"/{favorites}", None),
        ("POST", "", body),
        ("PUT", "/order", before["order"]),
        ("DELETE", f"/{favorites}", None),
    ):
        assert await eve.rest.refused(method, path + end, value) == FORBIDDEN, (method, end)
    assert await ana.rest.get(path) == before
