"""Preferences: what is set on one device is on all of them, through either edge, and nobody else's matter."""

import json
from typing import Any

from tests.e2e.world import World, say

PATH = "/users/me/preferences"
FORBIDDEN = (403, "api.context.permissions.app_error")
INVALID = (400, "api.context.invalid_body_param.app_error")


def pref(user_id: str, category: str, name: str, value: str) -> dict[str, Any]:
    return {"user_id": user_id, "category": category, "name": name, "value": value}


async def test_a_new_user_has_the_three_defaults(world: World) -> None:
    ana = await world.person("ana")
    assert await ana.rest.get(PATH) == [
        pref(ana.id, "recommended_next_steps", "hide", "false"),
        pref(ana.id, "system_notice", "GMasDM", "true"),
        pref(ana.id, "tutorial_step", ana.id, "0"),
    ]


async def test_preferences_are_on_every_device_and_nobody_elses_matter(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    here, there = await world.listen_everywhere(ana)
    his = await world.listen(ben, world.edges[1])
    kept = [pref(ana.id, "last", "channel", "x"), pref(ana.id, "theme", "", '{"linkColor":"#fff"}')]
    assert await ana.rest.put(PATH, kept) == {"status": "OK"}
    for socket in (here, there):
        changed = await socket.event("preferences_changed")
        assert json.loads(changed["data"]["preferences"]) == kept
        assert changed["broadcast"]["user_id"] == ana.id
    for edge in world.edges:
        rest = ana.at(edge)
        assert [each for each in await rest.get(PATH) if each["category"] in ("last", "theme")] == kept
        assert await rest.get(f"{PATH}/last") == kept[:1]
        assert await rest.get(f"{PATH}/last/name/channel") == kept[0]
    assert await ana.rest.post(f"{PATH}/delete", kept[:1], expect=200) == {"status": "OK"}
    for socket in (here, there):
        deleted = await socket.event("preferences_deleted")
        assert [each["name"] for each in json.loads(deleted["data"]["preferences"])] == ["channel"]
    assert await ana.rest.refused("GET", f"{PATH}/last") == (404, "api.preference.preferences_category.get.app_error")
    assert (await ana.rest.refused("GET", f"{PATH}/last/name/channel"))[0] == 404
    assert not [frame for frame in his.frames if "preference" in frame.get("event", "")]


async def test_what_is_refused_sets_nothing(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    room = await world.room(ben)
    hidden = await say(ben.rest, room["id"], "not for ana")
    before = await ana.rest.get(PATH)
    mine = pref(ana.id, "last", "channel", "x")
    for wrong, expected in (
        ([], INVALID),
        ([mine] * 101, INVALID),
        ({}, INVALID),
        ([mine, mine | {"user_id": ben.id}], (403, "api.preference.update_preferences.set.app_error")),
        ([mine, mine | {"category": ""}], (400, "model.preference.is_valid.category.app_error")),
        ([mine, mine | {"name": "n" * 33}], (400, "model.preference.is_valid.name.app_error")),
        ([mine, mine | {"value": "v" * 20_001}], (400, "model.preference.is_valid.value.app_error")),
        ([mine, mine | {"category": "theme", "value": "red"}], (400, "model.preference.is_valid.theme.app_error")),
        ([mine, mine | {"category": "flagged_post", "name": hidden["id"]}], INVALID),
        ([mine, mine | {"category": "flagged_post", "name": "x"}], INVALID),
    ):
        assert await ana.rest.refused("PUT", PATH, wrong) == expected, wrong
    assert await ana.rest.get(PATH) == before
    theirs = f"/users/{ben.id}/preferences"
    assert await ana.rest.refused("GET", theirs) == FORBIDDEN
    assert await ana.rest.refused("PUT", theirs, [mine | {"user_id": ben.id}]) == FORBIDDEN
    assert await ana.rest.refused("POST", f"{theirs}/delete", [mine | {"user_id": ben.id}]) == FORBIDDEN
    assert len(await world.admin.get(theirs)) == 3
    flag = pref(ben.id, "flagged_post", hidden["id"], "true")
    await ben.rest.put(PATH, [flag])
    assert await ben.rest.get(f"{PATH}/flagged_post") == [flag]
