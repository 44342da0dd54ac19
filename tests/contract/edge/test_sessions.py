"""Promise 6, the edge's part: from 100 ms after a revocation was answered, no cached session is served."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from chorus.auth.v1 import events_pb2 as auth_events_pb2
from chorus.common.v1 import events_pb2
from services.chassis.bus import BusMessage
from services.chassis.bus.redis import RedisBus, connect
from services.chassis.clock import SystemClock
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.edge.caller import Session
from services.edge.sessions import KEPT_SECONDS, Sessions
from tests.contract.grounds import Grounds

USER = "u" * 26


class Auth:
    """Knows tokens until they are revoked; publishes the revocation before it answers, as auth does."""

    def __init__(self, bus: RedisBus) -> None:
        self._bus = bus
        self.known: dict[str, Session] = {}
        self.asked: list[list[str]] = []
        self.was_asked = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    def sign_in(self, token: str, user_id: str = USER, expires_at_ms: int = 0) -> Session:
        self.known[token] = Session(token[-1] * 26, user_id, ("system_user",), expires_at_ms, "csrf")
        return self.known[token]

    async def ask(self, tokens: Sequence[str]) -> list[Session | None]:
        self.asked.append(list(tokens))
        self.was_asked.set()
        answers = [self.known.get(token) for token in tokens]
        await self.hold.wait()
        return answers

    async def revoke(self, user_id: str, *tokens: str) -> None:
        ended = [self.known.pop(token).id for token in tokens]
        if not tokens:
            self.known = {token: kept for token, kept in self.known.items() if kept.user_id != user_id}
        body = auth_events_pb2.SessionsRevoked(user_id=user_id, session_ids=ended)
        await self.tell(user_id, "sessions_revoked", body.SerializeToString())

    async def tell(self, user_id: str, kind: str, body: bytes) -> None:
        topic = f"auth/user:{user_id}"
        entry = events_pb2.LogEntry(topic=topic, seq=1, kind=kind, body=body)
        await self._bus.publish_control(BusMessage(topic, 1, entry.SerializeToString()))


class MovableClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    __slots__ = ("ahead",)

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def now_ms(self) -> int:
        return super().now_ms() + round(self.ahead * 1000)


class Edge:
    """One edge's sessions."""

    def __init__(self, settings: Settings, auth: Auth, max_sessions: int = 1000) -> None:
        self.metrics, self.clock, self.died = Metrics("edge"), MovableClock(), list[str]()
        self.tasks = Tasks(lambda name, error: self.died.append(f"{name}: {error!r}"))
        self.bus = RedisBus(settings, self.metrics)
        self.sessions = Sessions(auth.ask, self.bus, self.clock, self.tasks, self.metrics, max_sessions=max_sessions)
        self.sessions.start()

    async def ready(self) -> "Edge":
        deadline = time.monotonic() + 5
        while not await self.sessions.current():
            assert time.monotonic() < deadline, "the control stream was never followed"
            await asyncio.sleep(0.01)
        return self

    async def close(self) -> None:
        await self.tasks.close()
        await self.bus.close()
        assert self.died == []


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("edge")


@pytest.fixture
async def auth(settings: Settings) -> AsyncIterator[Auth]:
    bus = RedisBus(settings, Metrics("auth"))
    yield Auth(bus)
    await bus.close()


@pytest.fixture
async def edge(settings: Settings, auth: Auth) -> AsyncIterator[Edge]:
    made = Edge(settings, auth)
    yield await made.ready()
    await made.close()


async def test_a_session_is_asked_for_once(edge: Edge, auth: Auth) -> None:
    session = auth.sign_in("token-a")
    for _ in range(20):
        assert await edge.sessions.authenticate("token-a") == session
    assert auth.asked == [["token-a"]]


async def test_nobodys_token_is_nobodys_each_time(edge: Edge, auth: Auth) -> None:
    assert await edge.sessions.authenticate("token-x") is None
    auth.sign_in("token-x")
    assert await edge.sessions.authenticate("token-x") is not None


async def test_a_revoked_session_is_not_served_100_ms_after_the_answer(edge: Edge, auth: Auth) -> None:
    for round_ in range(20):
        token = f"token-{chr(97 + round_)}"
        auth.sign_in(token)
        assert await edge.sessions.authenticate(token)
        await auth.revoke(USER, token)
        answered = time.monotonic()
        while await edge.sessions.authenticate(token) is not None:
            assert time.monotonic() - answered < 0.1
            await asyncio.sleep(0)


async def test_a_revocation_answered_while_the_edge_was_idle_is_seen_at_once(edge: Edge, auth: Auth) -> None:
    auth.sign_in("token-a")
    await edge.sessions.authenticate("token-a")
    await auth.revoke(USER, "token-a")
    edge.clock.ahead = 0.08  # the last marker vouches for nothing any more
    assert await edge.sessions.authenticate("token-a") is None


async def test_one_session_ends_or_all_of_a_user(edge: Edge, auth: Auth) -> None:
    for token in ("token-a", "token-b"):
        auth.sign_in(token)
    auth.sign_in("token-c", "v" * 26)
    told: list[tuple[str, frozenset[str]]] = []
    edge.sessions.on_revoked(lambda user, ids: told.append((user, ids)))
    tokens = ("token-a", "token-b", "token-c")
    assert all([await edge.sessions.authenticate(token) for token in tokens])
    await auth.revoke(USER, "token-a")
    edge.clock.ahead += 0.08
    assert [await edge.sessions.authenticate(token) is not None for token in tokens] == [False, True, True]
    await auth.revoke(USER)
    edge.clock.ahead += 0.08
    assert [await edge.sessions.authenticate(token) is not None for token in tokens] == [False, False, True]
    assert told == [(USER, frozenset({"a" * 26})), (USER, frozenset())]


