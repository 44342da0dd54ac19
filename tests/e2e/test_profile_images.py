"""Pictures of users: their own, made square, or the initial of their name again."""

import io

import aiohttp
from PIL import Image

from tests.e2e.client import Answer, Rest
from tests.e2e.world import World

DENIED = (403, "api.context.permissions.app_error")


def _form(image: bytes, name: str = "image") -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field(name, io.BytesIO(image), filename="me.jpg", content_type="image/jpeg")
    return form


def _photo(size: tuple[int, int] = (640, 480)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(made, "JPEG")
    return made.getvalue()


async def _bring(rest: Rest, user_id: str, form: aiohttp.FormData) -> Answer:
    return await rest.send("POST", f"/users/{user_id}/image", body=form)


async def test_a_picture_is_shown_at_every_edge_until_it_is_taken_away(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    path = f"/users/{ana.id}/image"
    before = await ben.rest.send("GET", path)
    socket = await world.listen(ben, world.edges[1])
    assert (await _bring(ana.at(world.edges[0]), ana.id, _form(_photo()))).expect(200) == {"status": "OK"}
    told = (await socket.event("user_updated"))["data"]["user"]
    assert (told["id"], told["last_picture_update"] > 0) == (ana.id, True)
    shown = [await ben.at(edge).send("GET", path) for edge in world.edges]
    assert shown[0].body == shown[1].body != before.body
    with Image.open(io.BytesIO(shown[0].body)) as picture:
        assert (picture.format, picture.size) == ("PNG", (128, 128))
        assert picture.convert("RGB").tobytes()[0] > 150  # red
    assert shown[0].headers["Cache-Control"] == "max-age=86400, private"
    tag = shown[0].headers["ETag"]
    assert (await ben.rest.send("GET", path, headers={"If-None-Match": tag})).status == 304
    default = await ben.rest.send("GET", f"{path}/default")
    assert default.body == before.body
    (await _bring(ana.rest, ana.id, _form(_photo((100, 900))))).expect(200)
    assert (await ben.rest.send("GET", path)).headers["ETag"] != tag
    await ana.rest.delete(path)
    again = await ben.rest.send("GET", path)
    assert (again.body, again.headers["Cache-Control"]) == (before.body, "max-age=300, private")
    assert (await ana.rest.get("/users/me"))["last_picture_update"] < 0


async def test_what_is_no_picture_is_refused_and_changes_nothing(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    for form, error in (
        (_form(b"no picture at all"), "api.user.upload_profile_user.decode.app_error"),
        (_form(_photo(), "other"), "api.user.upload_profile_user.no_file.app_error"),
        (_form(_photo((8000, 6000))), "api.user.upload_profile_user.check_image_limits.app_error"),
    ):
        assert (await _bring(ana.rest, ana.id, form)).refusal == (400, error)
    large = await _bring(ana.rest, ana.id, _form(b"\xff" * (7 * 1024 * 1024 + 1)))
    assert large.refusal == (413, "api.user.upload_profile_user.too_large.app_error")
    plain = await ana.rest.send("POST", f"/users/{ana.id}/image", {"image": "text"})
    assert plain.refusal == (400, "api.user.upload_profile_user.no_file.app_error")
    assert (await _bring(ben.rest, ana.id, _form(_photo()))).refusal == DENIED
    assert await ben.rest.refused("DELETE", f"/users/{ana.id}/image") == DENIED
    assert "last_picture_update" not in await ana.rest.get("/users/me")
    (await _bring(world.admin, ana.id, _form(_photo()))).expect(200)
