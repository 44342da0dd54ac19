"""Guests: they see those of their channels and nothing else, in lists, look-ups, searches and events."""

import asyncio
from typing import Any

from tests.e2e.client import Person, Rest
from tests.e2e.world import World, eventually, say, unique

DENIED = (403, "api.context.permissions.app_error")


async def _scene(world: World) -> tuple[dict[str, Any], dict[str, Any], Person, Person, Person]:
    """A team and a channel of it; a friend and a guest are in both, and a stranger is in the team."""
    friend, stranger, guest = await world.people("friend", "stranger", "guest")
    await world.admin.post(f"/users/{guest.id}/demote", expect=200)
    team = await world.team(friend, stranger, guest)
    return team, await world.channel(team, friend, guest), friend, stranger, guest


def _ids(found: list[dict[str, Any]]) -> set[str]:
    return {user["id"] for user in found}


async def test_a_guest_finds_those_of_its_channels_and_nobody_else(world: World) -> None:
    team, channel, friend, stranger, guest = await _scene(world)
    seen = {friend.id, guest.id}
    for edge in world.edges:
        rest = guest.at(edge)
        assert _ids(await rest.get("/users", per_page=200)) == seen
        assert _ids(await rest.get("/users", in_team=team["id"], per_page=200)) == seen
        assert _ids(await rest.get("/users", in_channel=channel["id"], per_page=200)) == seen
        assert await rest.get("/users", not_in_channel=channel["id"], in_team=team["id"]) == []
        for term, found in (("friend", seen & {friend.id}), ("stranger", set()), ("@stranger", set())):
            assert _ids(await rest.post("/users/search", {"term": term}, expect=200)) == found
            where = {"term": term, "team_id": team["id"]}
            assert _ids(await rest.post("/users/search", where, expect=200)) == found
            assert _ids((await rest.get("/users/autocomplete", name=term))["users"]) == found
            about = {"name": term, "in_team": team["id"], "in_channel": channel["id"]}
            completed = await rest.get("/users/autocomplete", **about)
            assert _ids(completed["users"]) == found
            assert completed.get("out_of_channel", []) == []
        both = [friend.id, stranger.id]
        assert _ids(await rest.post("/users/ids", both, expect=200)) == {friend.id}
        names = [friend.username, stranger.username]
        assert _ids(await rest.post("/users/usernames", names, expect=200)) == {friend.id}
        statuses = await rest.post("/users/status/ids", both, expect=200)
        assert {status["user_id"] for status in statuses} == {friend.id}
        assert await rest.get("/users/known") == [friend.id]
        assert await rest.get("/users/stats") == {"total_users_count": 2}
        members = await rest.get(f"/teams/{team['id']}/members", per_page=200)
        assert {member["user_id"] for member in members} == seen


async def test_a_stranger_and_nobody_look_the_same_to_a_guest(world: World) -> None:
    _, _, friend, stranger, guest = await _scene(world)
    for person in (friend, guest):
        assert (await guest.rest.get(f"/users/{person.id}"))["id"] == person.id
    paths = [f"/users/{stranger.id}", f"/users/username/{stranger.username}", f"/users/email/{stranger.email}"]
    nobody = [f"/users/{'x' * 26}", "/users/username/nobody-here", "/users/email/nobody@example.org"]
    for path in (*paths, *nobody, f"/users/{stranger.id}/image"):
        assert await guest.rest.refused("GET", path) == DENIED, path
    assert (await guest.rest.send("GET", f"/users/{stranger.id}/status")).status == 404
    assert await guest.rest.refused("POST", "/channels/direct", [guest.id, stranger.id]) == DENIED
    assert await guest.rest.refused("POST", "/channels/group", [guest.id, friend.id, stranger.id]) == DENIED
    direct = await guest.rest.post("/channels/direct", [guest.id, friend.id])
    await say(guest.rest, direct["id"])


async def test_a_guests_socket_tells_of_those_it_knows_and_of_channels_it_is_in(world: World) -> None:
    team, channel, friend, stranger, guest = await _scene(world)
    other = await world.channel(team, friend, stranger)
    hears = await world.listen(guest, world.edges[1])
    member = await world.listen(stranger, world.edges[1])
    await stranger.rest.put("/users/me/patch", {"nickname": unique("hidden")})
    await world.person("newcomer")
    await friend.rest.delete(f"/channels/{other['id']}")
    await friend.rest.put("/users/me/patch", {"nickname": "Friendly"})
    seen = (await hears.event("user_updated"))["data"]["user"]
    assert (seen["id"], seen["nickname"]) == (friend.id, "Friendly")
    await friend.rest.delete(f"/channels/{channel['id']}")
    await hears.event("channel_deleted", channel_id=channel["id"])
    await member.event("channel_deleted", channel_id=channel["id"])
    await member.event("user_updated")
    assert member.events("new_user")
    assert not hears.events("new_user")
    told = str(hears.frames)
    assert stranger.id not in told
    assert other["id"] not in told


