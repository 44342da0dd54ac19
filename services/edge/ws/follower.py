"""The I/O around the delivery core: reads the bus, asks the logs for what is missing, lets others run in between.

The bus only makes it fast. Each log is asked what has changed, at most once a second, and answers within a second of
a change, so that a lost publish, a flushed Redis or a paused edge is repaired by the same rule as a gap (DESIGN §4
"Repair").
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Final

from services.chassis.bus import Bus, BusError, BusMessage, Following
from services.chassis.clock import Clock
from services.chassis.errors import DomainError, Reason
from services.chassis.tasks import Tasks
from services.chassis.topics import HELD_SECONDS
from services.edge.ws.collaborators import EventLogs
from services.edge.ws.delivery import Delivery, Fetch, log_of
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.ordering import Repair

_log = logging.getLogger(__name__)

SLICE_SECONDS: Final = 0.010
"""How long fan-out may keep the loop: requests and pings wait behind it."""

POLL_SECONDS: Final = 1.0
"""How long a log that has answered what has changed is left alone, ± a fifth, so that edges do not ask together."""

Doubt = Callable[[Collection[str] | None], None]
"""Told which topics of a log have moved; None: any of them may have, since the log was not followed until now."""

_PAGE: Final = 1000
_TOGETHER: Final = 64
"""Messages that are handed out in one go; then sockets may come and go (`alone`)."""
_TOPICS_AT_ONCE: Final = 10_000
_FETCHES_AT_ONCE: Final = 16


class Follower:
    """Follows the bus for all sockets of this edge."""

    def __init__(
        self,
        bus: Bus,
        logs: Mapping[str, EventLogs],
        delivery: Delivery,
        fresh: Callable[[], Awaitable[bool]],
        clock: Clock,
        tasks: Tasks,
        metrics: SocketMetrics,
        *,
        doubts: Mapping[str, Doubt] | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """`logs` by the names that topics start with. `fresh` returns once revocations answered up to now are known.

        A log with a `doubt` is polled also while there is no socket.
        """
        self._doubts = doubts or {}
        self._bus, self._logs, self._delivery, self._fresh = bus, logs, delivery, fresh
        self._clock, self._tasks, self._metrics, self._poll_seconds = clock, tasks, metrics, poll_seconds
        self._delivering = asyncio.Lock()
        self._fetching = asyncio.Semaphore(_FETCHES_AT_ONCE)
        self._cursors = dict.fromkeys(logs, 0)
        self._comparing: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._poll_now = {log: asyncio.Event() for log in logs}

    def start(self) -> None:
        """Follow and poll in the background."""
        self._tasks.spawn("follower", self._follow(), vital=True)
        for log in self._logs:
            self._tasks.spawn(f"changes of {log}", self._poll(log), vital=True)

    async def positioned(self) -> None:
        """Return once every log is polled from a position before now. Raises DomainError.

        Whoever reads a baseline waits for this first: what the bus loses afterwards is found by the next poll.
        """
        for log in self._cursors:
            await self._position(log)

    async def _position(self, log: str) -> None:
        if self._cursors[log]:
            return
        answer = await self._logs[log].changed(0)
        if not self._cursors[log]:
            self._cursors[log] = answer.cursor
            if log in self._doubts:
                self._doubts[log](None)

    def ask(self) -> None:
        """Ask for what the delivery core wants now, and again when it will want something."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.monotonic()
        wanted = self._delivery.wanted(now)
        for fetch in wanted.fetches:
            self._tasks.spawn("repair", self._fetch(fetch))
        for log in wanted.foreign - self._comparing:
            self._comparing.add(log)
            self._tasks.spawn("comparison", self._compare(log))
        times = [at for o in self._delivery.orderings.values() if (at := o.next_due()) is not None]
        if times:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.001, min(times) - now), self._asked)

    def _asked(self) -> None:
        self._timer = None
        with contextlib.suppress(RuntimeError):  # the process is ending
            self.ask()

    def alone(self) -> asyncio.Lock:
        """Return what is held while something is being handed out: enter it to see or change who has got what."""
        return self._delivering

    async def hand_out(self, work: Iterator[None]) -> None:
        """Exhaust `work` of the delivery core and write what it handed out, letting others run every 10 ms."""
        async with self._delivering:
            until = self._clock.monotonic() + SLICE_SECONDS
            for _ in work:
                until = await self._breathe(until)
            for _ in self._delivery.hub.flush():
                until = await self._breathe(until)

    async def _breathe(self, until: float) -> float:
        if self._clock.monotonic() < until:
            return until
        for _ in self._delivery.hub.flush():
            pass
        await asyncio.sleep(0)
        return self._clock.monotonic() + SLICE_SECONDS

    def _batch(self, messages: Sequence[BusMessage]) -> Iterator[None]:
        now = self._clock.monotonic()
        for message in messages:
            yield from self._delivery.take(message, now)
            yield

    async def _follow(self) -> None:
        following = self._bus.follow()
        await self._start(following)
        interruptions = following.interruptions
        async for batch in following.batches():
            if following.interruptions != interruptions:  # some may never come: ask now, not in a second
                interruptions = following.interruptions
                for event in self._poll_now.values():
                    event.set()
            if self._delivery.hub:
                await self._fresh()
            for start in range(0, len(batch), _TOGETHER):
                await self.hand_out(self._batch(batch[start : start + _TOGETHER]))
            self.ask()

    @staticmethod
    async def _start(following: Following) -> None:
        while True:
            try:
                await following.start()
                return
            except BusError as error:
                _log.warning("the bus is away, events come from the logs", extra={"why": str(error)})
                await asyncio.sleep(1.0)

    async def _fetch(self, fetch: Fetch) -> None:
        after, upto = (fetch.after, fetch.upto)
        try:
            async with self._fetching:
                answer = await self._logs[log_of(fetch.topic)].list_events(fetch.topic, after, upto)
        except DomainError as error:
            if error.reason is Reason.LOG_TRUNCATED:
                self._metrics.repairs.labels("truncated").inc()
                self._delivery.truncated(fetch)
            else:
                self._metrics.repairs.labels("failed").inc()
                self._delivery.failed(fetch, self._clock.monotonic())
                _log.warning("log did not answer", extra={"topic": fetch.topic, "why": str(error)})
        else:
            self._metrics.repairs.labels("repaired" if isinstance(fetch, Repair) else "caught_up").inc()
            complete = len(answer.entries) < _PAGE
            now = self._clock.monotonic()
            await self._fresh()
            await self.hand_out(self._delivery.fetched(fetch, answer.entries, now, complete=complete))
        self.ask()

    async def _compare(self, log: str) -> None:
        """Find out which incarnation the log has, and where its topics are."""
        try:
            ordering = self._delivery.orderings[log]
            topics = ordering.topics()
            seqs: dict[str, int] = {}
            incarnation = ""
            for start in range(0, max(1, len(topics)), _TOPICS_AT_ONCE):
                answer = await self._logs[log].current_seqs(topics[start : start + _TOPICS_AT_ONCE])
                seqs.update((position.topic, position.seq) for position in answer.seqs)
                if incarnation and incarnation != answer.incarnation:
                    return  # it changed in between: the next event or poll asks again
                incarnation = answer.incarnation
        except DomainError as error:
            _log.warning("log did not answer", extra={"log": log, "why": str(error)})
            return
        finally:
            self._comparing.discard(log)
        if incarnation != ordering.incarnation:
            _log.warning("log has a new incarnation", extra={"log": log, "incarnation": incarnation})
            self._delivery.adopt(log, incarnation, seqs, self._clock.monotonic())
            self.ask()

    async def _poll(self, log: str) -> None:
        now = self._poll_now[log]
        while True:
            pause = self._poll_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await now.wait()
            now.clear()
            if not self._delivery.hub and log not in self._doubts:
                self._cursors[log] = 0  # nobody to repair for; `positioned` takes a new one
                continue
            try:
                await self._position(log)
                # What this side goes by, and not what was answered last: as long as they differ, the log says so.
                known = self._delivery.orderings[log].incarnation
                answer = await self._logs[log].changed(self._cursors[log], known, HELD_SECONDS)
            except DomainError as error:
                _log.warning("log did not answer", extra={"log": log, "why": str(error)})
                continue
            self._cursors[log] = answer.cursor
            seqs = {position.topic: position.seq for position in answer.seqs}
            if log in self._doubts:
                self._doubts[log](seqs)
            self._delivery.changed(log, seqs, answer.incarnation, self._clock.monotonic())
            self.ask()
