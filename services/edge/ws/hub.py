"""Topics → sockets: who listens to what from where on, and the handing out of one encoded event to many.

Everything here is synchronous and in memory. Fan-out is an iterator, so that its driver can let others run in the
middle of a large one; a socket that leaves meanwhile gets nothing more, one that comes meanwhile is not in it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from chorus.common.v1 import events_pb2
from services.edge.dialect.frames import Frame, Standing
from services.edge.ws.metrics import SocketMetrics

SLICE: Final = 64
"""Sockets between two points where fan-out can pause: about half a millisecond of sends."""

HELD_BACK: Final = 2_000
"""Events that wait for one socket's catching up; more close it."""


class Socket(Protocol):
    """A signed-in user's connection, as the hub sees it."""

    connection_id: str
    user_id: str
    session_id: str
    standing: Standing

    def send(self, frame: Frame) -> None:
        """Take a frame under the connection's next seq; it leaves at `flush`."""
        ...

    def flush(self) -> None:
        """Write what was taken."""
        ...

    def close(self, cause: str) -> None:
        """Close; `cause` is for the metrics. The hub is told by `leave`."""
        ...


@dataclass(slots=True)
class CatchingUp:
    """What one socket waits for in one topic."""

    after: int
    """It lacks the past behind this seq; tells the answer to this waiting from one to a waiting of before."""
    held: list[events_pb2.LogEntry] = field(default_factory=list)
    """Present events that come after that past."""


class Listeners:
    """The sockets of one topic."""

    __slots__ = ("catching", "floors", "position", "sockets")

    def __init__(self, position: int) -> None:
        """`position` is the seq of the event that was handed out last."""
        self.position = position
        self.sockets: set[Socket] = set()
        self.floors: dict[Socket, int] = {}
        """Sockets that know the topic up to a seq that is still to be handed out to the others."""
        self.catching: dict[Socket, CatchingUp] = {}
        """Sockets that wait for events of the past."""

    def wants(self, socket: Socket, seq: int) -> bool:
        """Whether a present event is new to the socket."""
        return socket in self.sockets and self.floors.get(socket, -1) < seq

    def reached(self, socket: Socket) -> int:
        """Return up to which seq the socket was handed the topic, or knew it when it came."""
        waiting = self.catching.get(socket)
        return waiting.after if waiting is not None else max(self.floors.get(socket, 0), self.position)


