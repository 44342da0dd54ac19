"""Files: uploaded at one edge, attached, and fetched at the other."""

import io
import json

import aiohttp
from PIL import Image

from tests.e2e.client import Answer, Rest
from tests.e2e.world import World, say

CONTENT = bytes(range(256)) * 3000


def _form(channel_id: str, *files: tuple[str, bytes], client_ids: tuple[str, ...] = ()) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)  # browsers send names as they are, in UTF-8
    form.add_field("channel_id", channel_id)
    for name, content in files:
        form.add_field("files", content, filename=name)
    for client_id in client_ids:
        form.add_field("client_ids", client_id)
    return form


async def _upload(rest: Rest, channel_id: str, name: str, content: bytes) -> Answer:
    return await rest.send("POST", "/files", body=_form(channel_id, (name, content), client_ids=("mine",)))


async def test_a_file_uploaded_at_one_edge_is_fetched_at_the_other(world: World) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    socket = await world.listen(ben, world.edges[1])
    uploaded = (await _upload(ana.at(world.edges[0]), channel["id"], "notes é.bin", CONTENT)).expect(201)
    assert uploaded["client_ids"] == ["mine"]
    (info,) = uploaded["file_infos"]
    assert (info["name"], info["size"], info["extension"]) == ("notes é.bin", len(CONTENT), "bin")
    assert (info["user_id"], info["channel_id"]) == (ana.id, channel["id"])

    post = await say(ana.rest, channel["id"], "with a file", file_ids=[info["id"]])
    assert post["file_ids"] == [info["id"]]
    assert [one["id"] for one in post["metadata"]["files"]] == [info["id"]]
    await socket.post(post["id"])
    (event,) = socket.events("posted")
    assert event["data"]["otherFile"] == "true"
    assert "image" not in event["data"]
    for edge in world.edges:
        fetched = await ben.at(edge).send("GET", f"/files/{info['id']}")
        assert (fetched.status, fetched.body) == (200, CONTENT)
        assert fetched.headers["X-Content-Type-Options"] == "nosniff"
        assert fetched.headers["Content-Disposition"].startswith("attachment")
        read = await ben.at(edge).get(f"/files/{info['id']}/info")
        assert (read["post_id"], read["size"]) == (post["id"], len(CONTENT))
        part = await ben.at(edge).send("GET", f"/files/{info['id']}", headers={"Range": "bytes=10-19"})
        assert (part.status, part.body) == (206, CONTENT[10:20])
        for path in ("", "/info"):
            refused = await eve.at(edge).refused("GET", f"/files/{info['id']}{path}")
            assert refused == (403, "api.context.permissions.app_error")


