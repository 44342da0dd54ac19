"""Custom emoji: made once, known to everybody on every edge, and reacted with."""

import io
import json
from typing import Any

import aiohttp
from PIL import Image

from tests.e2e.client import Answer, Person
from tests.e2e.world import World, say, unique

NOT_FOUND = (404, "app.emoji.get_by_name.no_result")


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (width, height), color) for color in ("red", "blue")]
    if kind == "GIF":
        frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=50)
    else:
        frames[0].save(file, kind)
    return file.getvalue()


async def create(person: Person, name: str, image: bytes, **fields: Any) -> Answer:
    form = aiohttp.FormData()
    form.add_field("emoji", json.dumps({"name": name, "creator_id": person.id} | fields))
    form.add_field("image", image, filename="x.png", content_type="image/png")
    return await person.rest.send("POST", "/emoji", body=form)


async def test_an_emoji_is_known_to_everybody(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    sockets = await world.listen_everywhere(ben)
    name = unique("parrot")
    made = (await create(ana, name, picture(300, 200))).expect(200)
    assert made.keys() == {"id", "create_at", "update_at", "delete_at", "creator_id", "name"}
    assert (made["name"], made["creator_id"], made["delete_at"]) == (name, ana.id, 0)
    for socket in sockets:
        assert json.loads((await socket.event("emoji_added"))["data"]["emoji"]) == made
    post = await say(ana.rest, channel["id"], "hi")
    for edge in world.edges:
        rest = ben.at(edge)
        assert await rest.get(f"/emoji/{made['id']}") == made
        assert await rest.get(f"/emoji/name/{name}") == made
        assert (await rest.send("POST", "/emoji/names", [name, "nothing"])).expect(200) == [made]
        assert (await rest.send("POST", "/emoji/search", {"term": name[2:]})).expect(200) == [made]
        assert await rest.get("/emoji/autocomplete", name=name) == [made]
        assert made in await rest.get("/emoji", page=0, per_page=200, sort="name")
        image = await rest.send("GET", f"/emoji/{made['id']}/image")
        assert (image.status, image.headers["Content-Type"]) == (200, "image/png")
        assert image.headers["Cache-Control"] == "max-age=2592000, private"
        assert Image.open(io.BytesIO(image.body)).size == (128, 85)
    reaction = {"user_id": ben.id, "post_id": post["id"], "emoji_name": name}
    (await ben.rest.send("POST", "/reactions", reaction)).expect(200)
    assert await ben.rest.refused("POST", "/reactions", reaction | {"emoji_name": "no_such_emoji"}) == NOT_FOUND
    written = await say(ana.rest, channel["id"], f"look: :{name}: :smile: https://example.org/x")
    assert written["metadata"]["emojis"] == [made]
    for socket in sockets:
        assert (await socket.post(written["id"]))["metadata"]["emojis"] == [made]
    await ana.rest.put(f"/posts/{post['id']}/patch", {"message": f"hi :{name}:"})
    for socket in sockets:
        assert (await socket.post(post["id"], "post_edited"))["metadata"]["emojis"] == [made]
    for edge in world.edges:
        rest = ben.at(edge)
        page = await rest.get(f"/channels/{channel['id']}/posts")
        for post_id in (post["id"], written["id"]):
            assert page["posts"][post_id]["metadata"]["emojis"] == [made]
            assert (await rest.get(f"/posts/{post_id}"))["metadata"]["emojis"] == [made]
            assert (await rest.get(f"/posts/{post_id}/thread"))["posts"][post_id]["metadata"]["emojis"] == [made]
        assert page["posts"][written["id"]]["metadata"]["embeds"] == [{"type": "link", "url": "https://example.org/x"}]
    forbidden = (403, "api.context.permissions.app_error")
    assert await ben.rest.refused("DELETE", f"/emoji/{made['id']}") == forbidden
    assert await ana.rest.delete(f"/emoji/{made['id']}") == {"status": "OK"}
    for edge in world.edges:
        page = await ben.at(edge).get(f"/channels/{channel['id']}/posts")
        assert all("emojis" not in page["posts"][post_id]["metadata"] for post_id in (post["id"], written["id"]))
    assert await ben.rest.refused("GET", f"/emoji/name/{name}") == NOT_FOUND
    again = (await create(ben, name, picture(30, 30))).expect(200)
    for edge in world.edges:
        page = await ana.at(edge).get(f"/channels/{channel['id']}/posts")
        assert page["posts"][written["id"]]["metadata"]["emojis"] == [again]
    gone = (404, "app.emoji.get.no_result")
    assert await ben.rest.refused("GET", f"/emoji/{made['id']}") == gone
    assert await ben.rest.refused("GET", f"/emoji/{made['id']}/image") == gone


async def test_a_picture_that_moves_goes_on_moving(world: World) -> None:
    ana = await world.person("ana")
    made = (await create(ana, unique("gif"), picture(200, 200, "GIF"))).expect(200)
    image = await ana.rest.send("GET", f"/emoji/{made['id']}/image")
    shown = Image.open(io.BytesIO(image.body))
    assert (image.headers["Content-Type"], shown.size, getattr(shown, "n_frames", 1)) == ("image/gif", (128, 128), 2)


async def test_what_cannot_be_an_emoji_is_refused(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    small, taken = picture(16, 16), unique("taken")
    (await create(ana, taken, small)).expect(200)
    for who, name, image, fields, expected in (
        (ben, taken, small, {}, (400, "api.emoji.create.duplicate.app_error")),
        (ben, "smile", small, {}, (400, "model.emoji.system_emoji_name.app_error")),
        (ben, "not good", small, {}, (400, "model.emoji.name.app_error")),
        (ben, unique("other"), small, {"creator_id": ana.id}, (403, "api.emoji.create.other_user.app_error")),
        (ben, unique("wide"), picture(1029, 4), {}, (400, "api.emoji.upload.large_image.too_large.app_error")),
        (ben, unique("heavy"), b"x" * 600_000, {}, (413, "api.emoji.create.too_large.app_error")),
        (ben, unique("none"), b"no picture", {}, (400, "api.emoji.upload.image.app_error")),
        (ben, unique("empty"), b"", {}, (400, "api.context.invalid_body_param.app_error")),
    ):
        assert (await create(who, name, image, **fields)).refusal == expected, name
        if name != taken:
            assert await ben.rest.refused("GET", f"/emoji/name/{name}") == NOT_FOUND
    assert await ben.rest.refused("GET", "/emoji?sort=age") == (400, "api.context.invalid_url_param.app_error")
    assert await ben.rest.refused("POST", "/emoji/names", ["x"] * 201) == (
        400,
        "api.context.invalid_body_param.app_error",
    )
