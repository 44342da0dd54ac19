"""Who a token belongs to: a cache that is trusted only while it is provably fresh (DESIGN §6).

auth publishes a revocation to the control stream before it answers it. So when the edge has written a marker of its
own to that stream and read it back, it has also read every revocation that was answered before the marker was written:
for 75 ms from that moment it may answer from memory. Then it writes the next marker, or asks auth when the bus is away.
Silence is never trusted, and an idle edge writes nothing.

The stream may lack a revocation: auth alone was cut off from Redis, or Redis was emptied, or failed over, before it was
read. The poll of auth's log finds it, once a second: `doubt`.
"""

import asyncio
import contextvars
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from chorus.auth.v1 import events_pb2 as auth_events_pb2
from chorus.common.v1 import events_pb2
from services.chassis.batching import Batcher
from services.chassis.bus import Bus, BusError, BusMessage
from services.chassis.clock import Clock
from services.chassis.ids import new_id
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.edge.caller import Session

_log = logging.getLogger(__name__)

TRUST_SECONDS: Final = 0.075
"""How long a marker that was read back vouches for the cache; with what an answer takes, within the promised 100 ms."""

PROOF_SECONDS: Final = 0.5
"""How long a marker may be under way before auth is asked instead."""

BUS_AWAY_SECONDS: Final = 1.0
"""How long the bus is left alone after it failed; meanwhile auth is asked, in batches."""

KEPT_SECONDS: Final = 60.0
"""How long a session is kept without asking again, so that auth sees that it is in use."""

MAX_SESSIONS: Final = 100_000
_USER: Final = "auth/user:"
_MAX_TOKENS: Final = 512
_MAX_WAITING: Final = 20_000
_PROOF_TRIES: Final = 3
_ASK_TRIES: Final = 3

Revoked = Callable[[str, frozenset[str]], None]
"""Told a user's id and the ids of its sessions that have ended; no ids for all of them."""


class _Kept(NamedTuple):
    session: Session
    asked_at: float