async def test_an_image_has_its_size_and_is_shown_in_the_event(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    socket = await world.listen(ana, world.edges[1])
    painted = io.BytesIO()
    Image.new("RGB", (320, 200), "teal").save(painted, "PNG")
    uploaded = (await _upload(ana.rest, channel["id"], "teal.png", painted.getvalue())).expect(201)
    (info,) = uploaded["file_infos"]
    assert (info["width"], info["height"], info["mime_type"]) == (320, 200, "image/png")
    post = await say(ana.rest, channel["id"], file_ids=[info["id"]])
    await socket.post(post["id"])
    assert socket.events("posted")[0]["data"]["image"] == "true"
    shown = await ana.at(world.edges[1]).send("GET", f"/files/{info['id']}")
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"].startswith("inline")


async def test_small_versions_of_an_image_are_shown_to_members_at_the_other_edge_and_to_nobody_else(
    world: World,
) -> None:
    ana, ben, eve = await world.people("ana", "ben", "eve")
    channel = await world.room(ana, ben, kind="P")
    painted = io.BytesIO()
    Image.new("RGB", (2400, 1200), "teal").save(painted, "PNG")
    info = (await _upload(ana.rest, channel["id"], "teal.png", painted.getvalue())).expect(201)["file_infos"][0]
    await say(ana.rest, channel["id"], "look", file_ids=[info["id"]])
    for version, widest in (("thumbnail", 200), ("preview", 1920)):
        shown = await ben.at(world.edges[1]).send("GET", f"/files/{info['id']}/{version}")
        assert shown.status == 200
        assert Image.open(io.BytesIO(shown.body)).width <= widest
        refused = await eve.rest.refused("GET", f"/files/{info['id']}/{version}")
        assert refused == (403, "api.context.permissions.app_error")


async def test_a_raw_body_is_a_file_too(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    params = {"channel_id": channel["id"], "filename": "raw.txt"}
    headers = {"Content-Type": "text/plain"}
    answer = await ana.rest.send("POST", "/files", body=b"as it is", params=params, headers=headers)
    (info,) = answer.expect(201)["file_infos"]
    assert (await ana.at(world.edges[1]).send("GET", f"/files/{info['id']}")).body == b"as it is"


async def test_a_page_is_never_served_as_one(world: World) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    page = b"<html><script>alert(1)</script></html>"
    (info,) = (await _upload(ana.rest, channel["id"], "page.html", page)).expect(201)["file_infos"]
    fetched = await ana.at(world.edges[1]).send("GET", f"/files/{info['id']}")
    assert fetched.body == page
    assert fetched.headers["Content-Type"].startswith("text/plain")
    assert fetched.headers["Content-Disposition"].startswith("attachment")


async def test_uploads_are_refused_by_name(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    channel = await world.room(ana, kind="P")
    rest, forbidden = ana.rest, (403, "api.context.permissions.app_error")
    assert (await _upload(eve.rest, channel["id"], "x.txt", b"x")).refusal == forbidden
    counted = _form(channel["id"], ("a.txt", b"a"), ("b.txt", b"b"), client_ids=("one",))
    assert (await rest.send("POST", "/files", body=counted)).refusal == (
        400,
        "api.file.upload_file.incorrect_number_of_client_ids.app_error",
    )
    assert (await _upload(rest, "short", "x.txt", b"x")).status == 400
    headers = {"Content-Type": "text/plain"}
    empty = await rest.send(
        "POST", "/files", body=b"", params={"channel_id": channel["id"], "filename": "e"}, headers=headers
    )
    assert empty.status == 400
    broken = {"Content-Type": "multipart/form-data; boundary=xyz"}
    cut = await rest.send("POST", "/files", body=b"--xyz\r\nContent-Disposition: form-data", headers=broken)
    assert cut.status == 400
    assert await rest.refused("GET", f"/files/{'x' * 26}") == (404, "app.file_info.get.app_error")
    assert await rest.refused("GET", "/files/short") == (400, "api.context.invalid_url_param.app_error")
    for answer in (empty, cut):
        assert json.loads(answer.body)["status_code"] == 400


async def test_another_persons_file_cannot_be_attached(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    channel = await world.room(ana, eve)
    (info,) = (await _upload(ana.rest, channel["id"], "mine.txt", b"mine")).expect(201)["file_infos"]
    stolen = await say(eve.rest, channel["id"], "look", file_ids=[info["id"]])
    assert not stolen["file_ids"]
    post = await say(ana.rest, channel["id"], "mine", file_ids=[info["id"]])
    assert post["file_ids"] == [info["id"]]
    again = await say(ana.rest, channel["id"], "twice", file_ids=[info["id"]])
    assert not again["file_ids"]


async def test_nobody_gets_a_link_that_anybody_could_follow(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    channel = await world.room(ana, kind="P")
    upload = await ana.rest.send(
        "POST", "/files", body=b"a file", params={"channel_id": channel["id"], "filename": "notes.txt"}
    )
    (info,) = upload.expect(201)["file_infos"]
    path = f"/files/{info['id']}/link"
    assert await ana.rest.refused("GET", path) == (403, "api.file.get_public_link.disabled.app_error")
    assert await eve.rest.refused("GET", path) == (403, "api.context.permissions.app_error")
    assert await ana.rest.refused("GET", f"/files/{'x' * 26}/link") == (404, "app.file_info.get.app_error")


async def test_a_file_is_asked_about_without_being_fetched(world: World) -> None:
    ana, eve = await world.people("ana", "eve")
    channel = await world.room(ana, kind="P")
    picture = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(picture, "PNG")
    uploaded = (await _upload(ana.rest, channel["id"], "a.png", picture.getvalue())).expect(201)
    file_id = uploaded["file_infos"][0]["id"]
    await say(ana.rest, channel["id"], "look", file_ids=[file_id])
    for edge in world.edges:
        for path in ("", "/thumbnail", "/preview"):
            asked = await ana.at(edge).send("HEAD", f"/files/{file_id}{path}")
            fetched = await ana.at(edge).send("GET", f"/files/{file_id}{path}")
            assert (asked.status, asked.body) == (200, b"")
            assert asked.headers["Content-Length"] == str(len(fetched.body))
            assert asked.headers["Content-Type"] == fetched.headers["Content-Type"]
            assert (await eve.at(edge).send("HEAD", f"/files/{file_id}{path}")).status == 403
