"""An edge's WebSocket side on a real port and a real Redis; auth, messaging and presence are stand-ins with a log."""

import asyncio
import json
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from websockets.asyncio.client import ClientConnection, connect

from chorus.common.v1 import events_pb2
from chorus.edge.v1 import edge_pb2
from chorus.messaging.v1 import memberships_pb2
from chorus.presence.v1 import presence_pb2
from deploy.local.redis import executable
from services.chassis.bus import BusMessage
from services.chassis.bus.redis import RedisBus
from services.chassis.clock import SystemClock
from services.chassis.config import Settings, load
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.registry import RedisRegistry
from services.chassis.tasks import Tasks
from services.edge.caller import Session
from services.edge.dialect.events import EventFrames
from services.edge.dialect.users import UserShapes
from services.edge.ws import handover
from services.edge.ws.admission import BaselineReader
from services.edge.ws.delivery import Delivery
from services.edge.ws.follower import Follower
from services.edge.ws.hub import Hub
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.presence import PresenceReporter
from services.edge.ws.resume import Resumer
from services.edge.ws.resumption import Resumption
from services.edge.ws.server import SocketServer
from tests.unit.edge.ws.sockets import entry


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Run a Redis; its port."""
    port = free_port()
    command = [executable(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "Redis did not start"
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Log:
    """A service's log, in memory."""

    entries: dict[str, list[events_pb2.LogEntry]] = field(default_factory=lambda: defaultdict(list))
    written: int = 1
    changes: list[tuple[int, str]] = field(default_factory=list)
    listed: int = 0

    def append(self, topic: str, body: Message) -> events_pb2.LogEntry:
        """Write an event."""
        one = entry(topic, len(self.entries[topic]) + 1, body)
        self.entries[topic].append(one)
        self.written += 1
        self.changes.append((self.written, topic))
        return one

    def seq(self, topic: str) -> int:
        """Return a topic's position."""
        return len(self.entries.get(topic, ()))

    async def list_events(self, topic: str, after: int, upto: int) -> events_pb2.ListEventsResponse:
        """As EventLogService does."""
        self.listed += 1
        found = self.entries.get(topic, [])[after : upto or None]
        return events_pb2.ListEventsResponse(entries=found[:1000], incarnation="i")

    async def current_seqs(self, topics: Sequence[str]) -> events_pb2.CurrentSeqsResponse:
        """As EventLogService does."""
        seqs = [events_pb2.TopicSeq(topic=topic, seq=self.seq(topic)) for topic in topics]
        return events_pb2.CurrentSeqsResponse(seqs=seqs, incarnation="i")

    async def changed(self, cursor: int, incarnation: str = "", wait_s: float = 0) -> events_pb2.ChangedResponse:
        """As EventLogService does, without waiting."""
        moved = {topic for at, topic in self.changes if cursor and at >= cursor}
        seqs = [events_pb2.TopicSeq(topic=topic, seq=self.seq(topic)) for topic in moved]
        return events_pb2.ChangedResponse(seqs=seqs, cursor=self.written + 1, incarnation="i")