async def test_what_auth_says_of_a_user_is_asked_for_anew(edge: Edge, auth: Auth) -> None:
    auth.sign_in("token-a")
    await edge.sessions.authenticate("token-a")
    promoted = Session("a" * 26, USER, ("system_admin",), 0, "csrf")
    auth.known["token-a"] = promoted
    await auth.tell(USER, "roles_changed", b"")
    edge.clock.ahead = 0.08
    assert await edge.sessions.authenticate("token-a") == promoted


async def test_a_session_that_ends_while_auth_is_being_asked_is_not_kept(edge: Edge, auth: Auth) -> None:
    auth.sign_in("token-a")
    auth.hold.clear()
    asking = asyncio.ensure_future(edge.sessions.authenticate("token-a"))
    async with asyncio.timeout(5):
        await auth.was_asked.wait()
    seen = asyncio.Event()
    edge.sessions.on_revoked(lambda *_: seen.set())
    await auth.revoke(USER, "token-a")
    async with asyncio.timeout(5):
        await seen.wait()
    auth.hold.set()
    assert await asking is None
    assert await edge.sessions.authenticate("token-a") is None


async def test_a_new_session_is_not_taken_for_the_revoked_ones(edge: Edge, auth: Auth) -> None:
    auth.sign_in("token-a")
    auth.hold.clear()
    asking = asyncio.ensure_future(edge.sessions.authenticate("token-b"))
    auth.sign_in("token-b")
    async with asyncio.timeout(5):
        await auth.was_asked.wait()
    seen = asyncio.Event()
    edge.sessions.on_revoked(lambda *_: seen.set())
    body = auth_events_pb2.SessionsRevoked(user_id=USER)  # of all that there were, before the new one
    await auth.tell(USER, "sessions_revoked", body.SerializeToString())
    async with asyncio.timeout(5):
        await seen.wait()
    auth.hold.set()
    assert await asking is not None


async def test_all_who_wait_share_one_marker(edge: Edge, auth: Auth, settings: Settings) -> None:
    auth.sign_in("token-a")
    await edge.sessions.authenticate("token-a")
    redis = connect(settings)
    try:
        before = await redis.xlen("ev:{control}")
        edge.clock.ahead = 0.08
        assert all(await asyncio.gather(*(edge.sessions.authenticate("token-a") for _ in range(200))))
        assert await redis.xlen("ev:{control}") == before + 1
    finally:
        await redis.aclose()


async def test_misses_travel_together(edge: Edge, auth: Auth) -> None:
    tokens = [f"token-{n}-{chr(97 + n % 26)}" for n in range(100)]
    for token in tokens:
        auth.sign_in(token)
    assert all(await asyncio.gather(*(edge.sessions.authenticate(token) for token in tokens)))
    assert len(auth.asked) <= 2
    assert sorted(token for batch in auth.asked for token in batch) == sorted(tokens)


async def test_a_lost_connection_empties_the_cache(edge: Edge, auth: Auth, settings: Settings) -> None:
    """What was published around then may never come, so nothing from before is believed."""
    auth.sign_in("token-a")
    await edge.sessions.authenticate("token-a")
    auth.known.clear()  # revoked, and the message lost
    redis = connect(settings)
    try:
        await redis.client_kill_filter(_type="normal", skipme=True)
    finally:
        await redis.aclose()
    edge.clock.ahead = 0.08
    assert await edge.sessions.authenticate("token-a") is None


async def test_without_the_bus_auth_is_asked_every_time(settings: Settings, grounds: Grounds, auth: Auth) -> None:
    nowhere = grounds.settings("edge", RedisSettings={"RedisAddress": "127.0.0.1:1"})
    edge = Edge(nowhere, auth)
    try:
        auth.sign_in("token-a")
        assert await edge.sessions.authenticate("token-a")
        assert await edge.sessions.authenticate("token-a")
        auth.known.clear()
        assert await edge.sessions.authenticate("token-a") is None
        assert len(auth.asked) == 3
    finally:
        await edge.close()


async def test_a_session_ends_by_itself_and_is_asked_for_again_after_a_while(edge: Edge, auth: Auth) -> None:
    auth.sign_in("token-a", expires_at_ms=edge.clock.now_ms() + 30_000)
    auth.sign_in("token-b")
    for token in ("token-a", "token-b"):
        await edge.sessions.authenticate(token)
    del auth.known["token-a"]
    edge.clock.ahead = 29.0
    assert await edge.sessions.authenticate("token-a")
    edge.clock.ahead = 31.0
    assert await edge.sessions.authenticate("token-a") is None
    asked = len(auth.asked)
    assert await edge.sessions.authenticate("token-b")
    assert len(auth.asked) == asked
    edge.clock.ahead = KEPT_SECONDS + 1
    assert await edge.sessions.authenticate("token-b")
    assert len(auth.asked) == asked + 1


async def test_the_cache_is_bounded(settings: Settings, auth: Auth) -> None:
    edge = await Edge(settings, auth, max_sessions=2).ready()
    try:
        for token in ("token-a", "token-b", "token-c"):
            auth.sign_in(token)
            await edge.sessions.authenticate(token)
        await edge.sessions.authenticate("token-c")
        await edge.sessions.authenticate("token-b")
        assert len(auth.asked) == 3
        await edge.sessions.authenticate("token-a")
        assert len(auth.asked) == 4
    finally:
        await edge.close()
