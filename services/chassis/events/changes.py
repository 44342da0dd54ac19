"""Holding `Changed` until there is something to tell: an idle log is looked at once a second for all who wait.

Each edge used to ask once a second: a call through Envoy and a query for every edge and log, for nothing. A held call
costs nothing, and its caller hears no later than before: what is committed while it waits is found by the next look.
"""

import asyncio
import contextvars
from dataclasses import dataclass
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.events.log import EventLog
from services.chassis.tasks import Tasks
from services.chassis.ticks import until_tick

LOOK_SECONDS: Final = 1.0
"""How late a change is told to those who wait for it, at most: the promise is about a second (DESIGN §4 "Repair")."""

PATIENCE_SECONDS: Final = 2.0
"""A log that takes longer for a look is away: perhaps to this instance alone, and then another one tells of it."""

Found = tuple[dict[str, int], int]
"""Topics with their highest seq, and the next cursor: what `EventLog.changed` returns."""


@dataclass(slots=True)
class _Wait:
    cursor: int
    incarnation: str


class Changes:
    """Whoever waits for changes of one log."""

    def __init__(
        self,
        log: EventLog,
        tasks: Tasks,
        *,
        look_seconds: float = LOOK_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Look at `log` every `look_seconds` while somebody waits, and not at all while nobody does."""
        self._log, self._tasks = log, tasks
        self._look_seconds, self._patience_seconds = look_seconds, patience_seconds
        self._waits: dict[asyncio.Future[Found], _Wait] = {}
        self._looking = False
        self._holding = True

    def hold(self, holding: bool) -> None:
        """Hold calls, or answer those that are held and all further ones at once: this instance is to be left."""
        self._holding = holding
        if not holding:
            for answer, wait in self._waits.items():
                if not answer.done():
                    answer.set_result(({}, wait.cursor))

    async def since(self, cursor: int, incarnation: str, seconds: float) -> Found:
        """Return the topics with events of transactions not older than `cursor`, and the next cursor.

        Waits up to `seconds` for there to be some, as long as the log is the `incarnation` that the caller knows. The
        primary is read after the call came, whatever is answered. Raises unavailable, also in the middle of the wait.
        """
        seqs, moved = await self._changed(cursor)
        if seqs or not (cursor and seconds and self._holding) or incarnation != self._log.incarnation:
            return seqs, moved
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        wait = self._waits[answer] = _Wait(moved, incarnation)
        if not self._looking:
            # An empty context: the looks are nobody's request, the first one's deadline must not bind them.
            contextvars.Context().run(self._tasks.spawn, "changes", self._look())
            self._looking = True
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            return {}, wait.cursor
        finally:
            del self._waits[answer]

    async def _changed(self, cursor: int) -> Found:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self._log.changed(cursor)
        except TimeoutError as error:
            raise DomainError(Reason.UNAVAILABLE, part="event log") from error

    async def _look(self) -> None:
        try:
            while self._waits:
                await asyncio.sleep(until_tick(self._look_seconds))
                await self._tell(dict(self._waits))
        finally:
            self._looking = False

    async def _tell(self, waits: dict[asyncio.Future[Found], _Wait]) -> None:
        """Look from the oldest cursor on. Who has a newer one may hear of what it knew: that does no harm."""
        if not waits:
            return
        try:
            seqs, cursor = await self._changed(min(wait.cursor for wait in waits.values()))
        except Exception as error:
            for answer in waits:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, wait in waits.items():
            if answer.done():
                continue
            if seqs or wait.incarnation != self._log.incarnation:
                answer.set_result((seqs, cursor))
            else:
                wait.cursor = cursor
