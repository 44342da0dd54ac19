"""Sockets without a network, and events as messaging and auth write them."""

import itertools
import json
from typing import Any

from google.protobuf.message import Message

from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from chorus.messaging.v1 import posts_pb2
from services.chassis.bus import BusMessage
from services.chassis.config.sections import PrivacySettings
from services.chassis.metrics import Metrics
from services.chassis.topics import channel_topic
from services.edge.dialect.events import EventFrames
from services.edge.dialect.frames import Frame, Standing
from services.edge.dialect.users import UserShapes
from services.edge.ws.delivery import CatchUp, Delivery, Fetch
from services.edge.ws.hub import Hub
from services.edge.ws.metrics import SocketMetrics

_ids = itertools.count(1)


def an_id(name: str = "") -> str:
    """Return an id that shows its name."""
    return f"{name}{next(_ids)}".ljust(26, "0")


def frames() -> EventFrames:
    """Return the renderer, with everything shown."""
    return EventFrames(UserShapes(PrivacySettings()))


class FakeSocket:
    """Keeps what it is sent, as a client would read it."""

    def __init__(self, user_id: str, *, standing: Standing = Standing.MEMBER, session_id: str = "s") -> None:
        self.user_id, self.session_id, self.standing = user_id, session_id, standing
        self.connection_id = an_id("connection")
        self.frames: list[dict[str, Any]] = []
        self.flushes = 0
        self.closed: list[str] = []

    def send(self, frame: Frame) -> None:
        self.frames.append(json.loads(frame.head_for(self.user_id) + b"%d}" % len(self.frames)))

    def flush(self) -> None:
        self.flushes += 1

    def close(self, cause: str) -> None:
        self.closed.append(cause)

    @property
    def events(self) -> list[str]:
        return [frame["event"] for frame in self.frames]

    @property
    def said(self) -> list[str]:
        """The texts of the posts that it got."""
        return [json.loads(frame["data"]["post"])["message"] for frame in self.frames if frame["event"] == "posted"]


def entry(topic: str, seq: int, body: Message, incarnation: str = "i") -> events_pb2.LogEntry:
    """Return a log's entry; its kind is the message's name in snake case."""
    name = type(body).DESCRIPTOR.name
    kind = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    return events_pb2.LogEntry(topic=topic, seq=seq, kind=kind, body=body.SerializeToString(), incarnation=incarnation)


def posted(channel_id: str, seq: int, *mentioned: str, incarnation: str = "i") -> events_pb2.LogEntry:
    """Return a post whose text is its seq."""
    body = messaging_pb2.PostCreated(
        post=posts_pb2.Post(id=an_id("post"), channel_id=channel_id, message=str(seq)),
        channel=messaging_pb2.ChannelContext(type="O", name="town", display_name="Town", team_id="t"),
        sender_name="@ada",
        mentioned_user_ids=mentioned,
    )
    return entry(channel_topic(channel_id), seq, body, incarnation)


def linking(
    channel_id: str, seq: int, to_channel_id: str, *mentioned: str, kind: str = "P", team_id: str = "t"
) -> events_pb2.LogEntry:
    """Return a post that links to a post in another channel."""
    body = messaging_pb2.PostCreated.FromString(posted(channel_id, seq, *mentioned).body)
    secret = posts_pb2.Post(id=an_id("secret"), channel_id=to_channel_id, message="secret")
    body.post.previewed.CopyFrom(
        posts_pb2.PreviewedPost(post=secret, channel_display_name="secret", channel_type=kind, team_id=team_id)
    )
    return entry(channel_topic(channel_id), seq, body)


def message(of: events_pb2.LogEntry) -> BusMessage:
    """Return the entry as the bus carries it."""
    return BusMessage(of.topic, of.seq, of.SerializeToString())


class Bench:
    """A delivery core with a hand on it; the time stands at `now`."""

    def __init__(self) -> None:
        counted = SocketMetrics(Metrics("edge"))
        self.hub = Hub(counted)
        self.delivery = Delivery(self.hub, frames(), ("auth", "messaging"), counted)
        self.now = 0.0

    def socket(self, user_id: str, positions: dict[str, int], *, mark: int | None = None, **kind: Any) -> FakeSocket:
        """Admit a socket with a baseline, read at `mark` in the stream, now if not given."""
        socket = FakeSocket(user_id, **kind)
        self.hub.enter(socket)
        place = self.delivery.recent.mark() if mark is None else mark
        self.delivery.admit(socket, positions, {"messaging": "i", "auth": "i"}, place, self.now)
        return socket

    def take(self, *entries: events_pb2.LogEntry) -> None:
        """Let the bus bring entries."""
        for one in entries:
            for _ in self.delivery.take(message(one), self.now):
                pass

    def fetches(self) -> list[Fetch]:
        """Return what the logs are asked for now."""
        return self.delivery.wanted(self.now).fetches

    def answer(self, fetch: Fetch, *entries: events_pb2.LogEntry, complete: bool = True) -> None:
        """Let the log answer."""
        for _ in self.delivery.fetched(fetch, entries, self.now, complete=complete):
            pass

    def catch_up(self) -> CatchUp:
        """Return the one catching up that is wanted."""
        (fetch,) = [f for f in self.fetches() if isinstance(f, CatchUp)]
        return fetch
