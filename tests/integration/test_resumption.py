"""Connections that go on: here, at another edge, or not at all. Real sockets and Redis, edges side by side."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from chorus.messaging.v1 import events_pb2 as messaging_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.topics import channel_topic, user_topic
from tests.integration.test_websocket import TOWN, ended, post, text_of
from tests.integration.websocket_edge import Edge, Neighbours, Outside, eventually, frames, redis_server, running_edge
from tests.unit.edge.ws.sockets import an_id

ADA, BOB = an_id("ada"), an_id("bob")
TOPIC, MINE = channel_topic(TOWN), user_topic(ADA)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis_server(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture
async def edges(redis_port: int, tmp_path: Path) -> AsyncIterator[list[Edge]]:
    """Three edges in one world."""
    outside, neighbours = Outside(), Neighbours()
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(running_edge(redis_port, tmp_path, f"edge-{n}", outside, neighbours))
            for n in (1, 2, 3)
        ]


class Client:
    """Somebody who listens, and comes again where it is told to."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.connection_id = ""
        self.seq = 0
        self.hellos = 0
        self.said: list[str] = []
        self._socket: ClientConnection | None = None

    async def come(self, edge: Edge) -> "Client":
        """Open a socket there, as a web client does; an earlier one may still be open."""
        query = f"?connection_id={self.connection_id}&sequence_number={self.seq}" if self.connection_id else ""
        self._socket = await edge.connect(self.token, query)
        return self

    async def go(self) -> None:
        """Close the socket."""
        assert self._socket is not None
        await self._socket.close()

    async def read(self, until: str = "", event: str = "") -> dict[str, Any]:
        """Read up to the post with this text, or to an event; numbers must be contiguous all the time."""
        assert self._socket is not None
        async with asyncio.timeout(10):
            while True:
                frame: dict[str, Any] = json.loads(await self._socket.recv())
                if "event" not in frame:
                    continue
                if frame["event"] == "hello" and frame["seq"] == 0:
                    self.hellos, self.seq, self.said = self.hellos + 1, 0, []
                    self.connection_id = frame["data"]["connection_id"]
                assert frame["seq"] == self.seq, (frame, self.seq)
                self.seq += 1
                if text := text_of(frame):
                    self.said.append(text)
                if (until and text == until) or frame["event"] == event:
                    return frame


async def held_by(edge: Edge, connection_id: str) -> None:
    """Wait until the registry has the connection; then any edge can find it."""

    async with asyncio.timeout(5):
        while await edge.resumer._registry.holder(connection_id) is None:  # noqa: ASYNC110 - it is Redis that changes
            await asyncio.sleep(0.01)


async def arrived(edge: Edge, token: str) -> Client:
    """A client with its hello, that every edge can find."""
    client = await Client(token).come(edge)
    await client.read(event="hello")
    await held_by(edge, client.connection_id)
    return client


async def away(edge: Edge, count: int = 1) -> None:
    await eventually(lambda: edge.resumption.away == count, "the edge knows that the client is away")


