"""Teams are run: changed, opened and closed, counted, searched, and joined by invitation or many at once."""

from tests.e2e.client import Rest, sign_in
from tests.e2e.world import PASSWORD, World, unique

DENIED = (403, "api.context.permissions.app_error")
BAD = (400, "api.context.invalid_body_param.app_error")
UNKNOWN = (404, "app.team.get_by_invite_id.finding.app_error")


async def test_a_team_is_changed_as_a_whole_and_its_members_hear_of_it(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    socket = await world.listen(ana, world.edges[1])
    wanted = team | {"display_name": "Renamed", "description": "What we do", "name": "ignored"}
    changed = await world.admin.put(f"/teams/{team['id']}", wanted)
    assert (changed["display_name"], changed["description"], changed["name"]) == (
        "Renamed",
        "What we do",
        team["name"],
    )
    told = await socket.event("update_team")
    assert "Renamed" in told["data"]["team"]
    assert team["invite_id"] not in told["data"]["team"]
    assert await ana.rest.refused("PUT", f"/teams/{team['id']}", wanted) == DENIED
    assert await world.admin.refused("PUT", f"/teams/{team['id']}", wanted | {"id": ben.id}) == BAD


async def test_a_team_that_is_closed_has_a_new_invitation(world: World) -> None:
    ana, ben, cem = await world.people("ana", "ben", "cem")
    team = await world.team(ana)
    opened = await world.admin.put(f"/teams/{team['id']}/privacy", {"privacy": "O"})
    assert (opened["type"], opened["allow_open_invite"], opened["invite_id"]) == ("O", True, team["invite_id"])
    await ben.rest.post(f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": ben.id})
    closed = await world.admin.put(f"/teams/{team['id']}/privacy", {"privacy": "I"})
    assert (closed["type"], closed["allow_open_invite"]) == ("I", False)
    assert closed["invite_id"] != team["invite_id"]
    assert await ana.rest.refused("PUT", f"/teams/{team['id']}/privacy", {"privacy": "O"}) == DENIED
    assert await world.admin.refused("PUT", f"/teams/{team['id']}/privacy", {"privacy": "X"}) == BAD
    assert await cem.rest.refused("POST", f"/teams/members/invite?invite_id={team['invite_id']}") == UNKNOWN
    member = await cem.rest.post(f"/teams/members/invite?invite_id={closed['invite_id']}")
    assert (member["user_id"], member["roles"]) == (cem.id, "team_user")


async def test_an_invitation_tells_little_leads_in_and_can_be_replaced(world: World) -> None:
    ana, ben, guest = await world.people("ana", "ben", "guest")
    team = await world.team(ana)
    nobody = Rest(world.http, world.edges[0])
    info = await nobody.get(f"/teams/invite/{team['invite_id']}")
    assert info == {key: team[key] for key in ("id", "name", "display_name", "description")}
    assert await nobody.refused("GET", f"/teams/invite/{'x' * 26}") == UNKNOWN
    assert (await ben.rest.post(f"/teams/members/invite?invite_id={team['invite_id']}"))["team_id"] == team["id"]
    await world.admin.post(f"/users/{guest.id}/demote", expect=200)
    assert await guest.rest.refused("POST", f"/teams/members/invite?invite_id={team['invite_id']}") == (
        403,
        "api.team.add_user_to_team_from_invite.guest.app_error",
    )
    assert await ana.rest.refused("POST", f"/teams/{team['id']}/regenerate_invite_id") == DENIED
    renewed = await world.admin.post(f"/teams/{team['id']}/regenerate_invite_id", expect=200)
    assert await nobody.refused("GET", f"/teams/invite/{team['invite_id']}") == UNKNOWN
    await world.admin.put(f"/teams/{team['id']}/privacy", {"privacy": "I"})
    closed = await world.admin.get(f"/teams/{team['id']}")
    assert renewed["invite_id"] not in (team["invite_id"], "")
    assert await nobody.refused("GET", f"/teams/invite/{closed['invite_id']}") == (
        403,
        "api.team.get_invite_info.not_open_team",
    )


async def test_an_invitation_opens_a_closed_server_to_a_sign_up(world: World) -> None:
    team = await world.team()
    name = unique("invited")
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    nobody = Rest(world.http, world.front)
    assert await nobody.refused("POST", f"/users?iid={'x' * 26}", account) == UNKNOWN
    await nobody.post(f"/users?iid={team['invite_id']}", account)
    rest = await sign_in(world.http, world.edges[0], name, PASSWORD)
    assert [one["id"] for one in await rest.get("/users/me/teams")] == [team["id"]]


async def test_many_come_in_at_once_and_each_is_told_of(world: World) -> None:
    ana, ben, cem, out = await world.people("ana", "ben", "cem", "out")
    team = await world.team(ana)
    socket = await world.listen(cem, world.edges[1])
    wanted = [{"team_id": team["id"], "user_id": person.id} for person in (ana, ben, cem)]
    path = f"/teams/{team['id']}/members/batch"
    assert await out.rest.refused("POST", path, wanted) == DENIED
    assert await ana.rest.refused("POST", path, []) == BAD
    members = await ana.rest.post(path, wanted)
    assert [member["user_id"] for member in members] == [ana.id, ben.id, cem.id]
    await socket.event("added_to_team", team_id=team["id"])
    channels = {channel["name"] for channel in await cem.rest.get(f"/users/me/teams/{team['id']}/channels")}
    assert {"town-square", "off-topic"} <= channels
    strange = [{"team_id": team["id"], "user_id": "x" * 26}]
    assert (await ana.rest.send("POST", path, strange)).status == 404
    (told,) = await ana.rest.post(f"{path}?graceful=true", strange)
    assert (told["user_id"], told["member"], told["error"]["status_code"]) == ("x" * 26, None, 404)
    stats = await ana.rest.get(f"/teams/{team['id']}/stats")
    assert stats == {"team_id": team["id"], "total_member_count": 4, "active_member_count": 4}
    await world.admin.put(f"/users/{ben.id}/active", {"active": False})
    counted = (await ana.rest.get(f"/teams/{team['id']}/stats"))["total_member_count"]
    assert counted == 4
    assert await out.rest.refused("GET", f"/teams/{team['id']}/stats") == DENIED


async def test_teams_are_found_by_whom_they_are_for(world: World) -> None:
    ana, guest = await world.people("ana", "guest")
    stem = unique("searched")
    team = await world.admin.post("/teams", {"name": stem, "display_name": stem.title(), "type": "O"})
    await world.admin.post(f"/users/{guest.id}/demote", expect=200)
    wanted = {"term": stem[2:].upper()}
    assert [one["id"] for one in await world.admin.post("/teams/search", wanted, expect=200)] == [team["id"]]
    assert await ana.rest.post("/teams/search", wanted, expect=200) == []
    await world.admin.put(f"/teams/{team['id']}/privacy", {"privacy": "O"})
    (found,) = await ana.rest.post("/teams/search", wanted, expect=200)
    assert (found["id"], found["invite_id"], found["email"]) == (team["id"], "", "")
    paged = await ana.rest.post("/teams/search", wanted | {"page": 0, "per_page": 1}, expect=200)
    assert (paged["total_count"], len(paged["teams"])) == (1, 1)
    assert await guest.rest.post("/teams/search", wanted, expect=200) == []
    assert await ana.rest.refused("POST", "/teams/search", {"term": 1}) == BAD


async def test_a_team_is_patched_asked_for_by_name_and_its_members_by_id(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana)
    here = f"/teams/{team['id']}"
    await world.admin.put(f"{here}/patch", {"description": "who we are"})
    for edge in world.edges:
        assert (await ana.at(edge).get(here))["description"] == "who we are"
        assert await ana.at(edge).get(f"/teams/name/{team['name']}/exists") == {"exists": True}
        assert await ana.at(edge).get(f"/teams/name/{unique('none')}/exists") == {"exists": False}
        members = await ana.at(edge).post(f"{here}/members/ids", [ana.id, eve.id], expect=200)
        assert [member["user_id"] for member in members] == [ana.id]
    assert (await ana.rest.refused("PUT", f"{here}/patch", {"description": "mine"}))[0] == 403
    assert (await eve.rest.refused("POST", f"{here}/members/ids", [ana.id]))[0] == 403
