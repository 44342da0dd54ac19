"""The way on for a client that comes again, here or from another edge, and the edge's word on what it holds.

`resumption.py` decides; here it is asked, of this edge or by `TakeOver` of the one that the registry names. Everything
that stands in the way ends in a refusal: the client then gets a new connection, and knows that it has to read anew.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from services.chassis.clock import Clock
from services.chassis.errors import DomainError
from services.chassis.ids import new_id
from services.chassis.registry import Registry
from services.chassis.ticks import until_tick
from services.edge.ws import handover
from services.edge.ws.admission import Baseline
from services.edge.ws.collaborators import Edges
from services.edge.ws.delivery import Delivery
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.resumption import KEPT_SECONDS, Refusal, Resumption, State, Wanted
from services.edge.ws.stream import Stream

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A client that has come again and signed in."""

    stream: Stream
    """Of its new socket; not begun."""
    wanted: Wanted
    still_signed_in: Callable[[], Awaitable[bool]]
    """Whether its session has not ended by now, as auth knows it; raises DomainError."""
    greet: Callable[[], None]
    """Called once the socket has got what it lacked from before."""


KEPT_BY_REGISTRY: Final = 2 * int(KEPT_SECONDS)
"""Seconds that the registry remembers a connection whose edge is gone."""

_RESUMED: Final = frozenset({"here", "from_another"})
_REFRESH_SECONDS: Final = KEPT_BY_REGISTRY / 5
_TICK_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 3.0
"""A tick so late means that this process stood still: others may have given its connections up meanwhile."""

_GIVEN_UP: Final = "-"
"""Holds the connections that an edge did not hand over when it was asked: should it wake, it lets go of them."""


