"""A post, from either edge to everybody it concerns and nobody else."""

import asyncio
import json
from functools import partial
from itertools import pairwise

from tests.e2e.client import Rest
from tests.e2e.database import Database
from tests.e2e.sockets import Socket, orders
from tests.e2e.world import World, histories, history, ids, say, unique


async def test_a_post_is_on_the_replica_in_both_histories_and_on_every_members_sockets(
    world: World, database: Database
) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    team = await world.team(ana, ben, eve)
    channel = await world.channel(team, ana, ben, kind="P")
    everybody = await world.channel(team, ana, ben, eve)
    members = await world.listen_everywhere(ana, ben)
    outsiders = await world.listen_everywhere(eve)

    post = await say(ana.at(world.edges[0]), channel["id"], "first #light", props={"mood": "good"})
    assert (post["user_id"], post["channel_id"], post["message"]) == (ana.id, channel["id"], "first #light")
    assert post["hashtags"] == "#light"
    assert post["props"] == {"mood": "good"}
    assert post["create_at"] == post["update_at"] > 0
    assert (post["edit_at"], post["delete_at"], post["root_id"], post["reply_count"]) == (0, 0, "", 0)

    ((message, create_at),) = database.await_on_replica(
        "messaging", "SELECT message, create_at FROM posts WHERE id = %s", post["id"]
    )
    assert (message, create_at) == ("first #light", post["create_at"])
    for socket in members:
        assert (await socket.post(post["id"]))["message"] == "first #light"
    for read in await histories([ben.at(edge) for edge in world.edges], channel["id"]):
        assert ids(read) == [post["id"]]

    fence = await say(ana.at(world.edges[0]), everybody["id"])
    for socket in outsiders:
        await socket.post(fence["id"])
        assert {one["channel_id"] for one in socket.posts()} == {everybody["id"]}
        assert not [frame for frame in socket.frames if channel["id"] in json.dumps(frame)]


