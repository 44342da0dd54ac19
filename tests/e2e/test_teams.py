"""Teams: made, joined and left; their default channels and the notices that tell of it."""

import pytest

from tests.e2e.client import Rest
from tests.e2e.world import World, unique


async def _notices(rest: Rest, channel_id: str) -> list[tuple[str, str]]:
    page = await rest.get(f"/channels/{channel_id}/posts", per_page=200)
    posts = [page["posts"][post_id] for post_id in reversed(page["order"])]
    return [(post["type"], post["user_id"]) for post in posts if post["type"]]


async def test_a_team_is_the_same_at_both_edges(world: World) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    for edge in world.edges:
        rest = world.admin.at(edge)
        assert await rest.get(f"/teams/{team['id']}") == team
        assert await rest.get(f"/teams/name/{team['name']}") == team
        hers = await ana.at(edge).get("/users/me/teams")
        assert [one["id"] for one in hers] == [team["id"]]
        assert hers[0]["email"] == ""
        members = {member["user_id"]: member for member in await rest.get(f"/teams/{team['id']}/members")}
        assert members[ana.id]["roles"] == "team_user"
        assert "team_admin" in next(m["roles"] for user, m in members.items() if user != ana.id)
        (membership,) = await ana.at(edge).get("/users/me/teams/members")
        assert (membership["team_id"], membership["user_id"]) == (team["id"], ana.id)


async def test_joining_leads_into_the_default_channels_with_notices(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana)
    sockets = await world.listen_everywhere(ben)
    joined = {"team_id": team["id"], "user_id": ben.id}
    member = await world.admin.at(world.edges[1]).post(f"/teams/{team['id']}/members", joined)
    assert (member["user_id"], member["delete_at"]) == (ben.id, 0)
    for socket in sockets:
        await socket.event("added_to_team", team_id=team["id"], user_id=ben.id)
    for edge in world.edges:
        channels = {
            channel["name"]: channel for channel in await ben.at(edge).get(f"/users/me/teams/{team['id']}/channels")
        }
        assert {"town-square", "off-topic"} <= set(channels)
        assert channels["town-square"]["display_name"] == "Town Square"
        notices = await _notices(ben.at(edge), channels["town-square"]["id"])
        assert "system_add_to_team" in {kind for kind, _ in notices}


async def test_leaving_takes_the_channels_away(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben, kind="P")
    sockets = await world.listen_everywhere(ben)
    assert await ben.at(world.edges[0]).delete(f"/teams/{team['id']}/members/{ben.id}") == {"status": "OK"}
    for socket in sockets:
        await socket.event("leave_team", team_id=team["id"], user_id=ben.id)
    for edge in world.edges:
        assert await ben.at(edge).get("/users/me/teams") == []
        refused = await ben.at(edge).refused("GET", f"/channels/{channel['id']}/posts")
        assert refused == (403, "api.context.permissions.app_error")
        members = await ana.at(edge).get(f"/channels/{channel['id']}/members")
        assert [member["user_id"] for member in members] == [ana.id]
    town = await ana.rest.get(f"/teams/{team['id']}/channels/name/town-square")
    assert ("system_leave_team", ben.id) in await _notices(ana.rest, town["id"])
    back = {"team_id": team["id"], "user_id": ben.id}
    assert (await world.admin.post(f"/teams/{team['id']}/members", back))["delete_at"] == 0


async def test_an_open_team_may_be_joined_and_a_closed_one_not(world: World) -> None:
    (ana,) = await world.people("ana")
    closed = await world.team()
    opened = await world.admin.post(
        "/teams", {"name": unique("team"), "display_name": "Open", "type": "O", "allow_open_invite": True}
    )
    itself = {"team_id": closed["id"], "user_id": ana.id}
    forbidden = (403, "api.context.permissions.app_error")
    assert await ana.rest.refused("POST", f"/teams/{closed['id']}/members", itself) == forbidden
    itself["team_id"] = opened["id"]
    assert (await ana.rest.post(f"/teams/{opened['id']}/members", itself))["user_id"] == ana.id


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": "x"}, "model.team.is_valid.characters.app_error"),
        ({"name": "Has Space"}, "model.team.is_valid.characters.app_error"),
        ({"display_name": ""}, "model.team.is_valid.name.app_error"),
        ({"display_name": "x" * 65}, "model.team.is_valid.name.app_error"),
        ({"description": "x" * 256}, "model.team.is_valid.description.app_error"),
        ({"type": "X"}, "model.team.is_valid.type.app_error"),
    ],
)
async def test_a_team_that_cannot_be_is_refused_by_name(world: World, change: dict[str, str], error: str) -> None:
    wanted = {"name": unique("team"), "display_name": "A team", "type": "O"} | change
    status, found = await world.admin.refused("POST", "/teams", wanted)
    assert status == 400
    assert found == error or found.startswith("model.team.is_valid."), found


async def test_a_taken_name_and_an_unknown_team_are_refused(world: World) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    again = {"name": team["name"], "display_name": "Again", "type": "O"}
    assert await world.admin.refused("POST", "/teams", again) == (400, "app.team.save.existing.app_error")
    missing = "x" * 26
    assert await world.admin.refused("GET", f"/teams/{missing}") == (404, "app.team.get.find.app_error")
    assert await world.admin.refused("GET", "/teams/name/no-such-team") == (
        404,
        "app.team.get_by_name.missing.app_error",
    )
    assert await ana.rest.refused("GET", "/teams/short") == (400, "api.context.invalid_url_param.app_error")
