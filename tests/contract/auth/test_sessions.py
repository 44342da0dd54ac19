"""Whose tokens are, and that ended sessions have ended before anybody hears that they have."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from chorus.auth.v1 import events_pb2, sessions_pb2
from chorus.common.v1 import actor_pb2
from chorus.common.v1 import events_pb2 as log_pb2
from services.auth.domain.sessions import MAX_PER_USER
from services.chassis.bus.redis import connect
from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of, running
from tests.contract.grounds import Grounds
from tests.contract.served import eventually, refused
from tests.manual_clock import ManualClock

_HOUR = 3600


@asynccontextmanager
async def _control(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[list[events_pb2.SessionsRevoked]]]]:
    """Return what reads the revocations that stand on the control stream now; waits for none."""
    redis: Any = connect(settings)
    try:
        start = [b"0-0"]
        newest = await redis.xrevrange("ev:{control}", count=1)
        if newest:
            start[0] = newest[0][0]

        async def read() -> list[events_pb2.SessionsRevoked]:
            entries = await redis.xrange("ev:{control}", min=b"(" + start[0])
            found = []
            for position, fields in entries:
                start[0] = position
                entry = log_pb2.LogEntry.FromString(fields[b"d"])
                assert entry.kind == "sessions_revoked"
                assert fields[b"t"].decode() == entry.topic
                found.append(events_pb2.SessionsRevoked.FromString(entry.body))
            return found

        yield read
    finally:
        await redis.aclose()


async def test_a_batch_of_tokens_answers_in_order(auth: Auth) -> None:
    user = await auth.create("batch")
    first, second = await auth.login("batch"), await auth.login("batch")
    found = await auth.authenticate(second.token, "unknown", first.token, "", second.token)
    assert [session.id if session else None for session in found] == [
        second.session.id,
        None,
        first.session.id,
        None,
        second.session.id,
    ]
    assert found[0] is not None
    assert list(found[0].roles) == list(user.roles)
    assert found[0].props["csrf"] == second.session.props["csrf"]


async def test_tokens_are_not_in_the_database(auth: Auth, settings: Settings) -> None:
    await auth.create("secretive")
    token = (await auth.login("secretive")).token
    with psycopg.connect(service_dsn(settings, "auth")) as connection:
        rows = connection.execute("SELECT sessions::text FROM sessions").fetchall()
        hashes = connection.execute("SELECT password_hash FROM users WHERE username = 'secretive'").fetchall()
    assert rows
    assert not any(token in text for (text,) in rows)
    assert hashes[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_revocation_is_on_the_control_stream_before_it_is_answered(auth: Auth, settings: Settings) -> None:
    user = await auth.create("gone")
    one, two, three = [await auth.login("gone") for _ in range(3)]
    async with _control(settings) as control:
        await auth.caller.call(auth.sessions.Logout, sessions_pb2.LogoutRequest(token=one.token))
        told = await control()
        assert [(t.user_id, list(t.session_ids)) for t in told] == [(user.id, [one.session.id])]
        revoke = sessions_pb2.RevokeSessionRequest(actor=actor_of(user), user_id=user.id, session_id=two.session.id)
        await auth.caller.call(auth.sessions.RevokeSession, revoke)
        assert [list(t.session_ids) for t in await control()] == [[two.session.id]]
        # A retry after a lost answer: the first call may have died before it told anybody.
        await auth.caller.call(auth.sessions.RevokeSession, revoke)
        assert [list(t.session_ids) for t in await control()] == [[two.session.id]]
        await auth.caller.call(auth.sessions.Logout, sessions_pb2.LogoutRequest(token="unknown"))
        assert await control() == []
        everything = sessions_pb2.RevokeAllSessionsRequest(actor=actor_of(user), user_id=user.id)
        await auth.caller.call(auth.sessions.RevokeAllSessions, everything)
        assert [list(t.session_ids) for t in await control()] == [[three.session.id]]
    assert await auth.authenticate(one.token, two.token, three.token) == [None, None, None]
    listed = await auth.caller.call(auth.log.ListEvents, log_pb2.ListEventsRequest(topic=f"auth/user:{user.id}"))
    assert [(e.seq, e.kind) for e in listed.entries] == [(n, "sessions_revoked") for n in (1, 2, 3)]


async def test_the_answer_waits_for_the_control_stream(auth: Auth, settings: Settings) -> None:
    await auth.create("patient")
    token = (await auth.login("patient")).token
    redis: Any = connect(settings)
    try:
        await redis.execute_command("CLIENT", "PAUSE", 300, "WRITE")
        started = time.monotonic()
        await auth.caller.call(auth.sessions.Logout, sessions_pb2.LogoutRequest(token=token))
        assert time.monotonic() - started > 0.25, "answered while the control stream took no writes"
    finally:
        await redis.aclose()


async def test_without_the_bus_sessions_end_nevertheless(grounds: Grounds) -> None:
    settings = grounds.settings(
        "auth", TeamSettings={"EnableOpenServer": True}, RedisSettings={"RedisAddress": "127.0.0.1:1"}
    )
    async with running(grounds, settings) as auth:
        await auth.create("offbus")
        token = (await auth.login("offbus")).token
        await auth.caller.call(auth.sessions.Logout, sessions_pb2.LogoutRequest(token=token))
        assert await auth.authenticate(token) == [None]


async def test_sessions_expire_and_use_extends_them(grounds: Grounds) -> None:
    settings = grounds.settings("auth", ServiceSettings={"SessionLengthWebInHours": 10})
    clock = ManualClock()
    async with running(grounds, settings, clock=clock) as auth:
        await auth.create("sleepy")
        answer = await auth.login("sleepy")
        end = answer.session.expires_at_ms
        clock.advance(9 * _HOUR)
        (used,) = await auth.authenticate(answer.token)
        assert used is not None
        assert used.expires_at_ms == end, "what it was extended to is written outside of the call"

        async def extended() -> bool:
            (now,) = await auth.authenticate(answer.token)
            return (
                now is not None
                and now.expires_at_ms == end + 9 * _HOUR * 1000
                and now.last_activity_at_ms == clock.now_ms()
            )

        await eventually(extended, "the session is extended")
        clock.advance(10 * _HOUR - 1)
        assert await auth.authenticate(answer.token) != [None]
    async with running(grounds, settings, clock=clock) as auth:
        clock.advance(11 * _HOUR)
        assert await auth.authenticate(answer.token) == [None]


async def test_a_device_has_one_session_and_a_user_a_bounded_number(auth: Auth, settings: Settings) -> None:
    user = await auth.create("devices")
    first = await auth.login("devices", device_id="android:one")
    other = await auth.login("devices", device_id="android:two")
    async with _control(settings) as control:
        second = await auth.login("devices", device_id="android:one")
        assert [list(t.session_ids) for t in await control()] == [[first.session.id]]
    found = await auth.authenticate(first.token, other.token, second.token)
    assert [session is not None for session in found] == [False, True, True]
    with psycopg.connect(service_dsn(settings, "auth")) as connection:
        connection.execute(
            "INSERT INTO sessions (token_hash, id, user_id, create_at, expires_at, last_activity_at, props)"
            " SELECT sha256(n::text::bytea), 'old' || n, %s, n, 0, 0, '{}' FROM generate_series(1, 520) n",
            (user.id,),
        )
    await auth.login("devices")
    request = sessions_pb2.ListSessionsRequest(actor=actor_of(user), user_id=user.id)
    listed = (await auth.caller.call(auth.sessions.ListSessions, request)).sessions
    assert len(listed) == MAX_PER_USER
    assert [session.create_at_ms for session in listed] == sorted((s.create_at_ms for s in listed), reverse=True)


async def test_only_oneself_and_editors_touch_sessions(auth: Auth) -> None:
    mine, other = await auth.create("mine"), await auth.create("curious")
    admin = actor_pb2.Actor(user_id="y" * 26, roles=["system_admin"])
    session = (await auth.login("mine")).session
    stolen = sessions_pb2.RevokeSessionRequest(actor=actor_of(other), user_id=other.id, session_id=session.id)
    with refused(Reason.SESSION_NOT_FOUND):
        await auth.caller.call(auth.sessions.RevokeSession, stolen)
    stolen.user_id = mine.id
    with refused(Reason.PERMISSION_DENIED):
        await auth.caller.call(auth.sessions.RevokeSession, stolen)
    with refused(Reason.PERMISSION_DENIED):
        listing = sessions_pb2.ListSessionsRequest(actor=actor_of(other), user_id=mine.id)
        await auth.caller.call(auth.sessions.ListSessions, listing)
    stolen.actor.CopyFrom(admin)
    await auth.caller.call(auth.sessions.RevokeSession, stolen)
    stolen.user_id = "x" * 26
    with refused(Reason.USER_NOT_FOUND):
        await auth.caller.call(auth.sessions.RevokeSession, stolen)
