"""Accounts: made, read, found and changed, the same at either edge."""

import io

import pytest
from PIL import Image

from services.chassis.ids import new_id
from tests.e2e.client import Rest
from tests.e2e.world import PASSWORD, World, eventually, unique

SECRETS = {"password", "last_login", "mfa_secret"}


async def test_the_first_user_is_the_admin_and_others_are_not(world: World) -> None:
    (ana,) = await world.people("ana")
    assert (await world.admin.get("/users/me"))["roles"] == "system_admin system_user"
    assert (await ana.rest.get("/users/me"))["roles"] == "system_user"


async def test_a_user_is_the_same_by_id_name_and_email_at_both_edges(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    for edge in world.edges:
        rest = ben.at(edge)
        by_id = await rest.get(f"/users/{ana.id}")
        assert by_id["username"] == ana.username
        assert not SECRETS & set(by_id)
        assert "notify_props" not in by_id
        assert await rest.get(f"/users/username/{ana.username}") == by_id
        assert await rest.get(f"/users/email/{ana.email}") == by_id
        assert await rest.post("/users/ids", [ana.id], expect=200) == [by_id]
        assert await rest.post("/users/usernames", [ana.username], expect=200) == [by_id]
    for path, error in (
        ("/users/" + "x" * 26, "app.user.missing_account.const"),
        ("/users/username/nobody-here", "app.user.get_by_username.app_error"),
    ):
        assert await ben.rest.refused("GET", path) == (404, error)
    assert await ben.rest.refused("GET", "/users/short") == (400, "api.context.invalid_url_param.app_error")


async def test_a_patch_is_read_through_the_other_edge_and_told_to_everybody(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    await world.team(ana, ben)
    his, hers = await world.listen(ben, world.edges[1]), await world.listen(ana, world.edges[1])
    change = {"nickname": "Annie", "first_name": "Ana", "position": "Founder", "locale": "de"}
    patched = await ana.at(world.edges[0]).put("/users/me/patch", change)
    assert {key: patched[key] for key in change} == change
    read = await ana.at(world.edges[1]).get("/users/me")
    assert {key: read[key] for key in change} == change
    seen = (await his.event("user_updated"))["data"]["user"]
    assert (seen["id"], seen["nickname"]) == (ana.id, "Annie")
    assert not SECRETS & set(seen)
    own = (await hers.event("user_updated"))["data"]["user"]
    assert own["notify_props"]
    assert len(his.events("user_updated")) == len(hers.events("user_updated")) == 1


async def test_people_are_found_by_what_they_are_called(world: World) -> None:
    stem = unique("quentin")
    ana, ben = await world.people(stem, "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ben)
    await ana.rest.put("/users/me/patch", {"nickname": unique("Sunny")})
    for edge in world.edges:
        rest = ben.at(edge)
        found = await eventually(lambda rest=rest: rest.post("/users/search", {"term": stem}, expect=200), bool)  # type: ignore[misc]
        assert [user["id"] for user in found] == [ana.id]
        inside = await rest.get("/users/autocomplete", name=stem, in_team=team["id"], in_channel=channel["id"])
        assert (inside["users"], [user["id"] for user in inside["out_of_channel"]]) == ([], [ana.id])
        assert (await rest.get("/users/autocomplete", name="no-such-name"))["users"] == []
    assert await ben.rest.refused("POST", "/users/search", {"term": ""}) == (
        400,
        "api.context.invalid_body_param.app_error",
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"username": "admin"}, "app.user.save.username_exists.app_error"),
        ({"email": "admin@example.org"}, "app.user.save.email_exists.app_error"),
        ({"username": "has space"}, "model.user.is_valid.username.app_error"),
        ({"username": "channel"}, "model.user.is_valid.username.app_error"),
        ({"username": "x" * 65}, "model.user.is_valid.username.app_error"),
        ({"email": "no-address"}, "model.user.is_valid.email.app_error"),
        ({"nickname": "x" * 65}, "model.user.is_valid.nickname.app_error"),
        ({"password": "short"}, "model.user.is_valid.pwd_min_length.app_error"),
        ({"password": "x" * 73}, "model.user.is_valid.pwd_max_length.app_error"),
    ],
)
async def test_an_account_that_cannot_be_is_refused_by_name(world: World, change: dict[str, str], error: str) -> None:
    name = unique("new")
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD} | change
    assert await world.admin.refused("POST", "/users", account) == (400, error)
    assert await world.admin.refused("GET", f"/users/username/{name}") == (404, "app.user.get_by_username.app_error")


async def test_a_closed_server_takes_no_sign_ups(world: World) -> None:
    name = unique("stranger")
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    for edge in world.edges:
        assert await Rest(world.http, edge).refused("POST", "/users", account) == (
            403,
            "api.user.create_user.no_open_server",
        )


async def test_nobody_changes_others(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    change = {"nickname": "mine now"}
    assert await ben.rest.refused("PUT", f"/users/{ana.id}/patch", change) == (403, "api.context.permissions.app_error")
    assert (await ana.rest.get("/users/me"))["nickname"] == ""
    assert (await world.admin.put(f"/users/{ana.id}/patch", change))["nickname"] == "mine now"


async def test_a_new_email_needs_the_password(world: World) -> None:
    (ana,) = await world.people("ana")
    change = {"email": f"new-{ana.email}"}
    bad = (400, "api.context.invalid_body_param.app_error")
    assert await ana.rest.refused("PUT", "/users/me/patch", change) == bad
    assert await ana.rest.refused("PUT", "/users/me/patch", change | {"password": "wrong password"}) == bad
    assert (await ana.rest.put("/users/me/patch", change | {"password": PASSWORD}))["email"] == change["email"]


async def test_everybody_has_a_picture_and_it_is_the_same_at_every_edge(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    shown = [await ben.at(edge).send("GET", f"/users/{ana.id}/image") for edge in world.edges]
    shown.append(await ben.rest.send("GET", f"/users/{ana.id}/image/default"))
    assert {answer.status for answer in shown} == {200}
    assert len({answer.body for answer in shown}) == 1
    with Image.open(io.BytesIO(shown[0].body)) as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 128))
    assert shown[0].headers["Content-Type"] == "image/png"
    tag = shown[0].headers["ETag"]
    again = await ben.rest.send("GET", f"/users/{ana.id}/image", headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert await ben.rest.refused("GET", f"/users/{new_id()}/image") == (404, "app.user.missing_account.const")


async def test_who_else_is_in_ones_group_channels(world: World) -> None:
    ana, ben, cem, eve = await world.people("ana", "ben", "cem", "eve")
    await world.team(ana, ben, cem, eve)
    group = await ana.rest.post("/channels/group", [ana.id, ben.id, cem.id])
    room = await world.room(ana, ben)
    asked = [group["id"], room["id"], new_id(), "no id"]
    found = await ana.rest.post("/users/group_channels", asked, expect=200)
    assert {channel: sorted(user["id"] for user in users) for channel, users in found.items()} == {
        group["id"]: sorted((ben.id, cem.id))
    }
    assert await eve.rest.post("/users/group_channels", asked, expect=200) == {}
    assert await ana.rest.refused("POST", "/users/group_channels", {"not": "a list"}) == (
        400,
        "api.context.invalid_body_param.app_error",
    )
