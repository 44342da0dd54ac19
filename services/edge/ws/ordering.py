"""The order of one log's topics at this edge: an event comes in, what is to be done with it comes out.

Pure: no I/O, no clock; `now` is monotonic seconds and an argument. Whoever drives it must obey: a `Repair` is answered
by `accept` of what the log listed and then `repaired`, or by `failed`; a `Foreign` is answered by `adopt` or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Event = TypeVar("Event")

HOLD_SECONDS: Final = 0.2
"""How long a gap may last before the log is asked: the bus is usually that fast."""

HELD_EVENTS: Final = 256
"""Events that one topic holds back; later ones are dropped and come from the log."""

_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Deliver(Generic[Event]):
    """These are next, in this order."""

    events: list[Event]


@dataclass(frozen=True, slots=True)
class Hold:
    """Something before it is missing; it waits."""


@dataclass(frozen=True, slots=True)
class Drop:
    """It was delivered before, or nobody follows its topic."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Ask the log for the topic's events behind `after` up to `upto` (0 for all that there are)."""

    topic: str
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class Foreign:
    """It belongs to another incarnation of the log: ask the log which one is real and where its topics are."""

    incarnation: str


Verdict = Deliver[Event] | Hold | Drop | Repair | Foreign

_HOLD: Final = Hold()
_DROP: Final = Drop()


class _Topic(Generic[Event]):
    """Where one topic stands. `known` is the highest seq heard of; `repair_at` is when the log is to be asked."""

    __slots__ = ("asked", "held", "known", "position", "repair_at", "unsure")

    def __init__(self, position: int) -> None:
        self.position = position
        self.known = position
        self.held: dict[int, Event] = {}
        self.repair_at: float | None = None
        self.asked = False
        self.unsure = False


class Ordering(Generic[Event]):
    """Positions of the topics of one log that have sockets here."""

    def __init__(self) -> None:
        """Follow nothing yet."""
        self.incarnation = ""
        self._topics: dict[str, _Topic[Event]] = {}
        self._waiting: set[str] = set()

    def __contains__(self, topic: object) -> bool:
        """Whether the topic is followed."""
        return topic in self._topics

    def topics(self) -> list[str]:
        """Return the topics that are followed."""
        return list(self._topics)

    def position(self, topic: str) -> int:
        """Return the seq of the topic's last delivered event. Raises KeyError for one that is not followed."""
        return self._topics[topic].position

    def track(self, topic: str, position: int, now: float, *, unsure: bool = False) -> None:
        """Follow a topic behind `position`; `unsure` if events behind it may have gone by: the log is asked at once."""
        state = self._topics[topic] = _Topic(position)
        if unsure:
            state.unsure = True
            self._schedule(topic, state, now)

    def forget(self, topic: str) -> None:
        """Stop following a topic."""
        self._topics.pop(topic, None)
        self._waiting.discard(topic)

    def accept(self, topic: str, seq: int, event: Event, incarnation: str, now: float) -> Verdict[Event]:
        """Decide on a durable event, whether it came by the bus or from the log."""
        state = self._topics.get(topic)
        if state is None:
            return _DROP
        if incarnation != self.incarnation:
            if self.incarnation:
                return Foreign(incarnation)
            self.incarnation = incarnation
        if seq <= state.position:
            return _DROP
        if seq == state.position + 1:
            return Deliver(self._advance(topic, state, event, now))
        state.known = max(state.known, seq)
        if len(state.held) < HELD_EVENTS:
            state.held[seq] = event
            if state.repair_at is None:
                self._schedule(topic, state, now + HOLD_SECONDS)
            return _HOLD
        if state.asked:
            return _DROP
        return self._ask(topic, state)

    def heard(self, topic: str, seq: int, now: float) -> None:
        """Note that the log holds events up to `seq`: what the bus does not bring soon is repaired."""
        state = self._topics.get(topic)
        if state is not None and seq > state.position:
            state.known = max(state.known, seq)
            if state.repair_at is None:
                self._schedule(topic, state, now + HOLD_SECONDS)

    def due(self, now: float) -> list[Repair]:
        """Return the repairs whose time has come; each is out until `repaired` or `failed`."""
        ready = []
        for topic in self._waiting:
            state = self._topics[topic]
            if not state.asked and state.repair_at is not None and state.repair_at <= now:
                ready.append((topic, state))
        return [self._ask(topic, state) for topic, state in ready]

    def next_due(self) -> float | None:
        """Return when `due` will next have something, None for never."""
        times = (state.repair_at for state in map(self._topics.__getitem__, self._waiting) if not state.asked)
        return min((at for at in times if at is not None), default=None)

    def repaired(self, repair: Repair, now: float, *, complete: bool) -> None:
        """End a repair whose events were accepted; not `complete` if the log had more than one answer holds."""
        state = self._topics.get(repair.topic)
        if state is None or not state.asked:
            return
        state.asked = False
        state.unsure = state.unsure and not complete
        if state.unsure or state.known > state.position:
            moved = state.position > repair.after
            self._schedule(repair.topic, state, now if moved or not complete else now + HOLD_SECONDS)
        else:
            self._settle(repair.topic, state)

    def failed(self, repair: Repair, now: float) -> None:
        """End a repair that brought nothing; it is tried again."""
        state = self._topics.get(repair.topic)
        if state is not None and state.asked:
            state.asked = False
            self._schedule(repair.topic, state, now + _RETRY_SECONDS)

    def adopt(self, incarnation: str, seqs: Mapping[str, int], now: float) -> list[str]:
        """Take a new incarnation of the log with the positions that it has now; held events are of the old one.

        Returns the topics where this edge is ahead of the log: what their sockets were given is no longer true.
        """
        self.incarnation = incarnation
        ahead = []
        for topic, state in self._topics.items():
            state.held.clear()
            seq = seqs.get(topic)
            if seq is None:  # followed since the positions were read: they are the new incarnation's
                continue
            if seq < state.position:
                ahead.append(topic)
            state.known = max(seq, state.position)
            if state.known > state.position and not state.asked:
                self._schedule(topic, state, now)
        return ahead

    def _advance(self, topic: str, state: _Topic[Event], event: Event, now: float) -> list[Event]:
        events = [event]
        state.position += 1
        state.held.pop(state.position, None)
        while state.held and (following := state.held.pop(state.position + 1, None)) is not None:
            events.append(following)
            state.position += 1
        if state.repair_at is not None and not state.asked and not state.unsure:
            if state.known <= state.position:
                self._settle(topic, state)
            else:  # another gap: it has its own time
                self._schedule(topic, state, now + HOLD_SECONDS)
        return events

    def _ask(self, topic: str, state: _Topic[Event]) -> Repair:
        state.asked = True
        self._waiting.add(topic)
        if state.unsure:
            return Repair(topic, state.position, 0)
        return Repair(topic, state.position, min(state.held) - 1 if state.held else state.known)

    def _schedule(self, topic: str, state: _Topic[Event], at: float) -> None:
        state.repair_at = at
        self._waiting.add(topic)

    def _settle(self, topic: str, state: _Topic[Event]) -> None:
        state.repair_at = None
        self._waiting.discard(topic)
