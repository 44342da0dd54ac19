"""Channels of every kind: made, changed, archived, joined and left, the same at either edge."""

import hashlib
import json

import pytest

from tests.e2e.world import World, say, unique

FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_a_channel_is_the_same_at_both_edges(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben)
    assert (channel["type"], channel["creator_id"], channel["delete_at"]) == ("O", ana.id, 0)
    for edge in world.edges:
        rest = ben.at(edge)
        by_id = await rest.get(f"/channels/{channel['id']}")
        assert (by_id["id"], by_id["name"]) == (channel["id"], channel["name"])
        assert await rest.get(f"/teams/{team['id']}/channels/name/{channel['name']}") == by_id
        listed = await rest.get(f"/users/me/teams/{team['id']}/channels")
        assert channel["id"] in {one["id"] for one in listed}
        members = await rest.get(f"/channels/{channel['id']}/members")
        assert {member["user_id"] for member in members} == {ana.id, ben.id}
        stats = await rest.get(f"/channels/{channel['id']}/stats")
        assert (stats["channel_id"], stats["member_count"]) == (channel["id"], 2)


async def test_a_private_channel_hides_from_others(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana, eve)
    channel = await world.channel(team, ana, kind="P")
    post = await say(ana.rest, channel["id"], "secret")
    for edge in world.edges:
        rest, path = eve.at(edge), f"/channels/{channel['id']}"
        assert await rest.refused("GET", path) == FORBIDDEN
        for inside in ("/posts", "/members", "/stats"):
            assert await rest.refused("GET", path + inside) == FORBIDDEN
        assert await rest.refused("GET", f"/teams/{team['id']}/channels/name/{channel['name']}") == (
            404,
            "app.channel.get_by_name.missing.app_error",
        )
        assert await rest.refused("GET", f"/posts/{post['id']}") == FORBIDDEN
        assert await rest.refused("GET", f"/posts/{post['id']}/thread") == FORBIDDEN
        assert await rest.refused("POST", path + "/members", {"user_id": eve.id}) == FORBIDDEN
        listed = await rest.get(f"/users/me/teams/{team['id']}/channels")
        assert channel["id"] not in {one["id"] for one in listed}


