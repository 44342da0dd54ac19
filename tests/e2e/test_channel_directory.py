"""Finding channels, and what is asked of many at once, at either edge."""

import json

from tests.e2e.client import Answer
from tests.e2e.world import World, eventually, unique

FORBIDDEN = (403, "api.context.permissions.app_error")


def lines(answer: Answer) -> list[dict[str, object]]:
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.splitlines()]


async def test_all_memberships_are_a_line_each_and_a_page_is_a_list(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben)
    path = f"/users/{ana.id}/channel_members"
    for edge in world.edges:
        rest = ana.at(edge)
        found = lines(await rest.send("GET", path, params={"page": "-1", "per_page": "60"}))
        (one,) = [member for member in found if member["channel_id"] == channel["id"]]
        assert (one["team_name"], one["team_display_name"]) == (team["name"], team["display_name"])
        assert one["last_viewed_at"] != -1
        assert await rest.get(path, page=0, per_page=60) == found
        assert await rest.get(path, page=1, per_page=2) == found[2:4]
        assert await rest.get(path, page=0, per_page=0) == []
    assert await ben.rest.refused("GET", path) == FORBIDDEN
    loner = await world.person("loner")
    alone = await loner.rest.send("GET", "/users/me/channel_members", params={"page": "-1"})
    assert (alone.json, alone.headers["Content-Type"]) == ([], "application/json")
    theirs = lines(await world.admin.send("GET", path))
    assert {member["last_viewed_at"] for member in theirs} == {-1}


async def test_channels_are_proposed_and_found(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana)
    stem = unique("needle")
    shown = await ana.rest.post(
        "/channels", {"team_id": team["id"], "name": stem, "display_name": "Found", "type": "O"}
    )
    secret = await ana.rest.post(
        "/channels", {"team_id": team["id"], "name": f"{stem}-p", "display_name": "Hidden", "type": "P"}
    )
    base = f"/teams/{team['id']}/channels"
    assert {c["id"] for c in await ana.rest.get(f"{base}/autocomplete", name=f"~{stem}")} == {shown["id"], secret["id"]}
    assert {c["id"] for c in await ana.rest.get(f"{base}/search_autocomplete", name=stem)} == {
        shown["id"],
        secret["id"],
    }
    body = {"term": stem}
    assert [c["id"] for c in (await ana.rest.send("POST", f"{base}/search", body)).expect(200)] == [shown["id"]]
    everywhere = await ana.rest.send("POST", "/channels/search?system_console=false", body)
    assert {c["id"] for c in everywhere.expect(200)} == {shown["id"], secret["id"]}
    assert {c["team_name"] for c in everywhere.json} == {team["name"]}
    paged = (await world.admin.send("POST", "/channels/search", body | {"page": 0, "per_page": 1})).expect(200)
    assert (len(paged["channels"]), paged["total_count"]) == (1, 2)
    assert (await ana.rest.send("POST", "/channels/group/search", body)).expect(200) == []
    assert await eve.rest.refused("GET", f"{base}/autocomplete?name=") == FORBIDDEN
    assert await eve.rest.get(f"{base}/search_autocomplete", name=stem) == []
    assert await eve.rest.refused("POST", f"{base}/search", body) == (404, "app.team.get_member.missing.app_error")
    assert (await eve.rest.send("POST", "/channels/search?system_console=false", body)).expect(200) == []
    assert await ana.rest.refused("POST", "/channels/search", body) == FORBIDDEN
    assert await ana.rest.refused("POST", f"{base}/search", {}) == (400, "api.context.invalid_body_param.app_error")


async def test_sizes_zones_and_common_teams(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben)
    secret = await world.channel(team, ana, kind="P")
    note = await ana.rest.post("/channels/direct", [ana.id, ben.id])
    counts = (await ana.rest.send("POST", "/channels/stats/member_count", [channel["id"], secret["id"]])).expect(200)
    assert counts == {channel["id"]: 2, secret["id"]: 1}
    assert await ben.rest.refused("POST", "/channels/stats/member_count", [channel["id"], secret["id"]]) == FORBIDDEN
    zone = {"useAutomaticTimezone": "false", "automaticTimezone": "", "manualTimezone": "Europe/Oslo"}
    await ana.rest.put("/users/me/patch", {"timezone": zone})
    await ana.rest.post("/posts", {"channel_id": channel["id"], "message": "x"})

    async def zones() -> object:
        return await ben.rest.get(f"/channels/{channel['id']}/timezones")

    await eventually(zones, lambda found: found == ["Europe/Oslo"])
    assert await eve.rest.refused("GET", f"/channels/{channel['id']}/timezones") == FORBIDDEN
    assert [t["id"] for t in await ben.rest.get(f"/channels/{note['id']}/common_teams")] == [team["id"]]
    assert await eve.rest.refused("GET", f"/channels/{note['id']}/common_teams") == FORBIDDEN