class Hub:
    """All sockets of this edge."""

    def __init__(self, metrics: SocketMetrics) -> None:
        """Start empty."""
        self._metrics = metrics
        self._topics: dict[str, Listeners] = {}
        self._topics_of: dict[Socket, set[str]] = {}
        self._users: dict[str, set[Socket]] = {}
        self._present: dict[str, set[Socket]] = {}
        self.present = 0
        """How many sockets have a client."""
        self._dirty: set[Socket] = set()
        self._on_presence: list[Callable[[str, bool], None]] = []
        self._frames = 0

    def on_presence(self, told: Callable[[str, bool], None]) -> None:
        """Have `told(user_id, here)` called when a user's first socket comes and when its last one goes."""
        self._on_presence.append(told)

    def enter(self, socket: Socket) -> None:
        """Know a signed-in socket, so that revocation finds it; it listens to nothing yet."""
        self._topics_of[socket] = set()
        self._users.setdefault(socket.user_id, set()).add(socket)
        self.attend(socket, True)

    def attend(self, socket: Socket, present: bool) -> None:
        """Count the socket's user as here or not: a client that is away leaves behind what it listens to."""
        user_id = socket.user_id
        sockets = self._present.get(user_id, set())
        before = len(sockets)
        if present:
            self._present[user_id] = sockets
            sockets.add(socket)
        else:
            sockets.discard(socket)
            if not sockets:
                self._present.pop(user_id, None)
        self.present += len(sockets) - before
        if bool(before) != bool(sockets):
            for told in self._on_presence:
                told(user_id, present)

    def leave(self, socket: Socket) -> list[str]:
        """Forget a socket; return the topics that nobody listens to any more."""
        emptied = [topic for topic in self._topics_of.get(socket, ()) if self._drop(socket, topic)]
        if self._topics_of.pop(socket, None) is not None:
            sockets = self._users[socket.user_id]
            sockets.discard(socket)
            if not sockets:
                del self._users[socket.user_id]
            self.attend(socket, False)
        self._dirty.discard(socket)
        return emptied

    def __contains__(self, socket: object) -> bool:
        """Whether the socket is known."""
        return socket in self._topics_of

    def __len__(self) -> int:
        """How many sockets are known."""
        return len(self._topics_of)

    def users(self) -> list[str]:
        """Return the users who are here."""
        return list(self._present)

    def sockets_of(self, user_id: str) -> Collection[Socket]:
        """Return a user's sockets, as they are now."""
        return tuple(self._users.get(user_id, ()))

    def all(self) -> Collection[Socket]:
        """Return all sockets, as they are now."""
        return tuple(self._topics_of)

    def listeners(self, topic: str) -> Listeners | None:
        """Return the sockets of a topic, None when nobody listens to it."""
        return self._topics.get(topic)

    def listens(self, socket: Socket, topic: str) -> bool:
        """Whether the socket gets the topic's events."""
        return topic in self._topics_of.get(socket, ())

    def positions(self, socket: Socket) -> dict[str, int]:
        """Return up to which seq the socket was handed each of its topics. Not to be asked during a fan-out."""
        return {topic: self._topics[topic].reached(socket) for topic in self._topics_of.get(socket, ())}

    def subscribe(self, socket: Socket, topic: str, position: int) -> Listeners:
        """Let the socket hear of the topic what comes behind `position`; return its listeners."""
        listeners = self._topics.get(topic)
        if listeners is None:
            listeners = self._topics[topic] = Listeners(position)
        listeners.sockets.add(socket)
        self._topics_of[socket].add(topic)
        if listeners.position < position:
            listeners.floors[socket] = position
        return listeners

    def unsubscribe(self, socket: Socket, topic: str) -> bool:
        """Let the socket hear nothing more of the topic; return whether nobody listens to it any more."""
        self._topics_of.get(socket, set()).discard(topic)
        return self._drop(socket, topic)

    def _drop(self, socket: Socket, topic: str) -> bool:
        listeners = self._topics.get(topic)
        if listeners is None:
            return False
        listeners.sockets.discard(socket)
        listeners.floors.pop(socket, None)
        listeners.catching.pop(socket, None)
        if listeners.sockets:
            return False
        del self._topics[topic]
        return True

    def hold_back(self, listeners: Listeners, entry: events_pb2.LogEntry) -> None:
        """Keep a present event for the sockets that are still catching up; close those that wait for too many."""
        for socket, waiting in tuple(listeners.catching.items()):
            if listeners.floors.get(socket, -1) < entry.seq:
                waiting.held.append(entry)
                if len(waiting.held) > HELD_BACK:
                    socket.close("catching_up")

    def fan_out(self, listeners: Listeners, seq: int, frame: Frame) -> Iterator[None]:
        """Hand a frame to the topic's sockets; seq 0 is ephemeral and goes to all of them. Pauses every SLICE."""
        floors, catching, dirty = listeners.floors, listeners.catching, self._dirty
        everybody = frame.for_everybody and frame.fuller is None
        for number, socket in enumerate(tuple(listeners.sockets)):
            if number % SLICE == SLICE - 1:
                yield
            if socket not in listeners.sockets:  # left during the pause
                continue
            if seq and ((floors and floors.get(socket, -1) >= seq) or socket in catching):
                continue
            if everybody or frame.reaches(socket.user_id, socket.standing, socket.connection_id):
                socket.send(frame if everybody else self._variant(socket, frame))
                dirty.add(socket)
                self._frames += 1

    def hand(self, socket: Socket, frame: Frame) -> None:
        """Hand a frame to one socket, if it is for it."""
        if frame.reaches(socket.user_id, socket.standing, socket.connection_id):
            socket.send(self._variant(socket, frame))
            self._dirty.add(socket)
            self._frames += 1

    def _variant(self, socket: Socket, frame: Frame) -> Frame:
        """Return what of a frame the socket may see. Asked when it is handed over: who was removed listens no more."""
        if frame.fuller is None:
            return frame
        if (
            socket.standing is Standing.ADMIN
            or self.listens(socket, frame.fuller_for)
            or (socket.standing is Standing.MEMBER and self.listens(socket, frame.fuller_for_members))
        ):
            return frame.fuller
        return frame

    def flush(self) -> Iterator[None]:
        """Write what was handed out: what came together for a socket leaves together. Pauses every SLICE."""
        self._metrics.frames.inc(self._frames)
        self._frames = number = 0
        while self._dirty:
            self._dirty.pop().flush()
            number += 1
            if number % SLICE == 0:
                yield