class Sessions:
    """Authenticated sessions by token."""

    def __init__(
        self,
        ask: Callable[[Sequence[str]], Awaitable[Sequence[Session | None]]],
        bus: Bus,
        clock: Clock,
        tasks: Tasks,
        metrics: Metrics,
        *,
        max_sessions: int = MAX_SESSIONS,
    ) -> None:
        """`ask` is auth's answer for tokens, in order; None for one that is nobody's."""
        self._ask, self._bus, self._clock, self._tasks = ask, bus, clock, tasks
        self._max_sessions = max_sessions
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._tokens: dict[str, set[str]] = {}  # by user
        self._watchers: list[Revoked] = []
        # Read while auth is being asked: whose (empty: anybody's) sessions (none: any) to ask about once more.
        self._under_way: list[list[tuple[str, frozenset[str]]]] = []
        self._topic = f"edge/marker:{new_id()}"
        self._marker = 0
        self._read_back: asyncio.Future[None] | None = None
        self._proof: asyncio.Task[bool] | None = None
        self._proven_at = float("-inf")
        self._bus_away_until = float("inf")  # until the control stream is followed
        self._batcher: Batcher[str, Session | None] = Batcher(
            "authenticate", self._ask_batch, tasks, metrics, max_items=_MAX_TOKENS, max_waiting=_MAX_WAITING
        )
        self._lookups = metrics.counter(
            "edge_session_lookups_total", "Tokens looked up, by who answered: cache or auth.", ("from",)
        )

    def start(self) -> None:
        """Follow the control stream in the background; until the bus answers, auth is asked."""
        self._tasks.spawn("control stream", self._follow(), vital=True)

    def on_revoked(self, watcher: Revoked) -> None:
        """Call `watcher` for every revocation as it is read, in the order of registration."""
        self._watchers.append(watcher)

    async def authenticate(self, token: str) -> Session | None:
        """Return the token's session; None when it is unknown, expired or revoked. Raises unavailable and busy."""
        if token in self._kept and await self.current():
            kept = self._kept.get(token)  # once more: what was read meanwhile may have ended it
            if kept is not None and self._lasts(kept):
                self._kept.move_to_end(token)
                self._lookups.labels("cache").inc()
                return kept.session
        return await self.authenticate_anew(token)

    async def authenticate_anew(self, token: str) -> Session | None:
        """Return the token's session as auth knows it now, not from memory. Raises unavailable and busy."""
        self._lookups.labels("auth").inc()
        return await self._batcher.submit(token)

    async def current(self) -> bool:
        """Return True once every revocation answered up to 75 ms ago has been read; False if the bus cannot tell.

        All who wait share one marker. On False ask auth: `authenticate` does so by itself.
        """
        if self._clock.monotonic() - self._proven_at < TRUST_SECONDS:
            return True
        if self._clock.monotonic() < self._bus_away_until:
            return False
        if self._proof is None:
            # An empty context: the marker is nobody's request.
            self._proof = contextvars.Context().run(self._tasks.spawn, "session marker", self._prove())
        return await asyncio.shield(self._proof)

    def forget_token(self, token: str) -> None:
        """Drop what is known of a token: its session was just ended through this edge."""
        if (kept := self._kept.pop(token, None)) is not None:
            self._unindex(kept.session.user_id, token)

    def forget_user(self, user_id: str) -> None:
        """Drop what is known of a user's sessions, so that auth is asked anew."""
        for token in self._tokens.pop(user_id, ()):
            self._kept.pop(token, None)

    def doubt(self, topics: Collection[str] | None) -> None:
        """Ask auth anew about the users whose topics in its log have moved; about everybody when that is not known."""
        users = [""] if topics is None else [t.removeprefix(_USER) for t in topics if t.startswith(_USER)]
        for meanwhile in self._under_way:
            meanwhile.extend((user_id, frozenset()) for user_id in users)
        if topics is None:
            self._kept.clear()
            self._tokens.clear()
            return
        for user_id in users:
            self.forget_user(user_id)

    def _lasts(self, kept: _Kept) -> bool:
        expires = kept.session.expires_at_ms
        return (not expires or self._clock.now_ms() < expires) and (
            self._clock.monotonic() - kept.asked_at < KEPT_SECONDS
        )

    async def _ask_batch(self, tokens: Sequence[str]) -> list[Session | None]:
        """Ask auth, and again about those whose end was read while the question was under way."""
        answers: dict[str, Session | None] = {}
        wanted = list(dict.fromkeys(tokens))
        for _ in range(_ASK_TRIES):
            meanwhile: list[tuple[str, frozenset[str]]] = []
            self._under_way.append(meanwhile)
            asked_at = self._clock.monotonic()
            try:
                told = await self._ask(wanted)
            finally:
                self._under_way.remove(meanwhile)
            doubtful = []
            for token, session in zip(wanted, told, strict=True):
                answers[token] = None
                self.forget_token(token)
                if session is not None and _ended(session, meanwhile):
                    doubtful.append(token)
                elif session is not None:
                    answers[token] = session
                    self._keep(token, _Kept(session, asked_at))
            if not doubtful:
                break
            wanted = doubtful
        return [answers[token] for token in tokens]

    def _keep(self, token: str, kept: _Kept) -> None:
        while len(self._kept) >= self._max_sessions:
            oldest, dropped = self._kept.popitem(last=False)
            self._unindex(dropped.session.user_id, oldest)
        self._kept[token] = kept
        self._tokens.setdefault(kept.session.user_id, set()).add(token)

    def _unindex(self, user_id: str, token: str) -> None:
        tokens = self._tokens.get(user_id)
        if tokens is not None:
            tokens.discard(token)
            if not tokens:
                del self._tokens[user_id]

    async def _prove(self) -> bool:
        """Write a marker and read it back; again, if that took longer than it would vouch for."""
        try:
            for _ in range(_PROOF_TRIES):
                written_at = self._clock.monotonic()
                self._marker += 1
                self._read_back = asyncio.get_running_loop().create_future()
                async with asyncio.timeout(PROOF_SECONDS):
                    await self._bus.publish_control(BusMessage(self._topic, self._marker, b""))
                    await self._read_back
                if self._clock.monotonic() - written_at < TRUST_SECONDS:
                    self._proven_at = written_at
                    return True
        except (BusError, TimeoutError) as error:
            self._bus_away_until = self._clock.monotonic() + BUS_AWAY_SECONDS
            _log.warning("sessions: the bus does not answer, auth is asked", extra={"why": str(error)})
        finally:
            self._proof = None
        return False

    async def _follow(self) -> None:
        following = self._bus.follow_control()
        while True:
            try:
                await following.start()
                break
            except BusError as error:
                _log.warning("sessions: the bus is away, auth is asked", extra={"why": str(error)})
                await asyncio.sleep(BUS_AWAY_SECONDS)
        self._bus_away_until = float("-inf")
        interruptions = following.interruptions
        async for batch in following.batches():
            if following.interruptions != interruptions:
                interruptions = following.interruptions
                self._start_over()
            for message in batch:
                try:
                    self._read(message)
                except DecodeError:  # it may have been a revocation
                    _log.exception("sessions: a control message cannot be read", extra={"topic": message.topic})
                    self._start_over()

    def _start_over(self) -> None:
        """Trust nothing from before the bus was lost: revocations of that time may be lost too."""
        self._proven_at = float("-inf")
        self._kept.clear()
        self._tokens.clear()

    def _read(self, message: BusMessage) -> None:
        if message.topic == self._topic:
            if message.seq == self._marker and self._read_back is not None and not self._read_back.done():
                self._read_back.set_result(None)
        elif message.topic.startswith(_USER):
            entry = events_pb2.LogEntry.FromString(message.data)
            if entry.kind == "sessions_revoked":
                revoked = auth_events_pb2.SessionsRevoked.FromString(entry.body)
                self._revoke(revoked.user_id, frozenset(revoked.session_ids))
            else:  # a change of roles, or what a newer auth says of a user: ask anew
                self.doubt([message.topic])

    def _revoke(self, user_id: str, session_ids: frozenset[str]) -> None:
        for meanwhile in self._under_way:
            meanwhile.append((user_id, session_ids))
        for token in list(self._tokens.get(user_id, ())):
            if not session_ids or self._kept[token].session.id in session_ids:
                self.forget_token(token)
        for watcher in self._watchers:
            watcher(user_id, session_ids)


def _ended(session: Session, revocations: Iterable[tuple[str, frozenset[str]]]) -> bool:
    return any(user_id in ("", session.user_id) and (not ids or session.id in ids) for user_id, ids in revocations)
