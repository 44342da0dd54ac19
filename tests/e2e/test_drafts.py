"""Drafts: what is written on one device is on the others, and does not come back to the one that it is from."""

import json

from tests.e2e.world import World, say

FORBIDDEN = (403, "api.context.permissions.app_error")


async def test_a_draft_is_on_every_device_but_is_not_echoed(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    team = await world.team(ana, ben)
    channel = await world.channel(team, ana, ben)
    root = await say(ben.rest, channel["id"], "root")
    here, there = await world.listen_everywhere(ana)
    his = await world.listen(ben, world.edges[1])
    origin = {"Connection-Id": here.events("hello")[0]["data"]["connection_id"]}
    body = {"channel_id": channel["id"], "root_id": root["id"], "message": "half a thou", "props": {"k": "v"}}
    saved = (await ana.rest.send("POST", "/drafts", body, headers=origin)).expect(201)
    assert saved.keys() == {
        "create_at", "update_at", "delete_at", "user_id", "channel_id", "root_id", "message", "type", "props",
        "metadata",
    }  # fmt: skip
    assert (saved["user_id"], saved["message"], saved["props"]) == (ana.id, "half a thou", {"k": "v"})
    created = await there.event("draft_created")
    assert json.loads(created["data"]["draft"]) == saved
    assert created["broadcast"]["omit_connection_id"] == origin["Connection-Id"]
    for edge in world.edges:
        assert await ana.at(edge).get(f"/users/me/teams/{team['id']}/drafts") == [saved]
    path = f"/users/me/channels/{channel['id']}/drafts"
    assert await ana.rest.delete(path) == {"status": "OK"}  # another one: that of the channel itself
    assert await ana.rest.delete(f"{path}/{root['id']}") == {"status": "OK"}
    for socket in (here, there):  # removed without naming a connection
        assert json.loads((await socket.event("draft_deleted"))["data"]["draft"]) == saved
    assert not here.events("draft_created")
    assert await ana.rest.get(f"/users/me/teams/{team['id']}/drafts") == []
    await say(ben.rest, channel["id"], "end")
    await his.until(lambda: len(his.posts()) >= 1, "a post")
    assert not [frame for frame in his.frames if "draft" in frame.get("event", "")]


async def test_a_draft_holds_its_files_and_nothing_written_is_none(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana)
    channel = await world.channel(team, ana)
    upload = await ana.rest.send(
        "POST", "/files", body=b"a file", params={"channel_id": channel["id"], "filename": "notes.txt"}
    )
    (info,) = upload.expect(201)["file_infos"]
    body = {"channel_id": channel["id"], "message": "", "file_ids": [info["id"]]}
    saved = await ana.rest.post("/drafts", body)
    assert (saved["file_ids"], saved["metadata"]["files"]) == ([info["id"]], [info])
    assert await ana.rest.post("/drafts", body | {"file_ids": []}) is None
    assert await ana.rest.get(f"/users/me/teams/{team['id']}/drafts") == []
    for who, wrong, expected in (
        (eve, body, FORBIDDEN),
        (ana, body | {"channel_id": "x" * 26}, FORBIDDEN),
        (ana, body | {"channel_id": "x"}, (400, "api.context.invalid_body_param.app_error")),
        (ana, body | {"message": "x" * 16_384}, (400, "model.draft.is_valid.message_length.app_error")),
        (ana, body | {"file_ids": ["x"]}, (400, "model.draft.is_valid.file_ids.app_error")),
    ):
        assert await who.rest.refused("POST", "/drafts", wrong) == expected
    assert await eve.rest.refused("GET", f"/users/me/teams/{team['id']}/drafts") == FORBIDDEN
