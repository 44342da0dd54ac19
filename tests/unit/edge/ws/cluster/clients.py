"""People's clients: they come to some edge, read, lose their sockets, and come again with what they had."""

import json
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from services.edge.ws.resumption import Wanted
from services.edge.ws.stream import Stream
from tests.unit.edge.ws.cluster.edges import Edge
from tests.unit.edge.ws.cluster.world import Steps, Time


class Carrier:
    """A socket over a network that takes its time, and that loses what is under way when it breaks."""

    def __init__(self, time: Time, edge: Edge, chance: random.Random, read: Callable[[bytes], None]) -> None:
        self.stream: Stream | None = None
        self.open = True
        """Whether the client still reads it."""
        self._time, self._edge, self._chance, self._read = time, edge, chance, read
        self._taken: list[bytes] = []
        self._under_way: deque[bytes] = deque()

    def take(self, text: bytes) -> None:
        self._taken.append(text)

    def flush(self) -> None:
        for text in self._taken:
            self._under_way.append(text)
            self._time.spawn(self._arrive(), after=0.001 + self._chance.random() * 0.1)
        self._taken.clear()

    def lags(self) -> bool:
        return False

    def close(self, cause: str) -> None:
        """The edge ends it; what was written before may still arrive."""
        if self._chance.random() < 0.5:
            self.flush()
        self._time.spawn(self._broken(), after=self._chance.random() * 0.2)
        self._tell(cause)

    def abandon(self) -> None:
        """The client is gone from it, and the edge hears so later."""
        self.open = False
        self._time.spawn(self._noticed(), self._edge, self._chance.random() * 0.5)

    def _arrive(self) -> Steps:
        """TCP keeps the order, whatever the network does."""
        text = self._under_way.popleft()
        if self.open and not self._edge.dead:
            self._read(text)
        yield from ()

    def _broken(self) -> Steps:
        self.open = False
        yield from ()

    def _noticed(self) -> Steps:
        self._tell("lost")
        yield from ()

    def _tell(self, cause: str) -> None:
        if self.stream is not None:
            self._edge.lost(self.stream, self, cause)


class Client:
    """One person's window. It fails as soon as the numbers of its frames are not contiguous."""

    def __init__(self, user_id: str, time: Time, edges: dict[str, Edge], chance: random.Random) -> None:
        self.user_id = user_id
        self.connection_id = ""
        self.frames: list[dict[str, Any]] = []
        """Since the last hello."""
        self.past: list[tuple[str, list[dict[str, Any]]]] = []
        """Connections that are over, each with its frames."""
        self._time, self._edges, self._chance = time, edges, chance
        self._carrier: Carrier | None = None
        self._at: Edge

    @property
    def connected(self) -> bool:
        """Whether its socket is open."""
        return self._carrier is not None and self._carrier.open

    def live(self) -> Steps:
        """Come and go while there is trouble; then stay, and come again only when the socket ends."""
        chance = self._chance
        while True:
            edge = chance.choice([edge for edge in self._edges.values() if not edge.draining])
            self._come(edge)
            if self.connection_id and chance.random() < 0.3:  # a second attempt, while the first is under way
                yield chance.random() * 0.3
                self._leave()
                self._come(chance.choice(list(self._edges.values())))
            leaves = self._time.now + chance.uniform(0.1, 3.0)
            while self.connected and not self._at.dead and (self._time.calm or self._time.now < leaves):
                yield 0.25 if self._time.calm else 0.05
            self._leave()
            yield chance.random() * 0.5

    def _come(self, edge: Edge) -> None:
        carrier = Carrier(self._time, edge, self._chance, self._read)
        self._carrier, self._at = carrier, edge
        wanted = Wanted(self.connection_id, len(self.frames)) if self.connection_id else None
        self._time.spawn(edge.arrive(carrier, self.user_id, wanted), edge)

    def _leave(self) -> None:
        if self._carrier is not None:
            self._carrier.abandon()

    def _read(self, text: bytes) -> None:
        frame = json.loads(text)
        if frame["event"] == "hello":
            self.past.append((self.connection_id, self.frames))
            self.connection_id, self.frames = frame["data"]["connection_id"], []
        assert frame["seq"] == len(self.frames), f"{self.user_id}: {frame['seq']} after {len(self.frames)}"
        self.frames.append(frame)
