"""Bots: users without a password, whom programs post as by a token."""

from typing import Any

from tests.e2e.client import Rest
from tests.e2e.world import World, eventually, say, unique

DENIED = (403, "api.context.permissions.app_error")
HIDDEN = (404, "store.sql_bot.get.missing.app_error")
EXPIRED = (401, "api.context.session_expired.app_error")


async def _bot(world: World, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await world.admin.post("/bots", {"username": unique("bot"), "display_name": "Botty", **more})
    return made


async def test_a_bot_posts_by_its_token_and_is_shown_as_one(world: World) -> None:
    (ana,) = await world.people("ana")
    bot = await _bot(world, description="counts things")
    me = await world.admin.get("/users/me")
    assert (bot["display_name"], bot["description"], bot["owner_id"]) == ("Botty", "counts things", me["id"])
    channel = await world.room(ana)
    await world.admin.post(
        f"/teams/{channel['team_id']}/members", {"team_id": channel["team_id"], "user_id": bot["user_id"]}
    )
    await ana.rest.post(f"/channels/{channel['id']}/members", {"user_id": bot["user_id"]})
    token = await world.admin.post(f"/users/{bot['user_id']}/tokens", {"description": "its program"}, expect=200)
    program = Rest(world.http, world.edges[1], token["token"])
    socket = await world.listen(ana, world.edges[0])
    post = await say(program, channel["id"], "three things")
    assert (await socket.post(post["id"]))["user_id"] == bot["user_id"]
    shown = await ana.rest.get(f"/users/{bot['user_id']}")
    assert (shown["is_bot"], shown["bot_description"]) == (True, "counts things")
    assert await program.refused("POST", "/bots", {"username": unique("bot")}) == DENIED
    nobody = Rest(world.http, world.front)
    login = {"login_id": bot["username"], "password": "anything at all"}
    assert (await nobody.send("POST", "/users/login", login)).status == 401
    await world.admin.post(f"/bots/{bot['user_id']}/disable", expect=200)
    await eventually(lambda: program.refused("GET", "/users/me"), lambda refusal: refusal == EXPIRED, seconds=1)
    assert await world.admin.refused("GET", f"/bots/{bot['user_id']}") == HIDDEN
    assert (await world.admin.get(f"/bots/{bot['user_id']}", include_deleted="true"))["delete_at"] > 0
    enabled = await world.admin.post(f"/bots/{bot['user_id']}/enable", expect=200)
    assert enabled["delete_at"] == 0
    assert (await program.get("/users/me"))["id"] == bot["user_id"]


async def test_bots_are_changed_listed_and_given_away(world: World) -> None:
    (ana,) = await world.people("ana")
    bot = await _bot(world)
    path = f"/bots/{bot['user_id']}"
    changed = await world.admin.put(path, {"display_name": "Robert", "description": "new"})
    assert (changed["username"], changed["display_name"], changed["description"]) == (bot["username"], "Robert", "new")
    assert await world.admin.get(path) == changed
    assert changed in await world.admin.get("/bots", per_page=200)
    given = await world.admin.post(f"{path}/assign/{ana.id}", expect=200)
    assert given["owner_id"] == ana.id
    orphans = "/bots?only_orphaned=true"
    assert bot["user_id"] not in {one["user_id"] for one in await world.admin.get(orphans, per_page=200)}
    await world.admin.put(f"/users/{ana.id}/active", {"active": False})
    assert bot["user_id"] in {one["user_id"] for one in await world.admin.get(orphans, per_page=200)}
    assert (await world.admin.send("POST", f"{path}/assign/{'x' * 26}")).status == 404
    other = await _bot(world)
    assert await world.admin.refused("POST", f"{path}/assign/{other['user_id']}") == DENIED


async def test_who_may_not_manage_bots_does_not_learn_of_them(world: World) -> None:
    (ana,) = await world.people("ana")
    bot = await _bot(world)
    path = f"/bots/{bot['user_id']}"
    assert await ana.rest.refused("GET", "/bots") == DENIED
    assert await ana.rest.refused("POST", "/bots", {"username": unique("bot")}) == DENIED
    for method, where in (
        ("GET", path),
        ("PUT", path),
        ("POST", f"{path}/disable"),
        ("POST", f"{path}/enable"),
        ("POST", f"{path}/assign/{ana.id}"),
    ):
        value = {"display_name": "mine"} if method == "PUT" else None
        assert await ana.rest.refused(method, where, value) == HIDDEN
    assert await world.admin.refused("GET", f"/bots/{ana.id}") == HIDDEN  # a person is no bot
    for username, error in (
        (bot["username"], "app.user.save.username_exists.app_error"),
        ("has space", "model.user.is_valid.username.app_error"),
        ("", "model.user.is_valid.username.app_error"),
    ):
        assert await world.admin.refused("POST", "/bots", {"username": username}) == (400, error)
