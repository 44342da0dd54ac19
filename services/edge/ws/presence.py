"""What this edge tells presence: who has sockets here, who is active, who types; in batches, and in nobody's way."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from chorus.presence.v1 import presence_pb2
from services.chassis.clock import Clock
from services.chassis.errors import DomainError
from services.chassis.ids import new_id
from services.chassis.tasks import Tasks
from services.edge.ws.collaborators import Presence

_log = logging.getLogger(__name__)

_LEASE_SECONDS: Final = 10.0
"""Taken until presence says otherwise."""

_RETRY_SECONDS: Final = 0.5
_ACTIVITY_SECONDS: Final = 1.0
_AT_ONCE: Final = 1000
_MOST_TYPING: Final = 10_000


class PresenceReporter:
    """Reports under an incarnation that is new with every start, in full after any doubt."""

    def __init__(
        self, edge_id: str, presence: Presence, users: Callable[[], Sequence[str]], clock: Clock, tasks: Tasks
    ) -> None:
        """`users` are those with sockets here now."""
        self._edge_id, self._presence, self._users = edge_id, presence, users
        self._clock, self._tasks = clock, tasks
        self._incarnation = new_id()
        self._reports = 0
        self._changes: dict[str, bool] = {}
        self._full = True
        self._lease = _LEASE_SECONDS
        self._stir = asyncio.Event()
        self._active: set[str] = set()
        self._acted = asyncio.Event()
        self._typing: dict[tuple[str, str, str], None] = {}
        self._typing_sent: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._closing = False

    def start(self) -> None:
        """Report in the background."""
        self._tasks.spawn("presence report", self._run(), vital=True)
        self._tasks.spawn("activity report", self._report_activity(), vital=True)

    async def close(self) -> None:
        """Say that nobody is here any more, if presence can hear it within a second."""
        self._closing = True
        self._stir.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._closed.wait()

    def changed(self, user_id: str, here: bool) -> None:
        """Note that a user's first socket came or its last one went; reported at once, with what comes meanwhile."""
        self._changes[user_id] = here
        self._stir.set()

    def active(self, user_id: str) -> None:
        """Note that a user did something."""
        self._active.add(user_id)
        self._acted.set()

    def typing(self, user_id: str, channel_id: str, parent_id: str) -> None:
        """Say that a user types; lost when presence cannot keep up."""
        if len(self._typing) < _MOST_TYPING:
            self._typing[user_id, channel_id, parent_id] = None
            if self._typing_sent is None or self._typing_sent.done():
                self._typing_sent = self._tasks.spawn("typing", self._send_typing())

    async def statuses(self, user_ids: Sequence[str]) -> Sequence[presence_pb2.Status]:
        """Return statuses; without ids those of users who are here, as far as one answer holds. Raises DomainError."""
        wanted = user_ids or self._users()
        return await self._presence.statuses(wanted[:_AT_ONCE]) if wanted else ()

    async def _run(self) -> None:
        while True:
            if not self._full and not self._changes and not self._closing:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._lease / 3):
                        await self._stir.wait()
            self._stir.clear()
            last = self._closing
            heard = await self._report(last)
            if last:
                self._closed.set()
                await asyncio.Event().wait()  # until all tasks are cancelled: a vital one does not return
            if not heard:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _report(self, last: bool) -> bool:
        """Report once, the last time that nobody is here; return whether presence heard it."""
        full, changes = self._full or last, self._changes
        self._full, self._changes = False, {}
        online = [] if last else self._users() if full else [user for user, here in changes.items() if here]
        self._reports += 1
        request = presence_pb2.ReportSocketsRequest(
            edge_id=self._edge_id,
            incarnation=self._incarnation,
            number=self._reports,
            full=full,
            online=online,
            gone=[user for user, here in changes.items() if not here],
        )
        try:
            answer = await self._presence.report_sockets(request)
        except DomainError as error:
            # It may be lost; or Redis has it and PostgreSQL not, and who went is missed by nobody: named again.
            self._full = True
            self._changes = {**changes, **self._changes}
            _log.warning("presence did not hear who is here", extra={"why": str(error)})
            return False
        self._full = answer.full_wanted and not full
        self._lease = answer.lease_ms / 1000 or _LEASE_SECONDS
        return True

    async def _report_activity(self) -> None:
        while True:
            await self._acted.wait()
            await asyncio.sleep(_ACTIVITY_SECONDS)
            active = list(self._active)[:_AT_ONCE]
            self._active.difference_update(active)
            if not self._active:
                self._acted.clear()
            with contextlib.suppress(DomainError):  # the next activity says it again
                await self._presence.report_activity(active)

    async def _send_typing(self) -> None:
        while self._typing:
            batch = list(self._typing)[:_AT_ONCE]
            for key in batch:
                del self._typing[key]
            items = [presence_pb2.TypingItem(user_id=u, channel_id=c, parent_id=p) for u, c, p in batch]
            with contextlib.suppress(DomainError):  # a keystroke later it is said again
                await self._presence.publish_typing(items)