async def test_the_posted_event_carries_what_clients_read(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    hers, his = await world.listen(ana, world.edges[0]), await world.listen(ben, world.edges[1])
    post = await say(ana.rest, channel["id"], f"look, @{ben.username}", pending_post_id=f"{ana.id}:1")
    await his.post(post["id"])
    await hers.post(post["id"])
    (event,) = his.events("posted")
    assert isinstance(event["data"]["post"], str)
    assert json.loads(event["data"]["post"])["pending_post_id"] == f"{ana.id}:1"
    assert event["data"]["channel_type"] == "O"
    assert event["data"]["channel_name"] == channel["name"]
    assert event["data"]["channel_display_name"] == channel["display_name"]
    assert event["data"]["sender_name"] == f"@{ana.username}"
    assert event["data"]["team_id"] == channel["team_id"]
    assert event["data"]["set_online"] is True
    assert json.loads(event["data"]["mentions"]) == [ben.id]
    assert "mentions" not in hers.events("posted")[0]["data"]
    broadcast = event["broadcast"]
    assert broadcast["channel_id"] == channel["id"]
    assert {"omit_users", "user_id", "channel_id", "team_id", "connection_id", "omit_connection_id"} <= set(broadcast)


def _has(socket: Socket, channel_id: str, count: int) -> bool:
    return len(orders([socket], channel_id)[0]) >= count


async def test_two_hundred_posts_at_once_have_one_order_everywhere(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ana, ben)
    writers = [person.at(edge) for person in (ana, ben) for edge in world.edges]
    posts = await asyncio.gather(*(say(writers[n % 4], channel["id"], f"number {n}") for n in range(200)))

    for socket in sockets:
        await socket.until(partial(_has, socket, channel["id"], 200), "200 posts", 30)
    first, second = await histories([ana.at(edge) for edge in world.edges], channel["id"])
    assert set(ids(first)) == {post["id"] for post in posts}
    assert ids(second) == ids(first)
    assert orders(sockets, channel["id"]) == [ids(first)] * len(sockets)
    times = [post["create_at"] for post in first]
    assert all(earlier < later for earlier, later in pairwise(times))
    answered = {post["id"]: post["create_at"] for post in posts}
    assert {post["id"]: post["create_at"] for post in first} == answered


async def test_a_pending_id_is_used_once_whatever_is_retried_where(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    socket = await world.listen(ana, world.edges[1])
    pending = f"{ana.id}:{unique('')}"
    at_once = await asyncio.gather(
        *(say(ana.at(edge), channel["id"], "once", pending_post_id=pending) for edge in world.edges * 5)
    )
    later = await say(ana.at(world.edges[0]), channel["id"], "once", pending_post_id=pending)
    assert len({post["id"] for post in [*at_once, later]}) == 1
    fence = await say(ana.rest, channel["id"], "fence")
    await socket.post(fence["id"])
    for read in await histories([ana.at(edge) for edge in world.edges], channel["id"]):
        assert ids(read) == [later["id"], fence["id"]]
    assert orders([socket], channel["id"]) == [[later["id"], fence["id"]]]


async def test_an_edit_reaches_both_edges(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ben)
    post = await say(ana.rest, channel["id"], "befor")
    edited = await ana.at(world.edges[1]).put(f"/posts/{post['id']}/patch", {"message": "before"})
    assert (edited["message"], edited["create_at"]) == ("before", post["create_at"])
    assert edited["edit_at"] == edited["update_at"] > post["update_at"]
    for socket, edge in zip(sockets, world.edges, strict=True):
        assert (await socket.post(post["id"], "post_edited"))["message"] == "before"
        assert (await ben.at(edge).get(f"/posts/{post['id']}"))["message"] == "before"


async def test_a_deleted_post_is_gone_from_both_edges(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ben)
    kept, post = await say(ana.rest, channel["id"], "kept"), await say(ana.rest, channel["id"], "gone")
    reply = await say(ben.rest, channel["id"], "gone too", root_id=post["id"])
    assert await ana.at(world.edges[1]).delete(f"/posts/{post['id']}") == {"status": "OK"}
    for socket, edge in zip(sockets, world.edges, strict=True):
        assert (await socket.post(post["id"], "post_deleted"))["delete_at"] == 0
        for gone in (post, reply):
            assert await ben.at(edge).refused("GET", f"/posts/{gone['id']}") == (404, "app.post.get.app_error")
        assert ids(await history(ben.at(edge), channel["id"])) == [kept["id"]]


async def test_a_thread_is_read_whole_from_either_edge(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    root = await say(ana.at(world.edges[0]), channel["id"], "root")
    replies = [await say(ben.at(world.edges[1]), channel["id"], f"reply {n}", root_id=root["id"]) for n in range(3)]
    for edge in world.edges:
        thread = await ana.at(edge).get(f"/posts/{root['id']}/thread")
        assert thread["order"][0] == root["id"]
        assert set(thread["posts"]) == {root["id"], *ids(replies)}
        assert thread["posts"][root["id"]]["reply_count"] == 3
        down = await ana.at(edge).get(f"/posts/{root['id']}/thread", direction="down")
        assert down["order"] == [root["id"], *ids(replies)]


async def test_pages_before_after_and_since_fit_together(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    posts = [await say(ana.at(world.edges[n % 2]), channel["id"], f"{n}") for n in range(9)]
    newest_first = ids(posts)[::-1]
    for edge in world.edges:
        rest, path = ana.at(edge), f"/channels/{channel['id']}/posts"
        assert (await rest.get(path, page=0, per_page=4))["order"] == newest_first[:4]
        assert (await rest.get(path, page=1, per_page=4))["order"] == newest_first[4:8]
        before = await rest.get(path, before=posts[4]["id"], per_page=2)
        assert before["order"] == [posts[3]["id"], posts[2]["id"]]
        assert (before["next_post_id"], before["prev_post_id"]) == (posts[4]["id"], posts[1]["id"])
        after = await rest.get(path, after=posts[4]["id"], per_page=2)
        assert after["order"] == [posts[6]["id"], posts[5]["id"]]
        assert (after["next_post_id"], after["prev_post_id"]) == (posts[7]["id"], posts[4]["id"])
        since = await rest.get(path, since=posts[6]["create_at"])
        assert since["order"] == [posts[8]["id"], posts[7]["id"]]
    edited = await ana.rest.put(f"/posts/{posts[0]['id']}/patch", {"message": "changed"})
    await ana.rest.delete(f"/posts/{posts[1]['id']}")
    for edge in world.edges:
        since = await ana.at(edge).get(f"/channels/{channel['id']}/posts", since=posts[8]["create_at"])
        assert {posts[0]["id"], posts[1]["id"]} <= set(since["order"])
        assert since["posts"][edited["id"]]["message"] == "changed"
        assert since["posts"][posts[1]["id"]]["delete_at"] > 0


async def test_a_read_after_an_acknowledged_write_sees_it_through_the_other_edge(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    readers: list[Rest] = [ana.at(edge) for edge in world.edges]
    for n in range(40):
        post = await say(readers[n % 2], channel["id"], f"{n}")
        page = await readers[(n + 1) % 2].get(f"/channels/{channel['id']}/posts", page=0, per_page=1)
        assert page["order"] == [post["id"]], f"stale after {n} posts"


async def test_what_did_not_change_answers_304_at_either_edge(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    post = await say(ana.rest, channel["id"])
    of_post, of_person = f"/posts/{post['id']}", f"/users/{ana.id}"
    paths = [f"/channels/{channel['id']}/posts", of_post, f"{of_post}/thread", of_person]
    tags = {path: (await ana.rest.send("GET", path)).headers["ETag"] for path in paths}
    for path, tag in tags.items():
        assert tag.startswith("11.6.0.")
        for edge in world.edges:
            again = await ana.at(edge).send("GET", path, headers={"If-None-Match": tag})
            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    await ana.rest.put(f"{of_post}/patch", {"message": "news"})
    await ana.rest.put(f"{of_person}/patch", {"nickname": "news"})
    for path, tag in tags.items():
        for edge in world.edges:
            assert (await ana.at(edge).send("GET", path, headers={"If-None-Match": tag})).status == 200


async def test_an_ephemeral_post_is_shown_to_one_person_and_kept_nowhere(world: World, database: Database) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    his, hers = await world.listen(ben, world.edges[1]), await world.listen(ana, world.edges[0])
    before = database.rows()
    shown = await world.admin.post(
        "/posts/ephemeral", {"user_id": ben.id, "post": {"channel_id": channel["id"], "message": "for you"}}
    )
    assert shown["type"] == "system_ephemeral"
    assert (await his.post(shown["id"], "ephemeral_message"))["message"] == "for you"
    assert database.rows() == before
    fence = await say(ana.rest, channel["id"], "fence")
    await hers.post(fence["id"])
    assert not hers.events("ephemeral_message")
    forbidden = {"user_id": ben.id, "post": {"channel_id": channel["id"], "message": "psst"}}
    assert await ana.rest.refused("POST", "/posts/ephemeral", forbidden) == (403, "api.context.permissions.app_error")


async def test_who_follows_a_link_to_a_post_is_told_where_it_is(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana)
    post, direct = await say(ana.rest, channel["id"]), await ana.rest.post("/channels/direct", [ana.id, ben.id])
    whispered = await say(ana.rest, direct["id"])
    for edge in world.edges:
        told = await ana.at(edge).get(f"/posts/{post['id']}/info")
        assert told == {
            "channel_id": channel["id"],
            "channel_type": "O",
            "channel_display_name": channel["display_name"],
            "has_joined_channel": True,
            "team_id": team["id"],
            "team_type": "O",
            "team_display_name": team["display_name"],
            "has_joined_team": True,
        }
        assert await ben.at(edge).get(f"/posts/{post['id']}/info") == told | {"has_joined_channel": False}
        told = await ben.at(edge).get(f"/posts/{whispered['id']}/info")
        assert (told["channel_type"], told["team_id"], told["has_joined_team"]) == ("D", "", False)
    await ana.rest.delete(f"/posts/{post['id']}")
    assert await ana.rest.refused("GET", f"/posts/{post['id']}/info") == (404, "app.post.get.app_error")


async def test_a_post_is_replaced_as_a_whole_by_its_author_and_its_files_are_told(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    post = await say(ana.rest, channel["id"], "frist")
    put = {"id": post["id"], "message": "first"}
    for edge in world.edges:
        assert (await ana.at(edge).put(f"/posts/{post['id']}", put))["message"] == "first"
        assert await ana.at(edge).get(f"/posts/{post['id']}/files/info") == []
    other = await ana.rest.refused("PUT", f"/posts/{post['id']}", put | {"id": channel["id"]})
    assert other == (400, "api.context.invalid_body_param.app_error")
    assert (await ben.rest.refused("PUT", f"/posts/{post['id']}", put))[0] == 403
    found = await ben.rest.post("/posts/ids", [post["id"], channel["id"]], expect=200)
    assert ids(found) == [post["id"]]
