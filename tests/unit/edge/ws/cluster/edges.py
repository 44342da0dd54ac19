"""An edge without a network: the real core, and around it in a few lines what its shells do with I/O.

The shells are `follower.py`, `admission.py`, `resume.py` and `server.py`; what they await is a pause here, in which
everything else may happen.
"""

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from itertools import count

from services.chassis.bus import BusMessage
from services.chassis.metrics import Metrics
from services.edge.dialect.frames import Standing, hello
from services.edge.ws.delivery import Delivery, Fetch
from services.edge.ws.hub import Hub
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.ordering import Repair
from services.edge.ws.recent import Recent
from services.edge.ws.resumption import Refusal, Resumption, State, Wanted
from services.edge.ws.stream import Carrier, Stream
from tests.unit.edge.ws.cluster.world import Log, Registry, Steps, Time
from tests.unit.edge.ws.sockets import frames

INCARNATIONS = {"messaging": "i", "auth": "i"}
GIVEN_UP = "-"
PATIENCE = 1.0
"""Seconds for another edge to hand a connection over."""
_METRICS = SocketMetrics(Metrics("edge"))
_FRAMES = frames()


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where a user's topics are, and the place among the bus's messages from before they were read."""

    positions: Mapping[str, int]
    mark: int


class Edge:
    """One process."""

    def __init__(self, name: str, time: Time, log: Log, registry: Registry, chance: random.Random) -> None:
        self.name, self.still_until, self.dead, self.draining = name, 0.0, False, False
        self._time, self._log, self._registry, self._chance = time, log, registry, chance
        self.others: dict[str, Edge] = {}
        self.delivery = Delivery(Hub(_METRICS), _FRAMES, ("auth", "messaging"), _METRICS)
        self.delivery.recent = Recent(messages=chance.choice((4, 20, 8_192)))
        self.resumption = Resumption(
            self.delivery, ended=lambda connection: registry.release(connection, name), left_out=lambda: None
        )
        self.began: dict[str, Mapping[str, int]] = {}
        """Connection → the positions that it began from."""
        self._cursor: int | None = None
        self._timer = float("inf")
        self._numbers = count(1)
        for work in (self._poll(), self._keep()):
            time.spawn(work, self)

    # What follower.py does.

    def hear(self, message: BusMessage) -> None:
        """The bus brings something."""
        for _ in self.delivery.take(message, self._time.now):
            pass
        self._settle()

    def _settle(self) -> None:
        for _ in self.delivery.hub.flush():
            pass
        now = self._time.now
        wanted = self.delivery.wanted(now)
        for fetch in sorted(wanted.fetches, key=lambda fetch: (fetch.topic, fetch.after, fetch.upto)):
            self._time.spawn(self._fetch(fetch), self)
        due = [due for ordering in self.delivery.orderings.values() if (due := ordering.next_due()) is not None]
        if due and (at := max(now, min(due))) < self._timer:
            self._timer = at
            self._time.spawn(self._wake(), self, at - now)

    def _wake(self) -> Steps:
        self._timer = float("inf")
        self._settle()
        yield from ()

    def _fetch(self, fetch: Fetch) -> Steps:
        yield self._chance.random() * 0.3
        limit = 1000 if self._time.calm else self._chance.choice((2, 1000, 1000))
        entries = self._log.events(fetch.topic, fetch.after, fetch.upto)
        yield self._chance.random() * 0.3
        now = self._time.now
        if not self._time.calm and self._chance.random() < (0.2 if isinstance(fetch, Repair) else 0.05):
            self.delivery.failed(fetch, now)
        else:
            for _ in self.delivery.fetched(fetch, entries[:limit], now, complete=len(entries) <= limit):
                pass
        self._settle()

    def _poll(self) -> Steps:
        while True:
            yield self._chance.uniform(0.8, 1.2)
            if not self.delivery.hub:
                self._cursor = None
                continue
            since = self._position()
            seqs, cursor = self._log.seqs(since), len(self._log.order)
            yield self._chance.random() * 0.2
            if self._chance.random() < 0.8:
                self._cursor = cursor
                self.delivery.changed("messaging", seqs, "i", self._time.now)
                self._settle()

    def _position(self) -> int:
        if self._cursor is None:
            self._cursor = len(self._log.order)
        return self._cursor

    # What server.py and admission.py do.

    def arrive(self, carrier: Carrier, user_id: str, wanted: Wanted | None) -> Steps:
        """A client comes, with what it had."""
        number = f"{self.name}-{next(self._numbers)}"
        stream = Stream(number, user_id, "s", Standing.MEMBER, carrier, self.resumption)
        self.delivery.hub.enter(stream)
        yield self._chance.random() * 0.05
        if wanted is None or not (yield from self._resume(stream, wanted)):
            yield from self._begin(stream)
        if stream.carrier is None and stream not in self.resumption:
            stream.close("lost")
        self._settle()

    def _begin(self, stream: Stream) -> Steps:
        baseline = yield from self._baseline(stream.user_id)
        if stream.carrier is None:
            return
        self.began[stream.connection_id] = baseline.positions
        stream.send(hello(stream.user_id, stream.connection_id, "", self.name))
        self.resumption.begin(stream)
        self.delivery.admit(stream, baseline.positions, INCARNATIONS, baseline.mark, self._time.now)
        stream.flush()

    def _baseline(self, user_id: str) -> Generator[float, None, Baseline]:
        self._position()
        mark = self.delivery.recent.mark()
        yield self._chance.random() * 0.2
        positions = {topic: len(self._log.topics.get(topic, ())) for topic in self._log.topics_of(user_id)}
        yield self._chance.random() * 0.2
        return Baseline(positions, mark)

    # What resume.py does.

    def _resume(self, stream: Stream, wanted: Wanted) -> Generator[float, None, bool]:
        if self.resumption.get(wanted.connection_id) is not None:
            return self._go_on_here(stream, wanted)
        yield self._chance.random() * 0.02
        host = self._registry.holders.get(wanted.connection_id)
        if host in (None, GIVEN_UP, self.name):
            return False
        assert host is not None
        baseline = yield from self._baseline(stream.user_id)
        state = yield from self._taken_over(host, wanted, stream)
        if state is None:
            self._registry.move(wanted.connection_id, host, GIVEN_UP)
            return False
        if isinstance(state, Refusal):
            return False
        if not state.positions.keys() <= baseline.positions.keys():
            baseline = yield from self._baseline(stream.user_id)
        if not self._registry.move(wanted.connection_id, host, self.name):
            return False
        if stream.is_over:
            self._registry.release(wanted.connection_id, self.name)
            return False
        now = self._time.now
        self.resumption.adopt(stream, wanted, state, now)
        stream.replay(wanted.seq)
        if not stream.is_over:
            self.delivery.admit(stream, baseline.positions, INCARNATIONS, baseline.mark, now, reached=state.positions)
            stream.flush()
        return True

    def _go_on_here(self, stream: Stream, wanted: Wanted) -> bool:
        found = self.resumption.find(wanted, stream.user_id)
        if stream.carrier is None or isinstance(found, Refusal):
            return False
        self.resumption.carry(found, stream)
        found.replay(wanted.seq)
        found.flush()
        return True

    def _taken_over(self, host: str, wanted: Wanted, stream: Stream) -> Generator[float, None, State | Refusal | None]:
        """Ask the host; an answer may get lost, and then the same claim is answered again."""
        claim = f"{stream.connection_id} {self._time.now}"
        deadline = self._time.now + PATIENCE
        answers: list[State | Refusal] = []

        def take(there: Edge) -> Steps:
            answers.append(there.resumption.take(wanted, stream.user_id, claim, self._time.now))
            there._settle()
            yield from ()

        for _ in range(self._chance.choice((1, 1, 2))):
            if (there := self.others.get(host)) is not None:
                self._time.spawn(take(there), there, self._chance.random() * 0.1)
            while not answers and self._time.now < deadline:
                yield 0.05
        yield self._chance.random() * 0.1
        return answers[-1] if answers and self._chance.random() < 0.95 else None

    def lost(self, stream: Stream, carrier: Carrier, cause: str) -> None:
        """A socket is gone."""
        if stream.carrier is carrier:
            self.resumption.lost(stream, cause, self._time.now)
        self._settle()

    def _keep(self) -> Steps:
        """Say what is here, and let go of what others have given up while this stood still."""
        looked = self._time.now
        while True:
            yield 1.0
            now = self._time.now
            self.resumption.expire(now)
            for connection_id in list(self.resumption.ids):
                if not self._registry.hold(connection_id, self.name) and now - looked > 3.0:
                    stream = self.resumption.get(connection_id)
                    assert stream is not None
                    stream.close("given_up")
            looked = now
            self._settle()
