"""One person's client for REST: sends, retries as a real client does, and records what it asked and was answered."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from tests.e2e.client import Place
from tests.faults.history import Args, Done, Invoke, Outcome, Recorder, Value

PATIENCE = 60.0
"""Seconds for which a write is tried again before its outcome stays unknown."""
_ATTEMPT = aiohttp.ClientTimeout(total=5.0, connect=2.0)
_PAUSE = (0.05, 0.5)
"""Seconds between attempts: at first, and at most."""

Read = Callable[[Any], Value]
"""What to keep of an answer's JSON."""


@dataclass(slots=True)
class Session:
    """Somebody's session, by the name that it has in the history."""

    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent."""

    method: str
    path: str
    body: Any = None


def _nothing(_: Any) -> Value:
    return Value()


class Caller:
    """Sends one person's requests, one at a time, each to some edge; after a failure to another one."""

    def __init__(
        self,
        recorder: Recorder,
        http: aiohttp.ClientSession,
        places: Sequence[Place],
        chance: random.Random,
        user: str,
        session: Session,
    ) -> None:
        """`user` is the person's id in the history."""
        self.user = user
        self.session = session
        self._recorder, self._http, self._places, self._chance = recorder, http, places, chance

    async def write(
        self, what: str, args: Args, request: Request, read: Read = _nothing, *, patience: float = PATIENCE
    ) -> Done:
        """Send until there is an answer that stands."""
        place = self._place()
        op = self._invoke(what, args, place)
        deadline, pause = time.monotonic() + patience, _PAUSE[0]
        attempts, why, status = 0, "", 0
        while time.monotonic() < deadline:
            try:
                status, body = await self._send(place, request)
            except aiohttp.ClientConnectorError as error:  # it never got there
                why, status = type(error).__name__, 0
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                attempts += 1
                why, status = type(error).__name__, 0
            else:
                attempts += 1
                if status < 300:
                    return self._done(op, "ok", status, attempts, read(msgspec.json.decode(body)))
                why = _error(body)
                if status < 500 and status != 429:
                    # An earlier attempt may have had its effect, and be the very reason for the refusal.
                    return self._done(op, "fail" if attempts == 1 else "unknown", status, attempts, why=why)
            await asyncio.sleep(pause * self._chance.uniform(0.5, 1.5))  # a client's pause before it tries again
            pause = min(pause * 2, _PAUSE[1])
            place = self._place()
        return self._done(op, "unknown", status, max(1, attempts), why=why)

    async def read(
        self, what: str, args: Args, request: Request, read: Read = _nothing, place: Place | None = None
    ) -> Done:
        """Send once: the next attempt would be another read, which begins later."""
        place = place or self._place()
        op = self._invoke(what, args, place)
        try:
            status, body = await self._send(place, request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return self._done(op, "unknown", 0, 1, why=type(error).__name__)
        if status < 300:
            return self._done(op, "ok", status, 1, read(msgspec.json.decode(body)))
        return self._done(op, "fail", status, 1, why=_error(body))

    def note(self, what: str, args: Args, place: Place, value: Value) -> None:
        """Record an operation that was made of several requests."""
        self._done(self._invoke(what, args, place), "ok", 200, 1, value)

    def _place(self) -> Place:
        return self._chance.choice(self._places)

    async def _send(self, place: Place, request: Request) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.session.token}"} if self.session.token else {}
        async with self._http.request(
            request.method, f"{place.rest}{request.path}", json=request.body, headers=headers, timeout=_ATTEMPT
        ) as response:
            return response.status, await response.read()

    def _invoke(self, what: str, args: Args, place: Place) -> int:
        op = self._recorder.next_op()
        self._recorder.add(Invoke(op, time.monotonic(), what, self.user, self.session.name, place.name, args))
        return op

    def _done(
        self, op: int, outcome: Outcome, status: int, attempts: int, value: Value | None = None, why: str = ""
    ) -> Done:
        done = Done(op, time.monotonic(), outcome, value or Value(), status, why, attempts)
        self._recorder.add(done)
        return done


def _error(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["id"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return body[:80].decode(errors="replace")
