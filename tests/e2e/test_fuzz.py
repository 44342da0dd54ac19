"""Whatever is sent: no operation of the slice fails; an error always has the protocol's shape and tells no secret."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.conftest import ADMIN
from tests.e2e import sockets
from tests.e2e.client import Place, sign_in
from tests.e2e.slice import OPERATIONS, Operation
from tests.e2e.world import World, say

STEADY = settings(
    deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
INNER = ("Traceback", "psycopg", "sqlalchemy", "grpc", "asyncio", ".py", "127.0.0.1")

text = st.text(max_size=40) | st.sampled_from(
    ["", "x" * 26, "x" * 27, "é" * 26, "me", "null", "\0", "'; --", "%00", "💬" * 70]
)
scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the requests are about."""

    token: str
    names: dict[str, str]
    connections: list[http.client.HTTPConnection]


@pytest.fixture(scope="module")
def ground(edges: tuple[Place, Place], front: Place) -> Iterator[Ground]:
    """Somebody with a channel, posts and a connection to each edge."""

    async def make() -> tuple[str, dict[str, str]]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http_:
            admin = await sign_in(http_, edges[0], ADMIN["username"], ADMIN["password"])
            world = World(http_, edges, front, admin)
            fay, other = await world.people("fay", "other")
            team = await world.team(fay, other)
            channel, spare = await world.channel(team, fay, other), await world.channel(team, fay)
            post = await say(fay.rest, channel["id"])
            return fay.token, {
                "user_id": fay.id,
                "username": fay.username,
                "email": fay.email,
                "other_id": other.id,
                "team_id": team["id"],
                "team_name": team["name"],
                "channel_id": channel["id"],
                "channel_name": channel["name"],
                "spare_id": spare["id"],
                "post_id": post["id"],
                "emoji_name": "smile",
                "file_id": "x" * 26,
            }

    token, names = asyncio.run(make())
    connections = [http.client.HTTPConnection(edge.host, edge.rest_port, timeout=20) for edge in edges]
    yield Ground(token, names, connections)
    for connection in connections:
        connection.close()


@st.composite
def _spoiled(draw: st.DrawFn, good: Any) -> Any:
    """The good value with some parts replaced, left out or added; or something else altogether."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(value)
    if isinstance(good, dict) and good:
        spoiled = dict(good)
        for key in draw(st.lists(st.sampled_from(sorted(good)), max_size=3)):
            if draw(st.booleans()):
                spoiled[key] = draw(value)
            else:
                spoiled.pop(key, None)
        return spoiled | draw(st.dictionaries(text, value, max_size=1))
    if isinstance(good, list) and how < 6:
        return [*good, *draw(st.lists(value, max_size=3))]
    return good


@st.composite
def requests(draw: st.DrawFn) -> tuple[Operation, dict[str, str], dict[str, str], bytes | None]:
    """An operation, what stands for its ids, its query and its body."""
    operation = draw(st.sampled_from(OPERATIONS))
    instead = draw(
        st.dictionaries(st.sampled_from(["user_id", "channel_id", "post_id", "team_id", "file_id"]), text, max_size=1)
    )
    query = {key: draw(text | st.just(good)) for key, good in operation.query.items() if draw(st.booleans())}
    if operation.method in ("GET", "DELETE"):
        return operation, instead, query, None
    if draw(st.integers(0, 7)) == 0:
        return operation, instead, query, draw(st.binary(max_size=60))
    body = operation.body if isinstance(operation.body, dict) or operation.body is None else list(operation.body)
    return operation, instead, query, json.dumps(draw(_spoiled(body))).encode()


def _fill(template: str, names: dict[str, str]) -> str:
    for name, known in names.items():
        template = template.replace("{" + name + "}", known)
    return template


def _ask(
    connection: http.client.HTTPConnection, method: str, url: str, body: bytes | None, token: str
) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, url, body, headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()
    except http.client.HTTPException:
        connection.close()
        raise


@settings(STEADY, max_examples=600)
@given(request_=requests(), turn=st.integers(0, 1))
def test_no_request_makes_an_operation_fail(
    ground: Ground, request_: tuple[Operation, dict[str, str], dict[str, str], bytes | None], turn: int
) -> None:
    operation, instead, query, body = request_
    path = operation.path
    for name, known in (ground.names | instead).items():
        path = path.replace("{" + name + "}", quote(known, safe=""))
    filled = {key: _fill(one, ground.names) for key, one in query.items()}
    url = f"/api/v4{path}" + (f"?{urlencode(filled)}" if filled else "")
    sent = body if body is None else _fill(body.decode("latin-1"), ground.names).encode("latin-1")

    status, kind, answer = _ask(ground.connections[turn], operation.method, url, sent, ground.token)
    event(f"answered {status}")  # pytest --hypothesis-show-statistics
    assert status < 500 or status == 501, (status, answer)
    if status >= 400:
        assert kind == "application/json"
        error = json.loads(answer)
        assert set(error) == {"id", "message", "detailed_error", "request_id", "status_code"}
        assert error["status_code"] == status
        assert error["id"]
        assert error["message"]
        assert error["detailed_error"] == ""
        inside = f"{error['id']} {error['message']}"
        assert not [word for word in INNER if word in inside], answer
    elif answer and kind == "application/json":
        json.loads(answer)


frames = st.binary(max_size=60) | text | value.map(json.dumps)
KNOWN_ACTIONS = (
    "ping",
    "user_typing",
    "presence",
    "get_statuses",
    "get_statuses_by_ids",
    "authentication_challenge",
    "user_update_active_status",
    "posted_notify_ack",
)
KNOWN_DATA = ("channel_id", "parent_id", "user_ids", "user_is_active", "token", "is_thread_view")
actions = st.builds(
    lambda action, seq, data: json.dumps({"action": action, "seq": seq, "data": data}),
    st.sampled_from(KNOWN_ACTIONS) | text,
    st.integers(1, 5) | value,
    st.dictionaries(st.sampled_from(KNOWN_DATA), value) | value,
)


@settings(STEADY, max_examples=80)
@given(sent=st.lists(frames | actions, min_size=1, max_size=4), turn=st.integers(0, 1))
def test_no_frame_makes_a_socket_hang(
    ground: Ground, edges: tuple[Place, Place], sent: list[bytes | str], turn: int
) -> None:
    async def converse() -> None:
        async with aiohttp.ClientSession() as http_:
            socket = await sockets.listen(http_, edges[turn], "fuzz", ground.token)
            with suppress(ConnectionResetError):  # what was sent before may have ended it
                for frame in (*sent, json.dumps({"action": "ping", "seq": 77})):
                    await socket.raw(frame)
            await socket.until(lambda: [f for f in socket.frames if f.get("seq_reply") == 77] or socket.ended, "an end")
            for frame_ in socket.frames:
                said = str(frame_.get("error", ""))
                assert not [word for word in INNER if word in said], said
            await socket.close()

    asyncio.run(converse())
