"""What becomes of accounts: changed as a whole, with other roles, another password, let in and kept out."""

from tests.e2e.client import Rest, sign_in
from tests.e2e.world import World, eventually

DENIED = (403, "api.context.permissions.app_error")
BAD = (400, "api.context.invalid_body_param.app_error")
EXPIRED = (401, "api.context.session_expired.app_error")


async def test_a_user_changes_itself_as_a_whole(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    whole = await ana.rest.get("/users/me")
    changed = await ana.rest.put(f"/users/{ana.id}", whole | {"nickname": "Annie", "roles": "system_admin"})
    assert (changed["nickname"], changed["roles"]) == ("Annie", "system_user")
    assert changed["notify_props"] == whole["notify_props"]
    assert (await ana.at(world.edges[1]).get("/users/me"))["nickname"] == "Annie"
    without = {key: value for key, value in whole.items() if key != "nickname"}
    assert (await ana.rest.put(f"/users/{ana.id}", without))["nickname"] == ""
    assert await ana.rest.refused("PUT", f"/users/{ana.id}", whole | {"id": ben.id}) == BAD
    assert await ben.rest.refused("PUT", f"/users/{ana.id}", whole) == DENIED
    assert (await world.admin.put(f"/users/{ana.id}", whole | {"nickname": "of the admin"}))[
        "nickname"
    ] == "of the admin"


async def test_new_roles_hold_at_once_and_are_told(world: World) -> None:
    (ana,) = await world.people("ana")
    socket = await world.listen(ana, world.edges[1])
    assert await ana.rest.refused("PUT", f"/users/{ana.id}/roles", {"roles": "system_user system_admin"}) == DENIED
    await world.admin.put(f"/users/{ana.id}/roles", {"roles": "system_user system_admin"})
    told = (await socket.event("user_role_updated"))["data"]
    assert told == {"user_id": ana.id, "roles": "system_user system_admin"}
    for edge in world.edges:
        await eventually(lambda edge=edge: ana.at(edge).send("GET", "/roles"), lambda answer: answer.status == 200)  # type: ignore[misc]
    await world.admin.put(f"/users/{ana.id}/roles", {"roles": "system_user"})
    for edge in world.edges:
        await eventually(
            lambda edge=edge: ana.at(edge).refused("GET", "/roles"),  # type: ignore[misc]
            lambda refusal: refusal == DENIED,
            seconds=1,
        )
    for roles, error in (
        ("", BAD),
        ("system_user nonsense", (400, "app.role.check_roles_exist.role_not_found")),
        ("system_user system_manager", (400, "api.user.update_user_roles.license.app_error")),
    ):
        assert await world.admin.refused("PUT", f"/users/{ana.id}/roles", {"roles": roles}) == error
    me = await world.admin.get("/users/me")
    assert await world.admin.refused("PUT", f"/users/{me['id']}/roles", {"roles": "system_user"}) == (
        400,
        "app.user.update.lastAdmin.app_error",
    )


async def test_a_new_password_keeps_this_session_and_ends_the_others(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    other = await sign_in(world.http, world.edges[1], ana.username, ana.password)
    path, new = f"/users/{ana.id}/password", "another quiet place"
    wrong = {"current_password": "not this one", "new_password": new}
    right = {"current_password": ana.password, "new_password": new}
    assert await ana.rest.refused("PUT", path, wrong) == (400, "api.user.update_password.incorrect.app_error")
    assert await ana.rest.refused("PUT", path, {"new_password": new}) == BAD
    assert await ben.rest.refused("PUT", path, right) == (403, "api.user.update_password.context.app_error")
    short = right | {"new_password": "short"}
    assert await ana.rest.refused("PUT", path, short) == (400, "model.user.is_valid.pwd_min_length.app_error")
    await ana.rest.put(path, right)
    for edge in world.edges:
        await eventually(
            lambda edge=edge: other.at(edge).refused("GET", "/users/me"),  # type: ignore[misc]
            lambda refusal: refusal == EXPIRED,
            seconds=1,
        )
        await ana.at(edge).get("/users/me")
    await sign_in(world.http, world.edges[0], ana.username, new)
    await world.admin.put(path, {"new_password": "set by the admin"})
    await eventually(lambda: ana.rest.refused("GET", "/users/me"), lambda refusal: refusal == EXPIRED, seconds=1)
    await sign_in(world.http, world.edges[1], ana.username, "set by the admin")


async def test_who_is_deactivated_stays_in_what_it_wrote_and_can_come_back(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    await ana.rest.post("/posts", {"channel_id": channel["id"], "message": "I was here"})
    assert await ben.rest.refused("DELETE", f"/users/{ana.id}") == DENIED
    assert await ana.rest.refused("DELETE", f"/users/{ana.id}") == (403, "api.user.update_active.not_enable.app_error")
    assert await ben.rest.refused("PUT", f"/users/{ana.id}/active", {"active": False}) == (
        403,
        "api.user.update_active.permissions.app_error",
    )
    assert await world.admin.refused("PUT", f"/users/{ana.id}/active", {}) == BAD
    await world.admin.delete(f"/users/{ana.id}")
    gone = await ben.rest.get(f"/users/{ana.id}")
    assert gone["delete_at"] > 0
    await eventually(lambda: ben.rest.get(f"/channels/{channel['id']}/stats"), lambda stats: stats["member_count"] == 1)
    mention = await ben.rest.post("/posts", {"channel_id": channel["id"], "message": f"@{ana.username} are you there?"})
    assert mention["id"]
    where = {"term": ana.username, "in_channel_id": channel["id"]}
    assert await ben.rest.post("/users/search", where, expect=200) == []
    inactive = await ben.rest.get("/users", in_channel=channel["id"], inactive="true")
    assert [user["id"] for user in inactive] == [ana.id]
    assert [user["id"] for user in await ben.rest.get("/users", in_channel=channel["id"], active="true")] == [ben.id]
    await world.admin.put(f"/users/{ana.id}/active", {"active": True})
    back = await sign_in(world.http, world.edges[0], ana.username, ana.password)
    (member,) = [m for m in await back.get("/users/me/channel_members", page=0) if m["channel_id"] == channel["id"]]
    assert member["mention_count"] == 0  # nobody mentions who is not there


async def test_users_are_listed_by_where_they_are_and_what_they_may(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana)
    assert await ben.rest.refused("GET", "/users?without_team=true") == DENIED
    lonely = {user["id"] for user in await world.admin.get("/users", without_team="true", per_page=200)}
    assert ben.id in lonely
    assert ana.id not in lonely
    admins = await ana.rest.get("/users", in_team=team["id"], roles="system_admin,system_guest")
    assert [user["username"] for user in admins] == ["admin"]
    known = await ana.rest.get("/users/known")
    assert (ben.id in known, ana.id in known) == (False, False)
    await world.channel(team, ana)
    assert await Rest(world.http, world.edges[0]).refused("GET", "/users/known") == EXPIRED