async def test_what_came_meanwhile_is_read_in_order_at_the_same_edge(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
    before = ada.connection_id
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    await ada.go()
    await away(edges[0])
    for text in "234":
        await edges[0].write(TOPIC, post(text))
    await ada.come(edges[0])
    await edges[0].write(TOPIC, post("5"))
    await ada.read("5")
    assert (ada.hellos, ada.connection_id, ada.said) == (1, before, ["1", "2", "3", "4", "5"])


async def test_frames_that_were_written_and_not_read_are_read_after_all(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
    for text in "123":
        await edges[0].write(TOPIC, post(text))
    await eventually(lambda: edges[0].value("chorus_edge_frames_total") >= 3, "all were written")
    await ada.go()
    await away(edges[0])
    for edge in (edges[1], edges[0], edges[2]):
        await ada.come(edge)
        await ada.read(str(len(ada.said) + 1))
        await ada.go()
        await away(edge)
    assert (ada.hellos, ada.said) == (1, ["1", "2", "3"])


async def test_it_goes_on_at_any_edge_any_number_of_times(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
    for number in range(30):
        await edges[number % 2].write(TOPIC, post(f"{number} before"), publish=number % 5 != 2)
        await ada.read(f"{number} before")
        await ada.go()
        await edges[1].write(TOPIC, post(f"{number} meanwhile"), publish=number % 7 != 3)
        await ada.come(edges[(number + 1) % 3])
        await edges[2].write(TOPIC, post(f"{number} after"))
        await ada.read(f"{number} after")
    assert ada.hellos == 1
    assert ada.said == [f"{n} {when}" for n in range(30) for when in ("before", "meanwhile", "after")]
    assert sum(edge.resumption.away for edge in edges) == 0


async def test_a_socket_that_is_still_open_gives_way_to_the_newer(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
    for edge in (edges[0], edges[1]):
        older = ada._socket
        assert older is not None
        await ada.come(edge)
        assert await ended(older) == 1000
        await edges[2].write(TOPIC, post(f"to {edge.port}"))
        await ada.read(f"to {edge.port}")
    assert ada.hellos == 1


async def test_of_two_that_come_at_once_to_two_edges_one_goes_on(edges: list[Edge]) -> None:
    token = edges[0].outside.sign_in(ADA, TOPIC)
    for number in range(10):
        first = await arrived(edges[0], token)
        second = Client(token)
        second.connection_id, second.seq = first.connection_id, first.seq
        await first.go()
        first.hellos = 0
        await asyncio.gather(first.come(edges[1]), second.come(edges[2]))
        # The other one begins anew, or is closed if it was the first to go on: the newer wins.
        reading = asyncio.gather(first.read(event="posted"), second.read(event="posted"), return_exceptions=True)
        while not reading.done():  # a new one hears what comes after its hello
            await edges[0].write(TOPIC, post(f"{number}"))
            await asyncio.wait({reading}, timeout=0.05)
        ends = reading.result()
        went_on = [c for c, end in zip((first, second), ends, strict=True) if isinstance(end, dict) and not c.hellos]
        assert len(went_on) == 1, (ends, first.hellos, second.hellos)
        await first.go()
        await second.go()


async def test_nobody_elses_connection_goes_on(edges: list[Edge]) -> None:
    outside = edges[0].outside
    ada, bob = await arrived(edges[0], outside.sign_in(ADA, TOPIC)), Client(outside.sign_in(BOB, TOPIC))
    bob.connection_id, bob.seq = ada.connection_id, ada.seq
    for edge in edges[:2]:
        await bob.come(edge)
        await bob.read(event="hello")
        assert bob.connection_id != ada.connection_id
        bob.connection_id, bob.seq = ada.connection_id, ada.seq
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    assert ada.hellos == 1


@pytest.mark.parametrize("seq", [-1, 2, 10**17])
async def test_a_number_that_was_never_sent_begins_anew(edges: list[Edge], seq: int) -> None:
    for edge in edges[:2]:
        ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
        before, ada.seq = ada.connection_id, seq
        await ada.go()
        await ada.come(edge)
        await ada.read(event="hello")
        assert ada.connection_id != before


async def test_a_lost_edge_and_a_lost_registry_are_refusals(edges: list[Edge], redis_port: int) -> None:
    token = edges[0].outside.sign_in(ADA, TOPIC)
    ada = await arrived(edges[0], token)
    await ada.go()
    neighbours: Any = edges[1].resumer._edges
    silent = neighbours.pop("edge-1")
    await ada.come(edges[1])
    await ada.read(event="hello")
    assert ada.hellos == 2
    # The one that did not answer lets go of what was given up meanwhile, as soon as it looks.
    assert edges[0].resumption.away == 1
    await silent.refresh()
    assert edges[0].resumption.away == 0
    neighbours["edge-1"] = silent

    await held_by(edges[1], ada.connection_id)
    await edges[1].resumer._registry.release([ada.connection_id], edges[1].resumer._me)
    await ada.go()
    await ada.come(edges[2])
    await ada.read(event="hello")
    assert ada.hellos == 3


async def test_a_revoked_session_goes_on_nowhere(edges: list[Edge]) -> None:
    outside = edges[0].outside
    token = outside.sign_in(ADA, TOPIC)
    ada = await arrived(edges[0], token)
    await ada.go()
    await away(edges[0])
    outside.revoke(token)
    assert edges[0].resumption.away == 0
    ada.token = outside.sign_in(ADA, TOPIC)
    await ada.come(edges[1])
    await ada.read(event="hello")
    assert ada.hellos == 2


async def test_memberships_that_changed_meanwhile_hold(edges: list[Edge]) -> None:
    """Promise 6 across a move: what was committed after a removal reaches nobody who was removed before it."""
    outside = edges[0].outside
    other = an_id("other")
    ada = await arrived(edges[0], outside.sign_in(ADA, TOPIC))
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    await ada.go()
    await away(edges[0])
    # Nobody hears of any of it by the bus.
    removal = await edges[0].write(
        TOPIC, messaging_pb2.MemberRemoved(channel_id=TOWN, user_id=ADA, remover_id=BOB), publish=False
    )
    left = messaging_pb2.ChannelLeft(channel_id=TOWN, channel_seq=removal.seq)
    await edges[0].write(MINE, left, publish=False)
    await edges[0].write(TOPIC, post("secret"), publish=False)
    coming = await edges[0].write(
        channel_topic(other), messaging_pb2.MemberAdded(channel_id=other, user_id=ADA), publish=False
    )
    joined = messaging_pb2.ChannelJoined(channel_id=other, channel_type="O", channel_seq=coming.seq)
    await edges[0].write(MINE, joined, publish=False)
    await edges[0].write(channel_topic(other), post("2"), publish=False)
    outside.topics[ADA] = [MINE, channel_topic(other)]
    await ada.come(edges[1])
    await ada.read("2")
    await edges[0].write(TOPIC, post("secret too"))
    await edges[0].write(channel_topic(other), post("3"))
    await ada.read("3")
    assert (ada.hellos, ada.said) == (1, ["1", "2", "3"])


async def test_without_a_baseline_the_connection_stays_where_it_is(edges: list[Edge]) -> None:
    outside = edges[0].outside
    ada = await arrived(edges[0], outside.sign_in(ADA, TOPIC))
    await ada.go()
    outside.away = True
    await ada.come(edges[1])
    assert ada._socket is not None
    assert await ended(ada._socket) == 1013
    outside.away = False
    await ada.come(edges[1])
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    assert ada.hellos == 1


async def test_an_attempt_that_was_given_up_takes_nothing_from_a_later_one(edges: list[Edge]) -> None:
    outside = edges[0].outside
    ada = await arrived(edges[0], outside.sign_in(ADA, TOPIC))
    await ada.go()
    outside.baseline_asked, outside.baseline_goes = asyncio.Event(), asyncio.Event()
    await ada.come(edges[1])
    await outside.baseline_asked.wait()
    await ada.go()
    await ada.come(edges[0])
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    outside.baseline_goes.set()
    await eventually(lambda: edges[1].value("chorus_edge_resumptions_total", outcome="socket_gone") == 1, "it ended")
    await edges[0].write(TOPIC, post("2"))
    await ada.read("2")
    assert (ada.hellos, ada.said) == (1, ["1", "2"])


async def test_a_challenge_goes_on_too_and_is_answered_behind_what_was_missed(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))
    await ada.go()
    await away(edges[0])
    await edges[0].write(TOPIC, post("1"))
    await eventually(lambda: edges[0].value("chorus_edge_frames_total") >= 1, "it waits for ada")
    token, ada.token = ada.token, ""
    await ada.come(edges[1])
    assert ada._socket is not None
    challenge = {"action": "authentication_challenge", "seq": 1, "data": {"token": token}}
    await ada._socket.send(json.dumps(challenge))
    got = await frames(ada._socket, lambda frame: "seq_reply" in frame)
    assert [frame.get("event", "reply") for frame in got] == ["posted", "reply"]


async def test_an_edge_that_stops_waits_until_its_clients_are_elsewhere(edges: list[Edge]) -> None:
    clients = [await arrived(edges[0], edges[0].outside.sign_in(an_id("user"), TOPIC)) for _ in range(20)]
    stopping = asyncio.create_task(edges[0].server.close(30.0))
    for client in clients:
        assert client._socket is not None
        assert await ended(client._socket) == 1001
    assert not stopping.done()
    await edges[1].write(TOPIC, post("meanwhile"))
    for number, client in enumerate(clients):
        await client.come(edges[1 + number % 2])
        await client.read("meanwhile")
        assert client.hellos == 1
    async with asyncio.timeout(5):
        await stopping


async def test_users_are_gone_while_only_their_streams_are_left(edges: list[Edge]) -> None:
    outside = edges[0].outside
    ada = await arrived(edges[0], outside.sign_in(ADA, TOPIC))
    await eventually(lambda: any(ADA in report.online for report in outside.reports), "ada is told to be here")
    await ada.go()
    await eventually(lambda: any(ADA in report.gone for report in outside.reports), "ada is told to be gone")
    outside.reports.clear()
    await ada.come(edges[0])
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    await eventually(lambda: any(ADA in report.online for report in outside.reports), "ada is told to be back")
    assert ada.hellos == 1


async def test_without_the_registry_it_goes_on_where_it_was_and_nowhere_else(edges: list[Edge]) -> None:
    ada = await arrived(edges[0], edges[0].outside.sign_in(ADA, TOPIC))

    class Away:
        async def holder(self, key: str) -> str | None:
            raise DomainError(Reason.UNAVAILABLE, part="registry")

    for edge in edges:
        edge.resumer._registry = Away()  # type: ignore[assignment]
    await ada.go()
    await ada.come(edges[0])
    await edges[0].write(TOPIC, post("1"))
    await ada.read("1")
    assert ada.hellos == 1
    await ada.go()
    await ada.come(edges[1])
    await ada.read(event="hello")
    assert ada.hellos == 2
