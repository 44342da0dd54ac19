"""Roles, and what clients ask for whatever a server offers, at either edge."""

import pytest

from services.chassis.permissions import ALL
from tests.e2e.world import World

FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_roles_are_told_alike_by_names_ids_and_at_each_edge(world: World) -> None:
    ana = await world.person("ana")
    names = ["system_user", "channel_guest", "system_user", "nobody"]
    user, guest = await ana.at(world.edges[0]).post("/roles/names", names, expect=200)
    assert (user["name"], user["display_name"]) == ("system_user", "authentication.roles.global_user.name")
    assert len(user["permissions"]) == 13
    assert len(guest["permissions"]) == 8
    other = ana.at(world.edges[1])
    assert await other.get(f"/roles/{user['id']}") == user
    assert await other.get("/roles/name/channel_guest") == guest
    every = {role["name"]: role for role in await world.admin.get("/roles")}
    assert set(every["system_admin"]["permissions"]) == ALL
    assert not every["custom_group_user"]["built_in"]
    assert every["playbook_admin"]["scheme_managed"]
    assert await ana.rest.refused("GET", "/roles") == FORBIDDEN
    assert await ana.rest.refused("GET", "/roles/name/nobody") == (404, "app.role.get_by_name.app_error")
    assert await ana.rest.refused("GET", f"/roles/{'x' * 26}") == (404, "app.role.get.app_error")
    unreadable: tuple[object, ...] = ([], ["x"] * 101, {})
    for wrong in unreadable:
        assert await ana.rest.refused("POST", "/roles/names", wrong) == (
            400,
            "api.context.invalid_body_param.app_error",
        )


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/system/notices/{id}?client=web&clientVersion=11.6.0", None, []),
        ("PUT", "/system/notices/view", ["a notice"], {"status": "OK"}),
        ("GET", "/custom_profile_attributes/fields", None, []),
        ("GET", "/plugins/webapp", None, []),
        ("GET", "/agents/status", None, {"available": False, "reason": ""}),
        ("GET", "/trial-license/prev", None, {"IsLicensed": "false"}),
        ("POST", "/client_perf", {"version": "0.1.0"}, {"status": "OK"}),
        ("POST", "/logs", {"level": "ERROR", "message": "m"}, {"level": "ERROR", "message": "m"}),
    ],
)
async def test_what_this_server_lacks_is_no_error(
    world: World, method: str, path: str, body: object, expected: object
) -> None:
    ana = await world.person("ana")
    for edge in world.edges:
        answer = await ana.at(edge).send(method, path.format(id="x" * 26), body)
        assert answer.expect(200) == expected
        assert answer.headers["Content-Type"] == "application/json"
    if body is not None:
        wrong = await ana.rest.refused(method, path, 5)
        assert wrong == (400, "api.context.invalid_body_param.app_error")


async def test_no_command_is_proposed_to_who_is_in_the_team(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    path = f"/teams/{(await world.team(ana))['id']}/commands/autocomplete_suggestions?user_input=/&channel_id="
    assert await ana.rest.get(path) == []
    assert await eve.rest.refused("GET", path) == FORBIDDEN


async def test_figures_of_the_server_are_for_those_who_run_it(world: World) -> None:
    ana = await world.person("ana")
    limits = await ana.rest.get("/limits/server")
    assert len(limits) == 7
    assert not any(limits.values())
    assert (await world.admin.get("/limits/server"))["activeUserCount"] >= 2
    assert await ana.rest.refused("GET", "/analytics/old?name=standard&team_id=") == FORBIDDEN
    figures = {row["name"]: row["value"] for row in await world.admin.get("/analytics/old?name=standard&team_id=")}
    assert figures["unique_user_count"] >= 2
    assert figures["post_count"] == -1  # not counted
    assert (await world.admin.refused("GET", "/analytics/old?name=unheard_of"))[0] == 400
    assert await ana.rest.refused("GET", "/system/onboarding/complete") == FORBIDDEN
    assert (await world.admin.get("/system/onboarding/complete"))["value"] == "true"
