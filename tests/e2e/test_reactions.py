"""Reactions, seen from both edges."""

import json

from tests.e2e.world import World, say


async def test_a_reaction_comes_and_goes_on_both_edges(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ana, ben)
    post = await say(ana.rest, channel["id"])
    wanted = {"user_id": ben.id, "post_id": post["id"], "emoji_name": "thumbsup"}
    made = await ben.at(world.edges[1]).post("/reactions", wanted, expect=200)
    assert {key: made[key] for key in wanted} == wanted
    again = await ben.at(world.edges[0]).post("/reactions", wanted, expect=200)
    assert again["create_at"] == made["create_at"]
    for socket in sockets:
        event = await socket.event("reaction_added")
        assert json.loads(event["data"]["reaction"])["emoji_name"] == "thumbsup"
        assert event["broadcast"]["channel_id"] == channel["id"]
    for edge in world.edges:
        (held,) = await ana.at(edge).get(f"/posts/{post['id']}/reactions")
        assert (held["user_id"], held["emoji_name"]) == (ben.id, "thumbsup")
        read = await ana.at(edge).get(f"/posts/{post['id']}")
        assert read["has_reactions"] is True
        assert [one["emoji_name"] for one in read["metadata"]["reactions"]] == ["thumbsup"]
    await ben.at(world.edges[0]).delete(f"/users/me/posts/{post['id']}/reactions/thumbsup")
    for socket in sockets:
        await socket.event("reaction_removed")
        assert len(socket.events("reaction_added")) == 1
    for edge in world.edges:
        assert not await ana.at(edge).get(f"/posts/{post['id']}/reactions")


async def test_reactions_are_refused_by_name(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    post = await say(ana.rest, channel["id"])
    forbidden = "api.context.permissions.app_error"

    def reaction(**changed: str) -> dict[str, str]:
        return {"user_id": ben.id, "post_id": post["id"], "emoji_name": "smile"} | changed

    invalid = (400, "api.reaction.save_reaction.invalid.app_error")
    assert await ben.rest.refused("POST", "/reactions", reaction(emoji_name="not good")) == invalid
    assert await ben.rest.refused("POST", "/reactions", reaction(post_id="short")) == invalid
    of_other = (403, "api.reaction.save_reaction.user_id.app_error")
    assert await ben.rest.refused("POST", "/reactions", reaction(user_id=ana.id)) == of_other
    assert await eve.rest.refused("POST", "/reactions", reaction(user_id=eve.id)) == (403, forbidden)
    assert await ana.rest.get(f"/posts/{post['id']}/reactions") in ([], None)