async def test_a_demotion_holds_at_once_for_sessions_and_sockets_that_there_are(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    mine, others = await world.channel(team, ana, ben), await world.channel(team, ben)
    post = await say(ben.rest, others["id"], "for members of the team")
    socket = await world.listen(ana, world.edges[1])
    for edge in world.edges:
        await ana.at(edge).get(f"/posts/{post['id']}")
    await world.admin.post(f"/users/{ana.id}/demote", expect=200)
    # Within the 75 ms for which an edge trusts what it has read a request may still be a member's.
    for edge in world.edges:
        refusal = await eventually(
            lambda edge=edge: ana.at(edge).refused("GET", f"/posts/{post['id']}"),  # type: ignore[misc]
            lambda refusal: refusal == DENIED,
            seconds=1,
        )
        assert refusal == DENIED
        assert await ana.at(edge).refused("GET", f"/teams/{team['id']}/channels") == DENIED
        assert await ana.at(edge).refused(
            "POST", "/teams", {"name": unique("t"), "display_name": "T", "type": "O"}
        ) == (
            403,
            "api.team.is_team_creation_allowed.disabled.app_error",
        )
        await say(ana.at(edge), mine["id"], "guests may write where they are")
    assert (await socket.event("user_role_updated"))["data"] == {"user_id": ana.id, "roles": "system_guest"}
    await socket.event("memberrole_updated")
    member = await eventually(
        lambda: ana.rest.get(f"/channels/{mine['id']}/members/me"), lambda member: member["scheme_guest"]
    )
    assert member["roles"] == "channel_guest"
    await world.admin.post(f"/users/{ana.id}/promote", expect=200)
    await eventually(lambda: ana.rest.send("GET", f"/posts/{post['id']}"), lambda answer: answer.status == 200)
    assert await world.admin.refused("POST", f"/users/{ana.id}/promote") == (
        501,
        "api.user.promote_guest_to_user.no_guest.app_error",
    )


async def test_guests_are_made_by_administrators(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    assert await ben.rest.refused("POST", f"/users/{ana.id}/demote") == DENIED
    await world.admin.post(f"/users/{ana.id}/demote", expect=200)
    assert (await ana.rest.get("/users/me"))["roles"] == "system_guest"
    assert await world.admin.refused("POST", f"/users/{ana.id}/demote") == (
        501,
        "api.user.demote_user_to_guest.already_guest.app_error",
    )
    assert await ben.rest.refused("POST", f"/users/{ana.id}/promote") == DENIED


async def test_who_is_removed_hears_and_reads_nothing_of_what_comes_after(world: World) -> None:
    secret = unique("not for the one who left")
    ana, ben, cem = await world.people("ana", "ben", "cem")
    team = await world.team(ana, ben, cem)
    channel = await world.channel(team, ana, ben, cem, kind="P")
    root = await say(ben.rest, channel["id"], "what do you think, everybody?")
    await say(cem.rest, channel["id"], "I follow this", root_id=root["id"])
    sockets = await world.listen_everywhere(cem)
    stays = await world.listen(ben, world.edges[1])
    await ana.at(world.edges[0]).delete(f"/channels/{channel['id']}/members/{cem.id}")
    unread = await cem.rest.get("/users/me/teams/unread")
    posts = await asyncio.gather(
        say(ben.at(world.edges[0]), channel["id"], f"{secret} @{cem.username}"),
        say(ben.at(world.edges[1]), channel["id"], secret, root_id=root["id"]),
    )
    reaction = {"user_id": ana.id, "post_id": root["id"], "emoji_name": "eyes"}
    await ana.rest.post("/reactions", reaction, expect=200)
    for post in posts:
        await stays.post(post["id"])
    await stays.event("reaction_added")
    for edge, socket in zip(world.edges, sockets, strict=True):
        await socket.ask("ping")  # what comes before its answer has come
        after = [frame for frame in socket.frames if secret in str(frame) or frame.get("event") == "reaction_added"]
        assert after == []
        rest = cem.at(edge)
        for path in (f"/channels/{channel['id']}/posts", f"/posts/{posts[0]['id']}", f"/posts/{root['id']}/thread"):
            answer = await rest.send("GET", path)
            assert answer.refusal == DENIED
            assert secret.encode() not in answer.body
        threads = await rest.send("GET", f"/users/me/teams/{team['id']}/threads")
        assert threads.expect(200)["threads"] == []
        assert await rest.get("/users/me/teams/unread") == unread


async def test_who_is_kept_out_is_out_at_both_edges_with_its_sockets(world: World) -> None:
    (ana,) = await world.people("ana")
    sockets = await world.listen_everywhere(ana)
    for edge in world.edges:
        await ana.at(edge).get("/users/me")
    bystander = await world.listen(await world.person("ben"), world.edges[0])
    assert await ana.rest.refused("PUT", f"/users/{ana.id}/active", {"active": False}) == (
        403,
        "api.user.update_active.not_enable.app_error",
    )
    await world.admin.put(f"/users/{ana.id}/active", {"active": False})
    for socket in sockets:
        await socket.closed()
    expired = (401, "api.context.session_expired.app_error")
    for edge in world.edges:
        await eventually(
            lambda edge=edge: ana.at(edge).refused("GET", "/users/me"),  # type: ignore[misc]
            lambda refusal: refusal == expired,
            seconds=1,
        )
        login = {"login_id": ana.username, "password": ana.password}
        assert await Rest(world.http, edge).refused("POST", "/users/login", login) == (
            401,
            "api.user.login.inactive.app_error",
        )
    await bystander.event("user_activation_status_change")
    assert (await world.admin.get(f"/users/{ana.id}"))["delete_at"] > 0
