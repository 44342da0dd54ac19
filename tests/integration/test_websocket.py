"""WebSockets over a real port and a real bus: promises 4, 6, 7 and 9 as a client meets them."""

import asyncio
import gc
import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from picows import WSTransport
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from chorus.auth.v1 import events_pb2 as auth_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from chorus.messaging.v1 import posts_pb2
from chorus.presence.v1 import events_pb2 as presence_pb2
from services.chassis.topics import channel_topic, user_topic
from services.edge.ws import connection, protocol, server
from tests.integration.websocket_edge import Edge, eventually, frames, redis_server, running_edge
from tests.unit.edge.ws.sockets import an_id, entry

ADA, BOB, CAROL, TOWN = an_id("ada"), an_id("bob"), an_id("carol"), an_id("town")
TOPIC = channel_topic(TOWN)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture
async def edge(redis_port: int, tmp_path: Path) -> AsyncIterator[Edge]:
    async with running_edge(redis_port, tmp_path) as one:
        yield one


def post(text: str, *mentioned: str) -> messaging_pb2.PostCreated:
    return messaging_pb2.PostCreated(
        post=posts_pb2.Post(id=an_id("post"), channel_id=TOWN, message=text),
        channel=messaging_pb2.ChannelContext(type="O", name="town", display_name="Town", team_id="t"),
        sender_name="@ada",
        mentioned_user_ids=mentioned,
    )


def text_of(frame: dict[str, Any]) -> str:
    return str(json.loads(frame["data"]["post"])["message"]) if frame.get("event") == "posted" else ""


async def hello(client: ClientConnection) -> dict[str, Any]:
    (frame,) = await frames(client, lambda frame: frame.get("event") == "hello")
    return frame


async def ended(client: ClientConnection) -> int | None:
    """Wait for the end; the close code that came, None for none."""
    async with asyncio.timeout(10):
        try:
            while True:
                await client.recv()
        except ConnectionClosed as error:
            return error.rcvd.code if error.rcvd else None


async def test_hello_comes_first_and_tells_who_and_where(edge: Edge) -> None:
    async with edge.connect(edge.outside.sign_in(ADA, TOPIC)) as client:
        frame = await hello(client)
    assert frame["seq"] == 0
    assert frame["data"]["server_version"] == "11.6.0.x"
    assert len(frame["data"]["connection_id"]) == 26
    assert frame["broadcast"] == {
        "omit_users": None,
        "user_id": ADA,
        "channel_id": "",
        "team_id": "",
        "connection_id": "",
        "omit_connection_id": "",
    }


async def test_a_challenge_signs_in_and_is_answered_behind_hello(edge: Edge) -> None:
    token = edge.outside.sign_in(ADA)
    async with edge.connect() as client:
        await client.send(json.dumps({"action": "ping", "seq": 1}))
        challenge = {"action": "authentication_challenge", "seq": 2, "data": {"token": token}}
        await client.send(json.dumps(challenge))
        got = await frames(client, lambda frame: "seq_reply" in frame)
        assert got[0]["event"] == "hello"
        assert got[1] == {"status": "OK", "seq_reply": 2}
        await client.send(msgspec.msgpack.encode({"action": "ping", "seq": 3}))
        (pong,) = await frames(client, lambda frame: "seq_reply" in frame)
        assert (pong["seq_reply"], pong["data"]["text"]) == (3, "pong")


