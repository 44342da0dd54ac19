"""Noting that sessions are used: batched, seldom, and never on the way of the call that used them."""

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

from services.auth.domain import sessions as rules
from services.auth.domain.sessions import Session, SessionRules
from services.auth.store import sessions as store
from services.chassis.database import Database
from services.chassis.errors import DomainError
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)

_BATCH = 500
_MAX_WAITING = 20_000


class Activity:
    """Writes last uses, and the longer lives they give."""

    def __init__(self, database: Database, tasks: Tasks, session_rules: SessionRules) -> None:
        """Write to `database` in the background."""
        self._database, self._tasks, self._rules = database, tasks, session_rules
        self._waiting: dict[str, store.Use] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, used: Iterable[Session], now: int) -> None:
        """Note uses that are worth it: five minutes after the last noted one, or when the session lasts longer by it.

        Beyond a bound further ones are left out: the next use notes them.
        """
        for session in used:
            expires_at = rules.extended_until(session, self._rules, now)
            stale = now - session.last_activity_at >= rules.ACTIVITY_STEP_MS
            if (stale or expires_at != session.expires_at) and len(self._waiting) < _MAX_WAITING:
                self._waiting[session.id] = store.Use(session.id, now, expires_at)
        if self._waiting and (self._writing is None or self._writing.done()):
            self._writing = self._tasks.spawn("activity", self._write())

    async def close(self) -> None:
        """Wait until what was noted is written; call it before the database is closed."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.pop(key) for key in list(self._waiting)[:_BATCH]]
            try:
                await self._database.transact(partial(store.touch, uses=batch))
            except DomainError as error:  # the next use notes it
                _log.warning("uses of sessions were not noted", extra={"count": len(batch), "why": str(error)})
