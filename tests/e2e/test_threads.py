"""Threads and what is unread, seen from both edges: by REST, by refusals, and by what sockets hear."""

import json
from typing import Any

from tests.e2e.client import Person
from tests.e2e.world import World, say

FORBIDDEN = (403, "api.context.permissions.app_error")


def threads_of(person: Person, channel: dict[str, Any]) -> str:
    return f"/users/{person.id}/teams/{channel['team_id']}/threads"


async def test_a_reply_is_told_to_each_follower_and_read_at_any_edge(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    root = await say(ana.rest, channel["id"])
    sockets = {person.id: await world.listen_everywhere(person) for person in (ana, ben)}
    reply = await say(ben.rest, channel["id"], f"@{ana.username} see", root_id=root["id"])
    for socket in sockets[ana.id]:
        posted = await socket.event("posted")
        assert json.loads(posted["data"]["mentions"]) == json.loads(posted["data"]["followers"]) == [ana.id]
        updated = await socket.event("thread_updated")
        thread = json.loads(updated["data"]["thread"])
        assert (thread["id"], thread["unread_replies"], thread["unread_mentions"]) == (root["id"], 1, 1)
        assert [user["username"] for user in thread["participants"]] == [ben.username]
        assert updated["data"]["previous_unread_replies"] == updated["data"]["previous_unread_mentions"] == 0
        assert (updated["broadcast"]["user_id"], updated["broadcast"]["team_id"]) == (ana.id, channel["team_id"])
    for socket in sockets[ben.id]:
        posted = await socket.event("posted")
        assert not {"mentions", "followers"} & set(posted["data"])
        assert json.loads((await socket.event("thread_updated"))["data"]["thread"])["unread_replies"] == 0
    path = threads_of(ana, channel)
    for edge in world.edges:
        listed = await ana.at(edge).get(path, extended="true")
        assert (listed["total"], listed["total_unread_threads"], listed["total_unread_mentions"]) == (1, 1, 1)
        (one,) = listed["threads"]
        assert one["post"]["id"] == root["id"]
        assert one["participants"][0]["username"] == ben.username
        (bare,) = (await ana.at(edge).get(path))["threads"]
        assert (bare["participants"][0]["id"], bare["participants"][0]["username"]) == (ben.id, "")
        totals = await ana.at(edge).get(path, totalsOnly="true")
        assert (totals["total"], totals["threads"]) == (1, [])
        (unread,) = await ana.at(edge).get("/users/me/teams/unread", include_collapsed_threads="true")
        assert (unread["thread_count"], unread["thread_mention_count"]) == (1, 1)
        page = await ana.at(edge).get(f"/channels/{channel['id']}/posts", collapsedThreads="true")
        assert reply["id"] not in page["order"]
        assert page["posts"][root["id"]]["is_following"] is True
    read = await ana.rest.put(f"{path}/{root['id']}/read/{reply['create_at']}", {})
    assert (read["unread_replies"], read["unread_mentions"]) == (0, 0)
    for socket in sockets[ana.id]:
        event = await socket.event("thread_read_changed")
        assert (event["data"]["thread_id"], event["data"]["previous_unread_replies"]) == (root["id"], 1)
    back = await ana.rest.post(f"{path}/{root['id']}/set_unread/{reply['id']}", {}, expect=200)
    assert back["unread_replies"] == 1
    await ana.rest.put(f"{path}/read", {})
    assert (await ana.rest.get(path, unread="true"))["threads"] == []


async def test_following_is_a_choice(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    root = await say(ana.rest, channel["id"])
    await say(ben.rest, channel["id"], "re", root_id=root["id"])
    (socket,) = [await world.listen(ana, world.edges[0])]
    path = f"{threads_of(ana, channel)}/{root['id']}"
    assert (await ana.rest.get(path))["reply_count"] == 1
    await ana.rest.delete(f"{path}/following")
    event = await socket.event("thread_follow_changed")
    assert event["data"] == {"thread_id": root["id"], "state": False, "reply_count": 1}
    assert await ana.rest.refused("GET", path) == (404, "app.user.get_threads_for_user.not_found")
    await ana.rest.put(f"{path}/following", {})
    assert (await ana.rest.get(path))["unread_replies"] == 0
    other = f"{threads_of(eve, channel)}/{root['id']}"
    for method, where in (
        ("GET", other), ("PUT", f"{other}/following"), ("DELETE", f"{other}/following"), ("PUT", f"{other}/read/1"),
        ("POST", f"{other}/set_unread/{root['id']}"), ("GET", threads_of(eve, channel)), ("GET", path),
        ("PUT", f"{threads_of(eve, channel)}/read"), ("GET", f"/users/{ana.id}/teams/unread"),
        ("GET", f"/users/{eve.id}/teams/{channel['team_id']}/unread"),
    ):  # fmt: skip
        assert await eve.rest.refused(method, where, {}) == FORBIDDEN, where
    both = f"{threads_of(ana, channel)}?before={root['id']}&after={root['id']}"
    assert await ana.rest.refused("GET", both) == (400, "api.getThreadsForUser.bad_params")
    only = f"{threads_of(ana, channel)}?totalsOnly=true&threadsOnly=true"
    assert await ana.rest.refused("GET", only) == (400, "api.getThreadsForUser.bad_only_params")


async def test_a_channel_goes_back_to_unread_and_muted_ones_do_not_count(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    posts = [await say(ana.rest, channel["id"], text) for text in ("one", f"@{ben.username}", "three")]
    viewed = {"channel_id": channel["id"], "collapsed_threads_supported": True}
    await ben.rest.post("/channels/members/me/view", viewed, expect=200)
    sockets = await world.listen_everywhere(ben)
    supported = {"collapsed_threads_supported": True}
    marked = await ben.rest.post(f"/users/me/posts/{posts[1]['id']}/set_unread", supported, expect=200)
    assert (marked["mention_count"], marked["last_viewed_at"]) == (1, posts[1]["create_at"] - 1)
    for socket in sockets:
        event = await socket.event("post_unread")
        assert (event["data"]["msg_count"], event["broadcast"]["channel_id"]) == (marked["msg_count"], channel["id"])
    unread = await ben.rest.get(f"/users/me/channels/{channel['id']}/unread")
    assert (unread["msg_count"], unread["mention_count"]) == (2, 1)
    around = f"/users/me/channels/{channel['id']}/posts/unread"
    for edge in world.edges:
        page = await ben.at(edge).get(around, limit_before=1, limit_after=1, collapsedThreads="true")
        assert page["order"] == [posts[1]["id"], posts[0]["id"]]
        assert page["next_post_id"] == posts[2]["id"]
    assert (await ben.rest.refused("GET", f"{around}?limit_after=0"))[0] == 400
    team = f"/users/me/teams/{channel['team_id']}/unread"
    before = await ben.rest.get(team)
    props = f"/channels/{channel['id']}/members/{ben.id}/notify_props"
    await ben.rest.put(props, {"mark_unread": "mention"})
    for socket in sockets:
        member = json.loads((await socket.event("channel_member_updated"))["data"]["channelMember"])
        assert (member["notify_props"]["mark_unread"], member["notify_props"]["desktop"]) == ("mention", "default")
    after = await ben.rest.get(team)
    assert (before["msg_count"] - after["msg_count"], after["mention_count"]) == (2, before["mention_count"])
    assert (await ben.rest.refused("PUT", props, {"mark_unread": "loud"}))[0] == 400
    assert await eve.rest.refused("PUT", props, {"mark_unread": "all"}) == FORBIDDEN
    assert await eve.rest.refused("POST", f"/users/me/posts/{posts[1]['id']}/set_unread", {}) == FORBIDDEN