async def test_a_socket_keeps_nothing_of_its_request_and_has_no_logger_of_its_own(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[WSTransport] = []
    begin = connection.Connection.on_ws_connected

    def beginning(self: connection.Connection, transport: WSTransport) -> None:
        begin(self, transport)
        begun.append(transport)

    monkeypatch.setattr(connection.Connection, "on_ws_connected", beginning)
    async with edge.connect(edge.outside.sign_in(ADA)) as client:
        await hello(client)
        (transport,) = begun
        assert not transport.request.headers
        assert not transport.response.headers
        loggers = [one for one in gc.get_objects() if type(one) is logging.Logger]
        assert not [one.name for one in loggers if one.name.startswith("picows.server.")]


async def test_a_wrong_token_and_none_are_let_go(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "CHALLENGE_SECONDS", 0.2)
    async with edge.connect("nobody's") as silent, edge.connect() as wrong:
        await wrong.send(json.dumps({"action": "authentication_challenge", "seq": 1, "data": {"token": "no"}}))
        await ended(wrong)
        await ended(silent)
    assert edge.value("chorus_edge_sockets_closed_total", cause="bad_token") == 1
    assert edge.value("chorus_edge_sockets_closed_total", cause="unauthenticated") == 1


async def test_members_get_all_in_order_the_mentioned_their_mention_and_a_stranger_nothing(edge: Edge) -> None:
    ada, bob = edge.outside.sign_in(ADA, TOPIC), edge.outside.sign_in(BOB, TOPIC)
    carol = edge.outside.sign_in(CAROL)
    async with edge.connect(ada) as a, edge.connect(bob) as b, edge.connect(carol) as c:
        for client in (a, b, c):
            await hello(client)
        for number in range(50):
            await edge.write(TOPIC, post(str(number), *([BOB] if number == 7 else [])), publish=number % 10 != 3)
        await edge.write(user_topic(CAROL), messaging_pb2.ChannelCreated(channel_id=an_id("new"), team_id="t"))
        got_a = await frames(a, lambda frame: text_of(frame) == "49")
        got_b = await frames(b, lambda frame: text_of(frame) == "49")
        got_c = await frames(c, lambda frame: frame["event"] == "channel_created")
    assert [text_of(frame) for frame in got_a] == [str(n) for n in range(50)]
    assert [frame["seq"] for frame in got_a] == list(range(1, 51))
    assert [frame["data"].get("mentions") for frame in got_b if "mentions" in frame["data"]] == [f'["{BOB}"]']
    assert not any("mentions" in frame["data"] for frame in got_a)
    assert [text_of(frame) for frame in got_b] == [text_of(frame) for frame in got_a]
    assert len(got_c) == 1


async def test_what_the_bus_loses_entirely_is_found_by_asking_what_has_changed(edge: Edge) -> None:
    async with edge.connect(edge.outside.sign_in(ADA, TOPIC)) as client:
        await hello(client)
        await edge.write(TOPIC, post("lost"), publish=False)
        (frame,) = await frames(client, lambda frame: text_of(frame) == "lost")
        assert frame["seq"] == 1


async def test_what_comes_while_the_baseline_is_read_is_handed_over_behind_hello(edge: Edge) -> None:
    outside = edge.outside
    await edge.write(TOPIC, post("before"))
    outside.baseline_asked, outside.baseline_goes = asyncio.Event(), asyncio.Event()
    received = "chorus_bus_received_total"
    seen = edge.value(received, kind="durable")
    async with edge.connect(outside.sign_in(ADA, TOPIC)) as client:
        async with asyncio.timeout(10):
            await outside.baseline_asked.wait()
        await edge.write(TOPIC, post("meanwhile"))
        await eventually(lambda: edge.value(received, kind="durable") > seen, "the edge has read the event")
        outside.baseline_goes.set()
        got = await frames(client, lambda frame: text_of(frame) == "meanwhile")
    assert [frame["event"] for frame in got] == ["hello", "posted"]
    assert outside.messaging.listed == 0


async def test_a_removed_member_gets_nothing_more(edge: Edge) -> None:
    async with (
        edge.connect(edge.outside.sign_in(ADA, TOPIC)) as a,
        edge.connect(edge.outside.sign_in(BOB, TOPIC)) as b,
    ):
        await hello(a)
        await hello(b)
        gone = await edge.write(TOPIC, messaging_pb2.MemberRemoved(channel_id=TOWN, user_id=BOB, remover_id=ADA))
        await edge.write(TOPIC, post("secret"))
        left = messaging_pb2.ChannelLeft(channel_id=TOWN, remover_id=ADA, channel_seq=gone.seq)
        await edge.write(user_topic(BOB), left)
        got_a = await frames(a, lambda frame: text_of(frame) == "secret")
        got_b = await frames(b, lambda frame: frame["event"] == "user_removed")
    assert [frame["event"] for frame in got_a] == ["user_removed", "posted"]
    assert [frame["data"] for frame in got_b] == [{"channel_id": TOWN, "remover_id": ADA}]


async def test_revocation_closes_at_once_by_the_control_stream_and_by_the_log(edge: Edge) -> None:
    one, other = edge.outside.sign_in(ADA, TOPIC), edge.outside.sign_in(ADA, TOPIC)
    async with edge.connect(one) as first, edge.connect(other) as second:
        await hello(first)
        await hello(second)
        edge.outside.revoke(one)
        assert await ended(first) == 1008
        session = edge.outside.sessions.pop(other)
        revoked = auth_pb2.SessionsRevoked(user_id=ADA, session_ids=[session.id])
        await edge.write(user_topic(ADA, "auth"), revoked, publish=False)
        assert await ended(second) == 1008


async def test_a_session_that_ends_while_it_is_let_in_gets_no_hello(edge: Edge) -> None:
    outside = edge.outside
    outside.baseline_asked, outside.baseline_goes = asyncio.Event(), asyncio.Event()
    token = outside.sign_in(ADA, TOPIC)
    async with edge.connect(token) as client:
        async with asyncio.timeout(10):
            await outside.baseline_asked.wait()
        del outside.sessions[token]
        outside.baseline_goes.set()
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(10):
                await client.recv()


async def test_a_session_whose_end_only_auth_knows_gets_no_hello(edge: Edge) -> None:
    token = edge.outside.sign_in(ADA, TOPIC)
    edge.outside.ended.add(token)
    async with edge.connect(token) as client:
        assert await ended(client) == 1008


async def test_no_baseline_no_hello_but_come_again(edge: Edge) -> None:
    edge.outside.away = True
    async with edge.connect(edge.outside.sign_in(ADA)) as client:
        assert await ended(client) == 1013


async def test_a_reader_that_stops_is_closed_and_the_others_get_everything(edge: Edge) -> None:
    slow_token, token = edge.outside.sign_in(BOB, TOPIC), edge.outside.sign_in(ADA, TOPIC)
    async with edge.connect(token) as quick:
        await hello(quick)
        slow = socket.create_connection(("127.0.0.1", edge.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        request = (
            "GET /api/v4/websocket HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Cookie: MMAUTHTOKEN={slow_token}\r\n\r\n"
        )
        slow.sendall(request.encode())
        await eventually(lambda: edge.value("chorus_edge_sockets") == 2, "both sockets are known")
        await eventually(lambda: len(edge.outside.reports) > 0, "presence was told")
        count = 300
        got: list[dict[str, Any]] = []
        for start in range(0, count, 10):
            texts = [f"{n}:" + "x" * 8000 for n in range(start, start + 10)]
            await edge.publish(*[await edge.write(TOPIC, post(text), publish=False) for text in texts])
            last = f"{start + 9}:"
            got += await frames(quick, lambda frame, last=last: text_of(frame).startswith(last))  # type: ignore[misc]
        cause = "slow_bytes"
        await eventually(lambda: edge.value("chorus_edge_sockets_closed_total", cause=cause) == 1, "slow one closed")
        slow.close()
    assert [int(text_of(frame).partition(":")[0]) for frame in got] == list(range(count))
    assert [frame["seq"] for frame in got] == list(range(1, count + 1))


async def test_a_byte_that_nobody_reads_has_an_age_limit(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.5)
    token = edge.outside.sign_in(BOB, TOPIC)
    async with edge.connect(token) as client:
        await hello(client)
        client.transport.pause_reading()
        for number in range(100):
            await edge.write(TOPIC, post(str(number) + "x" * 8000))
        closed = "chorus_edge_sockets_closed_total"
        await eventually(lambda: edge.value(closed, cause="slow_seconds") == 1, "the reader is given up")
        client.transport.abort()


async def test_typing_needs_membership_and_reaches_the_others(edge: Edge) -> None:
    async with (
        edge.connect(edge.outside.sign_in(ADA, TOPIC)) as a,
        edge.connect(edge.outside.sign_in(BOB, TOPIC)) as b,
    ):
        await hello(a)
        await hello(b)
        await a.send(json.dumps({"action": "user_typing", "seq": 1, "data": {"channel_id": TOWN}}))
        await a.send(json.dumps({"action": "user_typing", "seq": 2, "data": {"channel_id": an_id("other")}}))
        answers = await frames(a, lambda frame: frame.get("seq_reply") == 2)
        assert [answer["status"] for answer in answers] == ["OK", "FAIL"]
        await eventually(lambda: len(edge.outside.typing) == 1, "presence was told")

        async def type_on() -> None:
            while True:  # once may be before the edge follows the bus, and nobody keeps it
                await edge.publish(entry(TOPIC, 0, presence_pb2.Typing(user_id=ADA, channel_id=TOWN)))
                await asyncio.sleep(0.1)

        typist = asyncio.create_task(type_on())
        (typing,) = await frames(b, lambda frame: frame["event"] == "typing")
        typist.cancel()
        assert typing["data"] == {"parent_id": "", "user_id": ADA}


async def test_presence_is_told_who_comes_and_goes(edge: Edge) -> None:
    token = edge.outside.sign_in(ADA)
    async with edge.connect(token) as client, edge.connect(token) as second:
        await hello(client)
        await hello(second)
        await eventually(lambda: any(ADA in report.online for report in edge.outside.reports), "she is here")
        await client.close()
        await second.send(json.dumps({"action": "get_statuses_by_ids", "seq": 1, "data": {"user_ids": [ADA]}}))
        (answer,) = await frames(second, lambda frame: "seq_reply" in frame)
        assert answer["data"] == {ADA: "online"}
        assert not any(ADA in report.gone for report in edge.outside.reports)
    await eventually(lambda: any(ADA in report.gone for report in edge.outside.reports), "she is gone")
    assert edge.outside.reports[0].full


async def test_broken_frames_close_only_their_own_connection(edge: Edge) -> None:
    token = edge.outside.sign_in(ADA, TOPIC)
    async with edge.connect(token) as good:
        await hello(good)
        async with edge.connect(token) as large:
            await large.send("x" * 8193)
            assert await ended(large) == 1009
        async with edge.connect(token) as fragments:
            await fragments.send(["x" * 5000, "x" * 5000])
            assert await ended(fragments) == 1009
        for wrong in ("{", b"\xc1", "[]"):
            async with edge.connect(token) as client:
                await client.send(wrong)
                await ended(client)
        async with edge.connect(token) as parts:
            await hello(parts)
            await parts.send(['{"action":"pi', 'ng","seq":9}'])
            (pong,) = await frames(parts, lambda frame: "seq_reply" in frame)
            assert pong["seq_reply"] == 9
        await edge.write(TOPIC, post("still here"))
        await frames(good, lambda frame: text_of(frame) == "still here")


async def test_an_impossible_connection_id_is_upgraded_and_closed_an_unknown_one_starts_anew(edge: Edge) -> None:
    token = edge.outside.sign_in(ADA)
    async with edge.connect(token, "?connection_id=wrong&sequence_number=1") as client:
        await ended(client)
    known = an_id("connection")
    async with edge.connect(token, f"?connection_id={known}&sequence_number=5&posted_ack=true") as client:
        frame = await hello(client)
        assert frame["seq"] == 0
        assert frame["data"]["connection_id"] != known


async def test_what_is_no_websocket_is_told_so(edge: Edge) -> None:
    url = f"http://127.0.0.1:{edge.port}/api/v4/websocket"
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": "http://evil.example",
    }
    async with aiohttp.ClientSession() as browser:
        for headers in ({}, upgrade):
            async with browser.get(url, headers=headers) as answer:
                assert answer.status == 400
                body = await answer.json()
                assert body["id"] == "api.web_socket.connect.upgrade.app_error"
                assert body["status_code"] == 400
        async with browser.get(url + "/elsewhere") as answer:
            assert answer.status == 404


async def test_a_stop_says_going_away(edge: Edge) -> None:
    async with edge.connect(edge.outside.sign_in(ADA)) as client:
        await hello(client)
        await edge.server.close(1.0)
        assert await ended(client) == 1001


async def test_the_oldest_of_a_users_sockets_gives_way_to_the_one_too_many_and_nobody_elses(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "USER_SOCKETS", 5)
    token, other = edge.outside.sign_in(ADA, TOPIC), edge.outside.sign_in(BOB, TOPIC)
    async with edge.connect(other) as bob, AsyncExitStack() as stack:
        await hello(bob)
        sockets = []
        for _ in range(8):
            sockets.append(await stack.enter_async_context(edge.connect(token)))
            await hello(sockets[-1])
        assert [await ended(oldest) for oldest in sockets[:3]] == [1008] * 3
        await edge.write(TOPIC, post("still here"))
        for client in (*sockets[3:], bob):
            await frames(client, lambda frame: text_of(frame) == "still here")


async def test_everybodys_turn_to_be_pinged_comes_and_who_stays_silent_goes(
    redis_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PING_SECONDS", 2)
    monkeypatch.setattr(server, "_LOT_SECONDS", 1)
    async with running_edge(redis_port, tmp_path) as edge:
        token = edge.outside.sign_in(ADA, TOPIC)
        async with edge.connect(token) as client:
            await hello(client)
            (held,) = edge.server._connections
            opened = held.heard_at
            await eventually(lambda: held.heard_at > opened, "it was pinged, and its pong was heard")
            monkeypatch.setattr(server, "PONG_SECONDS", -1.0)
            await eventually(
                lambda: edge.value("chorus_edge_sockets_closed_total", cause="no_pong") == 1, "it was silent for long"
            )