async def test_a_channel_that_nobody_knows_has_no_posts(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    secret = await world.room(ana, kind="P")
    for edge in world.edges:
        assert await eve.at(edge).refused("GET", f"/channels/{'x' * 26}/posts") == (
            404,
            "app.channel.get.existing.app_error",
        )
        assert await eve.at(edge).refused("GET", f"/channels/{secret['id']}/posts") == FORBIDDEN


async def test_a_channel_comes_back_and_changes_what_it_is(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana)
    path = f"/channels/{channel['id']}"
    sockets = await world.listen_everywhere(ben)
    assert await world.admin.refused("POST", f"{path}/restore") == (
        400,
        "api.channel.restore_channel.restored.app_error",
    )
    await ana.rest.delete(path)
    assert await ana.rest.refused("POST", f"{path}/restore") == FORBIDDEN
    back = (await world.admin.send("POST", f"{path}/restore")).expect(200)
    assert back["delete_at"] == 0
    await ana.rest.post("/posts", {"channel_id": channel["id"], "message": "we are back"})
    assert await ana.rest.refused("PUT", f"{path}/privacy", {"privacy": "P"}) == FORBIDDEN
    wrong = (400, "api.context.invalid_body_param.app_error")
    assert await world.admin.refused("PUT", f"{path}/privacy", {"privacy": "X"}) == wrong
    square = await world.admin.get(f"/teams/{team['id']}/channels/name/town-square")
    assert await world.admin.refused("PUT", f"/channels/{square['id']}/privacy", {"privacy": "P"}) == (
        400,
        "api.channel.update_channel_privacy.default_channel_error",
    )
    assert (await world.admin.put(f"{path}/privacy", {"privacy": "P"}))["type"] == "P"
    for socket in sockets:
        restored = await socket.event("channel_restored", channel_id=channel["id"])
        assert restored["broadcast"]["team_id"] == team["id"]
        await socket.event("channel_converted", channel_id=channel["id"])
    assert await ben.rest.refused("GET", f"{path}/posts") == FORBIDDEN


async def test_members_get_other_roles_and_hear_of_it(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben)
    sockets = await world.listen_everywhere(ben)
    in_channel, in_team = f"/channels/{channel['id']}/members/{ben.id}", f"/teams/{team['id']}/members/{ben.id}"
    assert await ben.rest.refused("PUT", f"{in_channel}/roles", {"roles": "channel_user channel_admin"}) == FORBIDDEN
    assert (
        await ben.rest.refused("PUT", f"{in_team}/schemeRoles", {"scheme_user": True, "scheme_admin": True})
        == FORBIDDEN
    )
    await ana.rest.put(f"{in_channel}/roles", {"roles": "channel_user channel_admin"})
    await world.admin.put(f"{in_team}/schemeRoles", {"scheme_user": True, "scheme_admin": True})
    assert (await ana.rest.get(in_channel))["roles"] == "channel_user channel_admin"
    assert (await ana.rest.get(in_team))["roles"] == "team_user team_admin"
    for socket in sockets:
        updated = await socket.event("memberrole_updated")
        assert json.loads(updated["data"]["member"])["roles"] == "team_user team_admin"
        (member,) = socket.events("channel_member_updated")
        assert json.loads(member["data"]["channelMember"])["scheme_admin"] is True
    await world.admin.put(f"{in_team}/roles", {"roles": "team_user"})
    await ana.rest.put(f"{in_channel}/schemeRoles", {"scheme_user": True, "scheme_admin": False})
    assert (await ana.rest.get(in_channel))["roles"] == "channel_user"
    assert await ana.rest.refused("PUT", f"{in_channel}/schemeRoles", {"scheme_guest": True, "scheme_user": True}) == (
        400,
        "api.channel.update_channel_member_roles.guest_and_user.app_error",
    )
    nobody = f"/channels/{channel['id']}/members/{'x' * 26}/roles"
    assert await ana.rest.refused("PUT", nobody, {"roles": "channel_user"}) == (
        404,
        "app.channel.get_member.missing.app_error",
    )
