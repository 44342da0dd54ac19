"""Posts that are pinned to their channel, and posts that somebody saves; reactions of many posts at once."""

from typing import Any

from tests.e2e.client import Person
from tests.e2e.world import World, say

DENIED = (403, "api.context.permissions.app_error")
BAD = (400, "api.context.invalid_body_param.app_error")


async def test_a_pinned_post_is_shown_to_all_readers_until_it_is_taken_off(world: World) -> None:
    ana, ben, out = await world.people("ana", "ben", "out")
    channel = await world.room(ana, ben, kind="P")
    first, second = [await say(ana.rest, channel["id"], text) for text in ("first", "second")]
    socket = await world.listen(ana, world.edges[1])
    for post in (second, first):
        assert await ben.rest.post(f"/posts/{post['id']}/pin", expect=200) == {"status": "OK"}
    assert (await socket.post(second["id"], "post_edited"))["is_pinned"] is True
    for edge in world.edges:
        pinned = await ben.at(edge).get(f"/channels/{channel['id']}/pinned")
        assert pinned["order"] == [first["id"], second["id"]]
        assert all(post["is_pinned"] and not post["edit_at"] for post in pinned["posts"].values())
    assert (await ana.rest.get(f"/channels/{channel['id']}/stats"))["pinnedpost_count"] == 2
    edited = len(socket.events("post_edited"))
    await ben.rest.post(f"/posts/{first['id']}/pin", expect=200)  # again is no change
    await ana.rest.post(f"/posts/{first['id']}/unpin", expect=200)
    await ana.rest.delete(f"/posts/{second['id']}")
    await socket.post(second["id"], "post_deleted")
    assert len(socket.events("post_edited")) == edited + 1
    assert (await ana.rest.get(f"/channels/{channel['id']}/pinned"))["order"] == []
    assert await out.rest.refused("GET", f"/channels/{channel['id']}/pinned") == DENIED
    for action in ("pin", "unpin"):
        assert await out.rest.refused("POST", f"/posts/{first['id']}/{action}") == DENIED
        assert await ana.rest.refused("POST", f"/posts/{'x' * 26}/{action}") == DENIED
    await ana.rest.delete(f"/channels/{channel['id']}")
    assert await ana.rest.refused("POST", f"/posts/{first['id']}/pin") == (
        400,
        "api.post.patch_post.can_not_update_post_in_deleted.error",
    )


async def _save(person: Person, *posts: dict[str, Any]) -> None:
    saved = [{"user_id": person.id, "category": "flagged_post", "name": post["id"], "value": "true"} for post in posts]
    await person.rest.put("/users/me/preferences", saved)


async def test_saved_posts_are_ones_own_and_only_those_that_can_still_be_read(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    here, there = await world.room(ana, ben), await world.room(ana, ben, kind="P")
    direct = await ana.rest.post("/channels/direct", [ana.id, ben.id])
    posts = [await say(ana.rest, channel["id"], "keep this") for channel in (here, there, direct)]
    path = f"/users/{ben.id}/posts/flagged"
    assert (await ben.rest.get(path))["order"] == []
    await _save(ben, *posts)
    newest_first = [post["id"] for post in reversed(posts)]
    found = await ben.rest.get(path)
    assert found["order"] == newest_first
    assert set(found["posts"]) == set(newest_first)
    assert (await ben.rest.get(path, per_page=1, page=1))["order"] == newest_first[1:2]
    assert (await ben.rest.get(path, channel_id=here["id"]))["order"] == [posts[0]["id"]]
    in_team = await ben.rest.get(path, team_id=there["team_id"])
    assert in_team["order"] == [posts[2]["id"], posts[1]["id"]]
    await ana.rest.delete(f"/channels/{there['id']}/members/{ben.id}")
    await ana.rest.delete(f"/posts/{posts[0]['id']}")
    assert (await ben.rest.get(path))["order"] == [posts[2]["id"]]
    assert await ana.rest.refused("GET", path) == DENIED


async def test_reactions_to_many_posts_are_told_together_unless_one_may_not_be_read(world: World) -> None:
    ana, ben, out = await world.people("ana", "ben", "out")
    channel = await world.room(ana, ben, kind="P")
    liked, plain = [await say(ana.rest, channel["id"], text) for text in ("liked", "plain")]
    for person in (ana, ben):
        reaction = {"user_id": person.id, "post_id": liked["id"], "emoji_name": "tada"}
        await person.rest.post("/reactions", reaction, expect=200)
    asked = [liked["id"], plain["id"]]
    found = await ben.rest.post("/posts/ids/reactions", asked, expect=200)
    assert {post_id: [one["user_id"] for one in reactions] for post_id, reactions in found.items()} == {
        liked["id"]: [ana.id, ben.id],
        plain["id"]: [],
    }
    assert await out.rest.refused("POST", "/posts/ids/reactions", asked) == DENIED
    assert await ben.rest.refused("POST", "/posts/ids/reactions", [*asked, "x" * 26]) == DENIED
    assert await ben.rest.refused("POST", "/posts/ids/reactions", []) == BAD


async def test_archived_private_and_named_channels_of_a_team(world: World) -> None:
    ana, ben, guest = await world.people("ana", "ben", "guest")
    await world.admin.post(f"/users/{guest.id}/demote", expect=200)
    team = await world.team(ana, ben, guest)
    public, private = await world.channel(team, ana), await world.channel(team, ana, kind="P")
    kept, hidden = await world.channel(team, ana), await world.channel(team, ana, kind="P")
    for channel in (public, private):
        await ana.rest.delete(f"/channels/{channel['id']}")
    path = f"/teams/{team['id']}/channels"

    def ids(channels: list[dict[str, Any]]) -> set[str]:
        return {channel["id"] for channel in channels}

    assert ids(await ana.rest.get(f"{path}/deleted")) == {public["id"], private["id"]}
    assert ids(await ben.rest.get(f"{path}/deleted")) == {public["id"]}
    assert ids(await world.admin.get(f"{path}/deleted")) == {public["id"], private["id"]}
    assert await guest.rest.refused("GET", f"{path}/deleted") == DENIED
    assert ids(await world.admin.get(f"{path}/private")) == {hidden["id"]}
    assert await ana.rest.refused("GET", f"{path}/private") == DENIED
    both = [kept["id"], hidden["id"]]
    assert ids(await ben.rest.post(f"{path}/ids", both, expect=200)) == {kept["id"]}
    assert await ben.rest.refused("POST", f"{path}/ids", [hidden["id"]]) == (
        404,
        "app.channel.get_channels_by_ids.not_found.app_error",
    )
    assert await guest.rest.refused("POST", f"{path}/ids", both) == DENIED
