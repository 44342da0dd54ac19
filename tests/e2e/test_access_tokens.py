"""Personal access tokens: a program signs in for a user by one, until it is taken away."""

from tests.e2e import sockets
from tests.e2e.client import Rest
from tests.e2e.world import World, eventually, say

DENIED = (403, "api.context.permissions.app_error")
BAD = (400, "api.context.invalid_body_param.app_error")
EXPIRED = (401, "api.context.session_expired.app_error")
UNKNOWN = (404, "app.user_access_token.get_by_user.app_error")


async def test_a_program_signs_in_by_a_token_until_it_is_revoked(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    await world.admin.put(f"/users/{ana.id}/roles", {"roles": "system_user system_user_access_token"})
    await eventually(lambda: ana.rest.send("GET", f"/users/{ana.id}/tokens"), lambda answer: answer.status == 200)
    made = await ana.rest.post(f"/users/{ana.id}/tokens", {"description": "the bridge"}, expect=200)
    assert (made["user_id"], made["description"], made["is_active"]) == (ana.id, "the bridge", True)
    program = Rest(world.http, world.edges[0], made["token"])
    for edge in world.edges:
        assert (await program.at(edge).get("/users/me"))["id"] == ana.id
        await say(program.at(edge), channel["id"], "from a program")
    await ana.rest.post("/users/me/sessions/revoke/all", expect=200)  # sessions end, tokens stay
    assert (await program.get("/users/me"))["id"] == ana.id
    socket = await world.keep(await sockets.listen(world.http, world.edges[1], "program", made["token"]))
    await say(ben.rest, channel["id"], "hello, program")
    await socket.event("posted", channel_display_name=channel["display_name"])
    await world.admin.post("/users/tokens/revoke", {"token_id": made["id"]}, expect=200)
    await socket.closed()
    for edge in world.edges:
        await eventually(
            lambda edge=edge: program.at(edge).refused("GET", "/users/me"),  # type: ignore[misc]
            lambda refusal: refusal == EXPIRED,
            seconds=1,
        )
    assert await world.admin.refused("GET", f"/users/tokens/{made['id']}") == UNKNOWN


async def test_a_token_can_be_switched_off_and_on(world: World) -> None:
    (ana,) = await world.people("ana")
    path = f"/users/{ana.id}/tokens"
    made = await world.admin.post(path, {"description": "a script"}, expect=200)
    program = Rest(world.http, world.edges[1], made["token"])
    named = {"token_id": made["id"]}
    await program.get("/users/me")
    await world.admin.post("/users/tokens/disable", named, expect=200)
    await eventually(lambda: program.refused("GET", "/users/me"), lambda refusal: refusal == EXPIRED, seconds=1)
    shown = {"id": made["id"], "user_id": ana.id, "description": "a script", "is_active": False}
    assert await world.admin.get(f"/users/tokens/{made['id']}") == shown
    assert await world.admin.get(path) == [shown]
    assert shown in await world.admin.get("/users/tokens", per_page=200)
    await world.admin.post("/users/tokens/enable", named, expect=200)
    assert (await program.get("/users/me"))["id"] == ana.id
    await world.admin.put(f"/users/{ana.id}/active", {"active": False})
    await eventually(lambda: program.refused("GET", "/users/me"), lambda refusal: refusal == EXPIRED, seconds=1)


async def test_tokens_are_made_and_seen_by_who_may(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    path, described = f"/users/{ana.id}/tokens", {"description": "mine"}
    assert await ana.rest.refused("POST", path, described) == DENIED
    assert await ana.rest.refused("GET", path) == DENIED
    assert await ana.rest.refused("GET", "/users/tokens") == DENIED
    made = await world.admin.post(path, described, expect=200)
    await world.admin.put(f"/users/{ben.id}/roles", {"roles": "system_user system_user_access_token"})
    await eventually(lambda: ben.rest.send("GET", f"/users/{ben.id}/tokens"), lambda answer: answer.status == 200)
    for rest in (ana.rest, ben.rest):
        assert await rest.refused("GET", f"/users/tokens/{made['id']}") == DENIED
        for action in ("revoke", "disable", "enable"):
            assert await rest.refused("POST", f"/users/tokens/{action}", {"token_id": made["id"]}) == DENIED
    assert await ben.rest.refused("POST", path, described) == DENIED
    assert await world.admin.refused("POST", path, {"description": ""}) == (
        400,
        "model.user_access_token.is_valid.description.app_error",
    )
    assert await world.admin.refused("POST", "/users/tokens/revoke", {"token_id": "short"}) == BAD
    assert await world.admin.refused("POST", "/users/tokens/revoke", {"token_id": "x" * 26}) == UNKNOWN
