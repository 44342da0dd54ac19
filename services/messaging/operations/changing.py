"""One change: a transaction that locks its topics first, then reads, decides, writes, and appends its events last."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

from google.protobuf.message import Message

from chorus.common.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events import Announcement, EventLog, Publisher, TopicState
from services.messaging.domain.posts import Clockwork

T = TypeVar("T")

_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")
_ATTEMPTS: Final = 5


class Moved(Exception):
    """What was read to know which topics to lock was no longer so once they were locked: begin again."""


class Change:
    """An open change. The seq of each event is known before it is appended, because its topic is locked."""

    def __init__(self, tx: Transaction, events: EventLog, now_ms: int) -> None:
        """Made by `Changes.commit`."""
        self.tx = tx
        self.now_ms = now_ms
        self._events = events
        self._topics: dict[str, TopicState] = {}
        self._seqs: dict[str, int] = {}
        self._announcements: list[Announcement] = []

    async def lock(self, topics: Iterable[str]) -> None:
        """Lock topics until COMMIT, creating missing ones.

        All that others know of in one call, because that is the lock order. A topic of an id that was just minted may
        come later: nobody else can wait for it.
        """
        locked = await self._events.lock(self.tx, topics)
        self._topics |= locked
        self._seqs |= {topic: state.seq for topic, state in locked.items()}

    def last_at(self, topic: str) -> int:
        """Return the locked topic's time, in ms: whatever comes in it is later."""
        return self._topics[topic].last_at

    def next_at(self, topic: str) -> int:
        """Take the topic's next time, in ms. Raises channel_rate_exceeded when it is too far ahead of the clock."""
        state = self._topics[topic]
        state.last_at = Clockwork(state.last_at).tick(self.now_ms)
        return state.last_at

    def announce(self, topic: str, body: Message, at: int) -> int:
        """Have `body` appended to the locked topic; return the seq that it will have there."""
        self._seqs[topic] += 1
        kind = _WORDS.sub("_", body.DESCRIPTOR.name).lower()
        self._announcements.append(Announcement(topic, kind, body.SerializeToString(), at))
        return self._seqs[topic]

    async def append(self) -> list[events_pb2.LogEntry]:
        """Append what was announced; the last thing before COMMIT."""
        return await self._events.append(self.tx, self._topics, self._announcements)


class Changes:
    """Commits changes and hands their events to the bus."""

    def __init__(self, database: Database, events: EventLog, publisher: Publisher, clock: Clock) -> None:
        """Change what is in `database`."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock

    async def commit(self, work: Callable[[Change], Awaitable[T]]) -> T:
        """Run `work` in a transaction and return what it returns; it may run several times.

        Raises unavailable when the database was lost in COMMIT: the change may or may not stand.
        """
        for _ in range(_ATTEMPTS):
            try:
                result, entries = await self._database.transact(lambda tx: self._run(tx, work))
            except Moved:
                continue
            self._publisher.publish_soon(entries)
            return result
        raise DomainError(Reason.BUSY, part="membership", retry_after_s=1)

    async def _run(
        self, tx: Transaction, work: Callable[[Change], Awaitable[T]]
    ) -> tuple[T, list[events_pb2.LogEntry]]:
        change = Change(tx, self._events, self._clock.now_ms())
        result = await work(change)
        entries = await change.append()
        if not entries:
            tx.vouch()
        return result, entries