class Resumer:
    """Finds streams, hands streams over, and keeps the registry true."""

    def __init__(
        self,
        edge_id: str,
        resumption: Resumption,
        registry: Registry,
        edges: Edges,
        baseline: Callable[[str], Awaitable[Baseline]],
        delivery: Delivery,
        alone: Callable[[], AbstractAsyncContextManager[object]],
        clock: Clock,
        metrics: SocketMetrics,
    ) -> None:
        """`alone` is entered while nothing is being handed out; `baseline` is asked for a user's."""
        self._me = f"{edge_id}/{new_id()}"
        self._resumption, self._registry, self._edges, self._baseline = resumption, registry, edges, baseline
        self._delivery, self._alone, self._clock, self._metrics = delivery, alone, clock, metrics
        self._begun: dict[str, None] = {}
        self._over: dict[str, None] = {}
        self._news = asyncio.Event()

    # A client comes.

    async def resume(self, arrival: Arrival) -> bool:
        """Let the client go on with what it had; False for a refusal, and then its stream is as it was.

        Raises DomainError when a baseline cannot be had.
        """
        outcome = await self._resume(arrival)
        self._metrics.resumptions.labels(outcome).inc()
        return outcome in _RESUMED

    async def _resume(self, arrival: Arrival) -> str:
        wanted, user_id = arrival.wanted, arrival.stream.user_id
        if self._resumption.get(wanted.connection_id) is not None:
            return await self._go_on_here(arrival)
        try:
            host = await self._registry.holder(wanted.connection_id)
        except DomainError:
            return "registry_away"
        if host is None or host in (self._me, _GIVEN_UP):
            return Refusal.UNKNOWN
        # Before the stream is taken: without a baseline it had better stay where it is.
        baseline = await self._baseline(user_id)
        if arrival.stream.carrier is None:  # it has given this socket up, and may be elsewhere by now: leave it there
            return "socket_gone"
        request = handover.request(wanted, user_id, new_id())
        try:
            state = handover.given(await self._edges.take_over(host.partition("/")[0], request))
        except DomainError as error:
            _log.info("edge did not hand a connection over", extra={"edge": host, "why": str(error)})
            with contextlib.suppress(DomainError):
                await self._registry.move(wanted.connection_id, host, _GIVEN_UP)
            return "no_answer"
        if isinstance(state, Refusal):
            return state
        if not state.positions.keys() <= baseline.positions.keys():  # came in meanwhile, or is no longer a member
            baseline = await self._baseline(user_id)
        if any(state.incarnations.get(log, "") not in ("", now) for log, now in baseline.incarnations.items()):
            return "incarnation"
        try:
            if not await self._registry.move(wanted.connection_id, host, self._me):
                return Refusal.TAKEN
        except DomainError:
            return "registry_away"
        return await self._go_on_from(state, arrival, baseline)

    async def _go_on_here(self, arrival: Arrival) -> str:
        newcomer, wanted = arrival.stream, arrival.wanted
        if not await arrival.still_signed_in():
            newcomer.close("revoked")
        async with self._alone():
            if newcomer.carrier is None:
                return "socket_gone"
            found = self._resumption.find(wanted, newcomer.user_id)
            if isinstance(found, Refusal):
                return found
            same_session = found.session_id == newcomer.session_id
            self._resumption.carry(found, newcomer)
            found.replay(wanted.seq)
            arrival.greet()
            found.flush()
        # The end of another session than its last may have gone by, unheeded, between the question and `carry`.
        if not same_session and not await arrival.still_signed_in():
            found.close("revoked")
        return "here"

    async def _go_on_from(self, state: State, arrival: Arrival, baseline: Baseline) -> str:
        newcomer, wanted = arrival.stream, arrival.wanted
        if not await arrival.still_signed_in():
            newcomer.close("revoked")
        async with self._alone():
            if newcomer.is_over:
                self.ended(wanted.connection_id)
                return "socket_gone"
            now = self._clock.monotonic()
            self._resumption.adopt(newcomer, wanted, state, now)
            newcomer.replay(wanted.seq)
            arrival.greet()
            if not newcomer.is_over:
                self._delivery.admit(
                    newcomer, baseline.positions, baseline.incarnations, baseline.mark, now, reached=state.positions
                )
                newcomer.flush()
        return "from_another"

    # Another edge comes.

    async def hand_over(self, wanted: Wanted, user_id: str, claim: str) -> State | Refusal:
        """Hand a stream over to another edge's claim."""
        async with self._alone():
            given = self._resumption.take(wanted, user_id, claim, self._clock.monotonic())
        self._metrics.handed_over.labels(given if isinstance(given, Refusal) else "given").inc()
        return given

    # What this edge holds.

    def begin(self, stream: Stream) -> None:
        """Hold a new stream, and say so."""
        self._resumption.begin(stream)
        self._begun[stream.connection_id] = None
        self._news.set()

    def ended(self, connection_id: str) -> None:
        """Take note that a stream is over, and say so."""
        if self._begun.pop(connection_id, "told") == "told":
            self._over[connection_id] = None
            self._news.set()

    async def run(self) -> None:
        """Tell the registry what begins and ends here, and again in time that it is still here; for ever."""
        looked = self._clock.monotonic()
        refresh_at = looked + _REFRESH_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until_tick(_TICK_SECONDS)):
                    await self._news.wait()
            self._news.clear()
            now = self._clock.monotonic()
            if now - looked > _PAUSE_SECONDS:
                refresh_at = now
            self._resumption.expire(now)
            try:
                await self.tell()
                if now >= refresh_at:
                    await self.refresh()
                    refresh_at = now + _REFRESH_SECONDS
            except DomainError as error:  # what was to be told is kept
                _log.warning("connections cannot be registered", extra={"why": str(error)})
                await asyncio.sleep(_TICK_SECONDS)
            looked = self._clock.monotonic()
            self._metrics.away.set(self._resumption.away)
            self._metrics.away_bytes.set(self._resumption.bytes)

    async def tell(self) -> None:
        """Register what has begun, and let go of what is over. Raises DomainError, and keeps what was not told."""
        begun, over = self._begun, self._over
        self._begun, self._over = {}, {}
        try:
            await self._hold(list(begun))
            begun = {}
            await self._registry.release(list(over), self._me)
        except DomainError:
            self._begun = {**{i: None for i in begun if self._resumption.get(i) is not None}, **self._begun}
            self._over = {**over, **self._over}
            raise

    async def refresh(self) -> None:
        """Say that everything is still here, and let go of what others have given up. Raises DomainError."""
        await self._hold(self._resumption.ids)

    async def _hold(self, connection_ids: list[str]) -> None:
        asked = {connection_id: self._resumption.get(connection_id) for connection_id in connection_ids}
        for connection_id in await self._registry.hold(connection_ids, self._me):
            stream = asked[connection_id]
            if stream is not None and stream in self._resumption:  # and not one that has come back meanwhile
                stream.close("given_up")

    async def drained(self, within: float) -> None:
        """Return once nobody can be expected to come for a stream of here any more, or after so many seconds."""
        until = self._clock.monotonic() + within
        # The passing of time ends it too, so there is no event to wait for.
        while self._resumption.awaited(now := self._clock.monotonic()) and now < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
