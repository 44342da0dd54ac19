"""What somebody says it is doing is shown to everybody, and the latest of it can be taken again."""

import json

from tests.e2e.world import World

DENIED = (403, "api.context.permissions.app_error")
BAD = (400, "api.context.invalid_body_param.app_error")
LUNCH = {"emoji": "pizza", "text": "at lunch", "duration": "", "expires_at": "0001-01-01T00:00:00Z"}


async def test_a_custom_status_is_shown_to_others_until_it_is_taken_away(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    socket = await world.listen(ben, world.edges[1])
    path = f"/users/{ana.id}/status/custom"
    await ana.rest.put(path, LUNCH)
    told = (await socket.event("user_updated"))["data"]["user"]
    assert json.loads(told["props"]["customStatus"]) == LUNCH
    for edge in world.edges:
        shown = await ben.at(edge).get(f"/users/{ana.id}")
        assert json.loads(shown["props"]["customStatus"])["text"] == "at lunch"
    assert await ben.rest.refused("PUT", path, LUNCH) == DENIED
    assert await ben.rest.refused("DELETE", path) == DENIED
    await ana.rest.put(path, LUNCH | {"text": "later", "expires_at": "2999-01-01T12:00:00.000Z"})
    later = json.loads((await ben.rest.get(f"/users/{ana.id}"))["props"]["customStatus"])
    assert (later["duration"], later["expires_at"]) == ("date_and_time", "2999-01-01T12:00:00.000Z")
    await ana.rest.delete(path)
    assert "props" not in await ben.rest.get(f"/users/{ana.id}")


async def test_a_status_that_says_nothing_or_has_ended_is_refused(world: World) -> None:
    (ana,) = await world.people("ana")
    path = f"/users/{ana.id}/status/custom"
    invalid = (400, "api.custom_status.set_custom_statuses.update.app_error")
    for wrong, error in (
        ({"emoji": "", "text": ""}, invalid),
        (LUNCH | {"expires_at": "2020-01-01T00:00:00Z"}, invalid),
        (LUNCH | {"duration": "for_good"}, invalid),
        (LUNCH | {"expires_at": "tomorrow"}, BAD),
        ({"emoji": 1}, BAD),
    ):
        assert await ana.rest.refused("PUT", path, wrong) == error
    assert "props" not in await ana.rest.get("/users/me")


async def test_the_latest_statuses_are_kept_and_forgotten(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    socket = await world.listen(ana, world.edges[1])
    path = f"/users/{ana.id}/status/custom"
    kept = "/users/me/preferences/custom_status/name/recent_custom_statuses"
    for text in ("one", "two", "three"):
        await ana.rest.put(path, LUNCH | {"text": text})
    await socket.event("preferences_changed")
    recent = json.loads((await ana.rest.get(kept))["value"])
    assert [one["text"] for one in recent] == ["three", "two", "one"]
    forget = await ana.rest.send("DELETE", f"{path}/recent", recent[1])
    forget.expect(200)
    await ana.rest.post(f"{path}/recent/delete", recent[2], expect=200)
    await ana.rest.post(f"{path}/recent/delete", recent[2], expect=200)  # again is no change
    assert [one["text"] for one in json.loads((await ana.rest.get(kept))["value"])] == ["three"]
    assert await ben.rest.refused("DELETE", f"{path}/recent", LUNCH) == DENIED
    assert await ben.rest.refused("POST", f"{path}/recent/delete", LUNCH) == DENIED
