"""Time, and what edges share: a log, a bus that loses and doubles, a registry of connections."""

import heapq
import random
from collections.abc import Generator
from itertools import count
from typing import Protocol

from chorus.common.v1 import events_pb2
from services.chassis.bus import BusMessage
from services.chassis.topics import channel_topic, user_topic

Steps = Generator[float, None, None]
"""Somebody's doing; each yield is a pause of so many seconds."""

KEPT_SECONDS = 2.0
"""How long the bus keeps an event for an edge that stands still."""


class Body(Protocol):
    """A process that can stand still, and die."""

    still_until: float
    dead: bool


class Time:
    """What is to happen, in order."""

    def __init__(self, calm_from: float) -> None:
        self.now = 0.0
        self._calm_from = calm_from
        self._number = count()
        self._due: list[tuple[float, int, Steps, Body | None]] = []

    @property
    def calm(self) -> bool:
        """Whether the troubles are over, and everything has to become well."""
        return self.now >= self._calm_from

    def spawn(self, steps: Steps, body: Body | None = None, after: float = 0.0) -> None:
        """Let somebody begin; a body that stands still does nothing meanwhile, and a dead one nothing any more."""
        heapq.heappush(self._due, (self.now + after, next(self._number), steps, body))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        while self._due and self._due[0][0] <= until:
            self.now, _, steps, body = heapq.heappop(self._due)
            if body is not None and body.dead:
                steps.close()
            elif body is not None and body.still_until > self.now:
                self.spawn(steps, body, body.still_until - self.now)
            elif (pause := next(steps, None)) is not None:
                self.spawn(steps, body, pause)


class Log:
    """Every durable event, and who is in which channel."""

    def __init__(self) -> None:
        self.topics: dict[str, list[events_pb2.LogEntry]] = {}
        self.order: list[events_pb2.LogEntry] = []
        """By commit."""
        self.members: dict[str, set[str]] = {}

    def next_seq(self, topic: str) -> int:
        """The seq of the topic's next event."""
        return len(self.topics.get(topic, ())) + 1

    def commit(self, *entries: events_pb2.LogEntry) -> None:
        """Let them stand, all at once."""
        for entry in entries:
            self.topics.setdefault(entry.topic, []).append(entry)
            self.order.append(entry)

    def events(self, topic: str, after: int, upto: int) -> list[events_pb2.LogEntry]:
        """The topic's events behind a seq; `upto` 0 is the end."""
        return self.topics.get(topic, [])[after : upto or None]

    def topics_of(self, user_id: str) -> list[str]:
        """What a user listens to now."""
        channels = [channel_topic(channel) for channel, members in self.members.items() if user_id in members]
        return [*channels, user_topic(user_id)]

    def seqs(self, since: int) -> dict[str, int]:
        """What has moved since a place in the order, and where to."""
        return {entry.topic: entry.seq for entry in self.order[since:]}


class Registry:
    """Connection → who holds it."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}

    def move(self, connection_id: str, before: str, after: str) -> bool:
        """Compare and set."""
        if self.holders.get(connection_id) != before:
            return False
        self.holders[connection_id] = after
        return True

    def hold(self, connection_id: str, holder: str) -> bool:
        """Say that it is here; whether that is true."""
        return self.holders.setdefault(connection_id, holder) == holder

    def release(self, connection_id: str, holder: str) -> None:
        """Let go of it."""
        if self.holders.get(connection_id) == holder:
            del self.holders[connection_id]


class Hearer(Body, Protocol):
    """An edge, as the bus sees it."""

    def hear(self, message: BusMessage) -> None:
        """A message comes."""
        ...


class Bus:
    """Late, doubled, out of order, or not at all."""

    def __init__(self, time: Time, chance: random.Random) -> None:
        self._time, self._chance = time, chance
        self._loss = chance.choice((0.0, 0.02, 0.2, 0.6, 1.0))
        self._spread = chance.choice((0.01, 0.1, 0.6))

    def publish(self, message: BusMessage, hearers: list[Hearer]) -> None:
        """Bring it to each, or not."""
        for hearer in hearers:
            for _ in range(self._chance.choice((1, 1, 1, 2))):
                if self._chance.random() >= self._loss:
                    self._time.spawn(self._carry(message, hearer), hearer, self._chance.random() * self._spread)

    def _carry(self, message: BusMessage, hearer: Hearer) -> Steps:
        sent = self._time.now
        yield 0.0
        if self._time.now - sent < KEPT_SECONDS:
            hearer.hear(message)