async def test_a_direct_channel_is_one_whoever_asks_where(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    his = await world.listen(ben, world.edges[1])
    made = await ana.at(world.edges[0]).post("/channels/direct", [ana.id, ben.id])
    assert made["name"] == "__".join(sorted((ana.id, ben.id)))
    assert (made["type"], made["team_id"]) == ("D", "")
    await his.event("direct_added")
    again = await ben.at(world.edges[1]).post("/channels/direct", [ben.id, ana.id])
    assert again["id"] == made["id"]
    post = await say(ana.rest, made["id"], "just us")
    await his.post(post["id"])
    (event,) = his.events("posted")
    assert json.loads(event["data"]["mentions"]) == [ben.id]
    assert event["data"]["channel_type"] == "D"
    assert await eve.rest.refused("GET", f"/channels/{made['id']}/posts") == FORBIDDEN
    assert await eve.rest.refused("POST", "/channels/direct", [ana.id, ben.id]) == FORBIDDEN


async def test_a_group_channel_is_named_by_its_members(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    sockets = await world.listen_everywhere(ben, eve)
    made = await ana.rest.post("/channels/group", [ana.id, ben.id, eve.id])
    joined = "".join(sorted((ana.id, ben.id, eve.id)))
    assert made["name"] == hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()
    assert made["type"] == "G"
    for socket in sockets:
        await socket.event("group_added")
    assert (await eve.at(world.edges[1]).post("/channels/group", [ben.id, ana.id]))["id"] == made["id"]
    alone = await ana.rest.refused("POST", "/channels/group", [ben.id])
    assert alone == (400, "api.channel.create_group.bad_size.app_error")


async def test_a_change_is_told_and_noted(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ben)
    change = {"display_name": "New name", "header": "A header", "purpose": "A purpose"}
    patched = await ana.at(world.edges[1]).put(f"/channels/{channel['id']}/patch", change)
    assert {key: patched[key] for key in change} == change
    for socket, edge in zip(sockets, world.edges, strict=True):
        event = await socket.event("channel_updated")
        assert json.loads(event["data"]["channel"])["header"] == "A header"
        read = await ben.at(edge).get(f"/channels/{channel['id']}")
        assert {key: read[key] for key in change} == change
    page = await ben.rest.get(f"/channels/{channel['id']}/posts")
    kinds = {post["type"] for post in page["posts"].values()}
    assert {"system_header_change", "system_purpose_change", "system_displayname_change"} <= kinds


async def test_an_archived_channel_is_read_and_not_written(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ben)
    post = await say(ben.rest, channel["id"], "before")
    assert await ana.at(world.edges[0]).delete(f"/channels/{channel['id']}") == {"status": "OK"}
    for socket, edge in zip(sockets, world.edges, strict=True):
        assert (await socket.event("channel_deleted", channel_id=channel["id"]))["data"]["delete_at"] > 0
        rest, message = ben.at(edge), {"channel_id": channel["id"], "message": "after"}
        assert await rest.refused("POST", "/posts", message) == (
            400,
            "api.post.create_post.can_not_post_to_deleted.error",
        )
        assert (await rest.get(f"/posts/{post['id']}"))["message"] == "before"
        edit = await rest.refused("PUT", f"/posts/{post['id']}/patch", {"message": "x"})
        assert edit[0] == 400
        assert await rest.refused("DELETE", f"/posts/{post['id']}") == (
            400,
            "api.post.delete_post.can_not_delete_post_in_deleted.error",
        )


async def test_members_come_and_go_on_every_socket(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben, eve)
    channel = await world.channel(team, ana, ben, kind="P")
    his, hers = await world.listen_everywhere(ben), await world.listen_everywhere(eve)
    early = await say(ana.rest, channel["id"], "early")
    added = await ana.at(world.edges[0]).post(f"/channels/{channel['id']}/members", {"user_id": eve.id})
    assert (added["user_id"], added["channel_id"]) == (eve.id, channel["id"])
    between = await say(ana.at(world.edges[1]), channel["id"], "between")
    for socket in (*his, *hers):
        await socket.event("user_added", user_id=eve.id)
        await socket.post(between["id"])
    await ana.at(world.edges[1]).delete(f"/channels/{channel['id']}/members/{eve.id}")
    for socket in hers:
        assert (await socket.event("user_removed"))["data"]["channel_id"] == channel["id"]
    late = await say(ana.at(world.edges[0]), channel["id"], "late")
    fence = await ana.rest.post("/channels/direct", [ana.id, eve.id])
    last = await say(ana.rest, fence["id"], "fence")
    for socket in his:
        await socket.event("user_removed", user_id=eve.id)
        await socket.post(late["id"])
    for socket in hers:
        await socket.post(last["id"])
        seen = {post["id"] for post in socket.posts()}
        assert between["id"] in seen
        assert not seen & {early["id"], late["id"]}
    for edge in world.edges:
        assert await eve.at(edge).refused("GET", f"/channels/{channel['id']}/posts") == FORBIDDEN
        listed = await ben.at(edge).get(f"/channels/{channel['id']}/members")
        assert {member["user_id"] for member in listed} == {ana.id, ben.id}


async def test_unread_counts_rise_with_posts_and_fall_with_a_view(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    view = {"channel_id": channel["id"], "prev_channel_id": ""}
    await ben.rest.post("/channels/members/me/view", view, expect=200)
    his = await world.listen(ben, world.edges[1])
    await say(ana.at(world.edges[0]), channel["id"], "one")
    await say(ana.at(world.edges[1]), channel["id"], f"two @{ben.username}")
    for edge in world.edges:
        unread = await ben.at(edge).get(f"/users/me/channels/{channel['id']}/unread")
        assert (unread["msg_count"], unread["mention_count"]) == (2, 1)
    viewed = await ben.at(world.edges[0]).post("/channels/members/me/view", view, expect=200)
    assert viewed["status"] == "OK"
    times = viewed["last_viewed_at_times"]
    event = await his.event("multiple_channels_viewed")
    assert set(event["data"]["channel_times"]) == set(times) == {channel["id"]}
    for edge in world.edges:
        unread = await ben.at(edge).get(f"/users/me/channels/{channel['id']}/unread")
        assert (unread["msg_count"], unread["mention_count"]) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Has Space"},
        {"name": "x" * 65},
        {"display_name": "x" * 65},
        {"header": "x" * 1025},
        {"purpose": "x" * 251},
    ],
)
async def test_a_channel_that_cannot_be_is_refused(world: World, change: dict[str, str]) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    name = unique("channel")
    wanted = {"team_id": team["id"], "name": name, "display_name": "A channel", "type": "O"} | change
    status, error = await ana.rest.refused("POST", "/channels", wanted)
    assert (status, error.startswith("model.channel.is_valid.")) == (400, True), error
    assert (await ana.rest.refused("GET", f"/teams/{team['id']}/channels/name/{name}"))[0] == 404


async def test_what_default_channels_refuse(world: World) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    town = await ana.rest.get(f"/teams/{team['id']}/channels/name/town-square")
    path = f"/channels/{town['id']}"
    assert await world.admin.refused("DELETE", path) == (400, "api.channel.delete_channel.cannot.app_error")
    assert await ana.rest.refused("DELETE", f"{path}/members/{ana.id}") == (400, "api.channel.remove.default.app_error")
    renamed = await world.admin.refused("PUT", f"{path}/patch", {"name": "village-square"})
    assert renamed == (400, "api.channel.update_channel.tried.app_error")
    taken = {"team_id": team["id"], "name": "town-square", "display_name": "Again", "type": "O"}
    assert await ana.rest.refused("POST", "/channels", taken) == (
        400,
        "store.sql_channel.save_channel.exists.app_error",
    )


async def test_a_channel_is_replaced_as_a_whole_and_its_members_are_asked_for_by_id(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben)
    here = f"/channels/{channel['id']}"
    changed = await ana.rest.put(here, channel | {"display_name": "Other", "header": "new"})
    for edge in world.edges:
        read = await ben.at(edge).get(here)
        assert (
            (read["display_name"], read["header"]) == (changed["display_name"], changed["header"]) == ("Other", "new")
        )
        members = await ana.at(edge).post(f"{here}/members/ids", [ben.id, eve.id], expect=200)
        assert [member["user_id"] for member in members] == [ben.id]
    assert (await eve.rest.refused("PUT", here, channel))[0] == 403
    assert (await eve.rest.refused("POST", f"{here}/members/ids", [ben.id]))[0] == 403


async def test_many_channels_are_marked_read_at_once(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channels = [(await world.channel(team, ana, ben))["id"] for _ in range(3)]
    for channel_id in channels:
        await say(ben.rest, channel_id, f"@{ana.username}")
    sockets = await world.listen_everywhere(ana)
    told = await ana.rest.post("/channels/members/me/mark_read", channels, expect=200)
    assert set(told["last_viewed_at_times"]) == set(channels)
    for socket in sockets:
        assert set((await socket.event("multiple_channels_viewed"))["data"]["channel_times"]) == set(channels)
    for edge in world.edges:
        for channel_id in channels:
            left = await ana.at(edge).get(f"/users/me/channels/{channel_id}/unread")
            assert (left["msg_count"], left["mention_count"]) == (0, 0)
    assert (await ben.rest.refused("POST", f"/channels/members/{ana.id}/mark_read", channels))[0] == 403


async def test_a_teams_open_channels_are_browsed_page_by_page(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben)
    opened = [await world.channel(team, ana) for _ in range(3)]
    hidden = await world.channel(team, ana, kind="P")
    archived = await world.channel(team, ana)
    await ana.rest.delete(f"/channels/{archived['id']}")
    path = f"/teams/{team['id']}/channels"
    for edge in world.edges:
        pages = [await ben.at(edge).get(path, page=page, per_page=2) for page in range(4)]
        assert [len(page) for page in pages] == [2, 2, 1, 0]
        listed = [channel for page in pages for channel in page]
        assert {channel["id"] for channel in listed} >= {channel["id"] for channel in opened}
        assert not {hidden["id"], archived["id"]} & {channel["id"] for channel in listed}
        assert [c["display_name"] for c in listed] == sorted(c["display_name"] for c in listed)
    assert (await eve.rest.refused("GET", path))[0] == 403