class Outside:
    """Everything that an edge asks of others: sessions by token, memberships, presence."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.ended: set[str] = set()
        """Tokens of which only auth knows that their sessions have ended."""
        self.watchers: list[Callable[[str, frozenset[str]], None]] = []
        self.topics: dict[str, list[str]] = defaultdict(list)
        self.messaging, self.auth = Log(), Log()
        self.reports: list[presence_pb2.ReportSocketsRequest] = []
        self.typing: list[presence_pb2.TypingItem] = []
        self.baseline_asked: asyncio.Event | None = None
        self.baseline_goes: asyncio.Event | None = None
        self.away = False

    def sign_in(self, user_id: str, *topics: str, roles: tuple[str, ...] = ("system_user",)) -> str:
        """Return the token of a new session."""
        token = f"token{len(self.sessions)}"
        self.sessions[token] = Session(f"session{len(self.sessions)}", user_id, roles, 0, "")
        self.topics[user_id] = [f"messaging/user:{user_id}", *topics]
        return token

    async def authenticate(self, token: str) -> Session | None:
        """As Sessions does."""
        return self.sessions.get(token)

    async def authenticate_anew(self, token: str) -> Session | None:
        """As Sessions does."""
        return None if token in self.ended else self.sessions.get(token)

    async def current(self) -> bool:
        """As Sessions does."""
        return True

    def on_revoked(self, watcher: Callable[[str, frozenset[str]], None]) -> None:
        """As Sessions does."""
        self.watchers.append(watcher)

    def revoke(self, token: str) -> None:
        """End a session."""
        session = self.sessions.pop(token)
        for watcher in self.watchers:
            watcher(session.user_id, frozenset({session.id}))

    async def baselines(self, user_ids: Sequence[str]) -> memberships_pb2.GetBaselineResponse:
        """As messaging does; held up by the two events."""
        if self.away:
            raise DomainError(Reason.UNAVAILABLE, part="messaging")
        found = [
            memberships_pb2.Baseline(
                user_id=user_id,
                topics=[events_pb2.TopicSeq(topic=t, seq=self.messaging.seq(t)) for t in self.topics[user_id]],
            )
            for user_id in user_ids
        ]
        if self.baseline_asked is not None and self.baseline_goes is not None:
            self.baseline_asked.set()
            await self.baseline_goes.wait()
        return memberships_pb2.GetBaselineResponse(baselines=found, incarnation="i")

    async def report_sockets(self, request: presence_pb2.ReportSocketsRequest) -> presence_pb2.ReportSocketsResponse:
        """As presence does."""
        self.reports.append(request)
        return presence_pb2.ReportSocketsResponse(full_wanted=False, lease_ms=10_000)

    async def report_activity(self, user_ids: Sequence[str]) -> None:
        """As presence does."""

    async def publish_typing(self, items: Sequence[presence_pb2.TypingItem]) -> None:
        """As presence does."""
        self.typing.extend(items)

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[presence_pb2.Status]:
        """As presence does."""
        return [presence_pb2.Status(user_id=user_id, status="online") for user_id in user_ids]


class Neighbours(dict[str, Resumer]):
    """Edges that reach one another without Envoy; one that is not there does not answer."""

    async def take_over(self, edge: str, request: edge_pb2.TakeOverRequest) -> edge_pb2.TakeOverResponse:
        """As EdgeService does."""
        if edge not in self:
            raise DomainError(Reason.UNAVAILABLE, part=edge)
        given = await self[edge].hand_over(handover.wanted(request), request.user_id, request.claim)
        return edge_pb2.TakeOverResponse.FromString(handover.answer(given).SerializeToString())


class Edge:
    """The running WebSocket side."""

    def __init__(
        self,
        port: int,
        outside: Outside,
        bus: RedisBus,
        server: SocketServer,
        resumer: Resumer,
        resumption: Resumption,
        metrics: Metrics,
    ) -> None:
        self.port, self.outside, self.bus, self.server, self.metrics = port, outside, bus, server, metrics
        self.resumer, self.resumption = resumer, resumption

    async def write(self, topic: str, body: Message, *, publish: bool = True) -> events_pb2.LogEntry:
        """Commit an event; publish it, unless it is to be lost."""
        log = self.outside.auth if topic.startswith("auth/") else self.outside.messaging
        one = log.append(topic, body)
        if publish:
            await self.publish(one)
        return one

    async def publish(self, *entries: events_pb2.LogEntry) -> None:
        """Put events on the bus."""
        await self.bus.publish([BusMessage(e.topic, e.seq, e.SerializeToString()) for e in entries])

    def connect(self, token: str = "", query: str = "", **headers: str) -> connect:
        """Return a client's connection to be awaited or entered."""
        cookie = {"Cookie": f"MMAUTHTOKEN={token}"} if token else {}
        url = f"ws://127.0.0.1:{self.port}/api/v4/websocket{query}"
        return connect(url, additional_headers=cookie | headers, compression=None, proxy=None)

    def value(self, name: str, **labels: str) -> float:
        """Return a metric's value."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running_edge(
    redis_port: int,
    folder: Path,
    name: str = "edge-1",
    outside: Outside | None = None,
    neighbours: Neighbours | None = None,
    **sections: dict[str, Any],
) -> AsyncIterator[Edge]:
    """Run the WebSocket side of an edge, alone or beside its neighbours in the same world."""
    outside, neighbours = outside or Outside(), Neighbours() if neighbours is None else neighbours
    path = folder / "config.json"
    path.write_text(json.dumps({"RedisSettings": {"RedisAddress": f"127.0.0.1:{redis_port}"}} | sections))
    settings: Settings = load(path, {}).settings
    metrics, clock, tasks = Metrics("edge"), SystemClock(), Tasks()
    counted = SocketMetrics(metrics)
    bus = RedisBus(settings, metrics)
    hub = Hub(counted)
    logs = {"auth": outside.auth, "messaging": outside.messaging}
    delivery = Delivery(hub, EventFrames(UserShapes(settings.PrivacySettings)), logs, counted)
    follower = Follower(bus, logs, delivery, outside.current, clock, tasks, counted, poll_seconds=0.3)
    baselines = BaselineReader(outside, outside.auth, delivery.recent, follower, tasks, metrics, counted)
    presence = PresenceReporter(name, outside, hub.users, clock, tasks)
    registry = RedisRegistry(settings, "connections", kept_seconds=600)
    resumption = Resumption(delivery, ended=lambda gone: resumer.ended(gone), left_out=lambda: None)
    resumer = Resumer(name, resumption, registry, neighbours, baselines.read, delivery, follower.alone, clock, counted)
    server = SocketServer(
        settings,
        outside,
        baselines,
        delivery,
        follower,
        presence,
        resumption,
        resumer,
        lambda: "11.6.0.x",
        clock,
        tasks,
        counted,
    )
    follower.start()
    presence.start()
    tasks.spawn("connections", resumer.run())
    await server.start("127.0.0.1", 0)
    neighbours[name] = resumer
    try:
        yield Edge(server.port, outside, bus, server, resumer, resumption, metrics)
    finally:
        await server.close(0.0)
        neighbours.pop(name, None)
        await presence.close()
        await tasks.close()
        await registry.close()
        await bus.close()


async def frames(client: ClientConnection, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Return what the client gets up to the frame that `until` names."""
    got: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not got or not until(got[-1]):
            got.append(json.loads(await client.recv()))
    return got


async def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, f"never came true: {what}"
        await asyncio.sleep(0.01)
