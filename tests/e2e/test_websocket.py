"""The socket's own protocol: hello, both ways to sign in, replies, and what ends a connection."""

import json

import pytest

from tests.e2e import sockets
from tests.e2e.client import Place
from tests.e2e.sockets import Socket
from tests.e2e.world import World, say


@pytest.fixture(params=["edge-1", "edge-2", "front"])
def place(request: pytest.FixtureRequest, edges: tuple[Place, Place], front: Place) -> Place:
    """Each way in."""
    return {"edge-1": edges[0], "edge-2": edges[1], "front": front}[request.param]


async def _open(world: World, place: Place, headers: dict[str, str] | None = None) -> Socket:
    return await world.keep(await sockets.connect(world.http, place, "raw", headers=headers))


async def test_hello_comes_first_and_names_the_connection(world: World, place: Place) -> None:
    ana = await world.person("ana")
    socket = await _open(world, place, {"Authorization": f"Bearer {ana.token}"})
    hello = await socket.event("hello")
    assert hello["seq"] == 0
    assert socket.frames[0] is hello
    assert len(hello["data"]["connection_id"]) == 26
    assert hello["broadcast"]["user_id"] == ana.id
    version = (await ana.at(place).send("GET", "/users/me")).headers["X-Version-Id"]
    assert hello["data"]["server_version"] == version


async def test_a_challenge_signs_in_after_the_upgrade(world: World, place: Place) -> None:
    ana = await world.person("ana")
    channel = await world.room(ana)
    socket = await _open(world, place)
    reply = await socket.ask("authentication_challenge", {"token": ana.token})
    assert reply["status"] == "OK"
    kinds = [frame.get("event", "reply") for frame in socket.frames]
    assert kinds.index("hello") < kinds.index("reply")
    post = await say(ana.rest, channel["id"])
    await socket.post(post["id"])


@pytest.mark.parametrize("token", ["x" * 26, "", 7, None])
async def test_a_wrong_challenge_ends_the_connection(world: World, place: Place, token: object) -> None:
    socket = await _open(world, place)
    await socket.send("authentication_challenge", {"token": token})
    await socket.closed()
    assert socket.frames == []


async def test_who_stays_silent_is_let_go_after_five_seconds(world: World, place: Place) -> None:
    socket = await _open(world, place, {"Authorization": f"Bearer {'x' * 26}"})
    await socket.closed(seconds=15)
    assert socket.frames == []


async def test_a_ping_is_answered(world: World, place: Place) -> None:
    ana = await world.person("ana")
    socket = await world.listen(ana, place)
    reply = await socket.ask("ping")
    assert reply["status"] == "OK"
    assert reply["data"]["text"] == "pong"
    assert reply["data"]["server_time"] > 1_700_000_000_000
    assert isinstance(reply["data"]["version"], str)


async def test_actions_that_cannot_be_are_refused_by_name(world: World, place: Place) -> None:
    ana = await world.person("ana")
    socket = await world.listen(ana, place)
    await socket.raw(json.dumps({"action": "", "seq": 11}))
    await socket.raw(json.dumps({"action": "no_such_action", "seq": 12}))
    await socket.raw(json.dumps({"action": "user_update_active_status", "seq": 13, "data": {"user_is_active": "yes"}}))
    for number, error, status in (
        (11, "api.web_socket_router.no_action.app_error", 400),
        (12, "api.web_socket_router.bad_action.app_error", 500),
        (13, "api.websocket_handler.invalid_param.app_error", 400),
    ):
        reply = await socket.reply(number)
        assert (reply["status"], reply["error"]["id"], reply["error"]["status_code"]) == ("FAIL", error, status)
    await socket.raw(json.dumps({"action": "ping", "seq": 0}))

    def refused() -> list[dict[str, object]]:
        return [f for f in socket.frames if f.get("error", {}).get("id") == "api.web_socket_router.bad_seq.app_error"]

    await socket.until(refused, "a refusal of number 0")
    assert (await socket.ask("ping"))["status"] == "OK"


@pytest.mark.parametrize(
    "frame", ["{", "[]", "nonsense", '{"action": 7}', '{"action": "ping", "seq": "one"}', "x" * 8200, b"\xc1\xff\x00"]
)
async def test_a_broken_frame_ends_that_connection_and_no_other(world: World, place: Place, frame: str | bytes) -> None:
    ana = await world.person("ana")
    channel = await world.room(ana)
    broken, whole = await world.listen(ana, place), await world.listen(ana, place)
    await broken.raw(frame)
    await broken.closed()
    post = await say(ana.rest, channel["id"])
    await whole.post(post["id"])
    assert not whole.ended


async def test_statuses_are_read_over_the_socket(world: World, place: Place) -> None:
    ana, ben = await world.people("ana", "ben")
    socket = await world.listen(ana, place)
    reply = await socket.ask("get_statuses_by_ids", {"user_ids": [ben.id]})
    assert reply["data"] == {ben.id: "offline"}
    assert (await socket.ask("get_statuses_by_ids", {"user_ids": []}))["status"] == "FAIL"
    assert (await socket.ask("get_statuses"))["status"] == "OK"
    assert (await socket.ask("presence", {"channel_id": ""}))["status"] == "OK"


async def test_an_unknown_connection_id_starts_afresh(world: World, place: Place) -> None:
    ana = await world.person("ana")
    headers = {"Authorization": f"Bearer {ana.token}"}
    old = "a" * 26
    params = {"connection_id": old, "sequence_number": "9"}
    socket = await world.keep(await sockets.connect(world.http, place, "back", headers=headers, params=params))
    hello = await socket.event("hello")
    assert (hello["seq"], hello["data"]["connection_id"] != old) == (0, True)


@pytest.mark.parametrize("params", [{"connection_id": "short"}, {"connection_id": "a" * 26, "sequence_number": "many"}])
async def test_a_connection_id_that_is_none_ends_the_connection(
    world: World, place: Place, params: dict[str, str]
) -> None:
    ana = await world.person("ana")
    headers = {"Authorization": f"Bearer {ana.token}"}
    socket = await world.keep(await sockets.connect(world.http, place, "bad", headers=headers, params=params))
    await socket.closed()


async def test_a_stranger_origin_is_refused(world: World, place: Place) -> None:
    ana = await world.person("ana")
    headers = {"Cookie": f"MMAUTHTOKEN={ana.token}", "Origin": "http://evil.example"}
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    async with world.http.get(place.websocket.replace("ws:", "http:"), headers=headers | upgrade | key) as response:
        assert response.status in (400, 403)
        assert (await response.json())["id"] == "api.web_socket.connect.upgrade.app_error"


async def test_a_plain_request_is_told_that_it_is_no_upgrade(world: World, place: Place) -> None:
    async with world.http.get(place.websocket.replace("ws:", "http:")) as response:
        assert response.status == 400
        assert (await response.json())["id"] == "api.web_socket.connect.upgrade.app_error"
