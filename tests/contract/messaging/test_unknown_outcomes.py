"""COMMIT whose end nobody heard: answered once, and never as done while a standby may lack it (promises 1 and 3)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from chorus.messaging.v1 import posts_pb2
from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from services.messaging.__main__ import wire
from tests.contract.commit_wire import When, commit_wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, entries, page
from tests.contract.served import Caller, Served, eventually, serving

TRIES = 10


async def until_answered(edge: Caller, one: posts_pb2.PostDraft) -> tuple[posts_pb2.Post, int]:
    """Ask as the edge does, by the same id, until there is an answer; with how often."""
    for tries in range(1, 10):
        result = (await create(edge, one))[0]
        if result.HasField("post"):
            return result.post, tries
        assert result.error.reason == Reason.UNAVAILABLE.value
    raise AssertionError("never answered")


@pytest.mark.parametrize("when", ["unsent", "sent", "answered"])
@pytest.mark.parametrize("pending", [True, False])
async def test_a_post_whose_connection_is_lost_in_commit_is_there_once(
    grounds: Grounds, settings: Settings, messaging: Served, ground: Ground, when: When, pending: bool
) -> None:
    async with commit_wire(settings) as (line, wired), serving("messaging", wire, grounds, wired, ordinal=2) as served:
        edge = served.caller()
        made = []
        for number in range(TRIES):
            line.cut = "never"
            await create(edge, draft(ground, ground.bob, f"before {number}"))
            line.cut, cuts = when, line.cuts
            one = draft(ground, ground.alice, f"{number}", pending_post_id=f"{when}{number}" if pending else "")
            asked = asyncio.ensure_future(until_answered(edge, one))

            async def was_cut(cuts: int = cuts) -> bool:
                return line.cuts > cuts

            await eventually(was_cut, "COMMIT was cut")
            line.cut = "never"
            post, _ = await asked
            assert post.id == one.id
            made.append(post.id)
    shown = await page(messaging.caller(), ground, ground.bob, per_page=200)
    assert [post.id for post in reversed(shown.posts) if post.user_id == ground.alice] == made
    log = await entries(messaging.caller(), ground)
    assert [entry.seq for entry in log] == [*range(1, 2 * TRIES + 1)]


class Standby:
    """A standby that COMMITs in one database must wait for, and that is never there."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def waiting(self, count: int = 1) -> list[int]:
        """Wait until so many COMMITs wait for it; return their backends."""
        found: list[int] = []

        async def so_many() -> bool:
            found[:] = [row[0] for row in self._run("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")]
            return len(found) == count

        await eventually(so_many, f"{count} COMMITs wait for the standby")
        return found

    def cancel(self, pid: int) -> None:
        """What an operator, or a timeout in the server, does."""
        self._run("SELECT pg_cancel_backend(%s)", pid)

    def kill(self, pid: int) -> None:
        """End the backend; its COMMIT stands, and nobody is told."""
        self._run("SELECT pg_terminate_backend(%s)", pid)

    def returns(self) -> None:
        """Nobody is waited for any more, as when it has caught up."""
        self._run("ALTER SYSTEM RESET synchronous_standby_names")
        self._run("SELECT pg_reload_conf()")

    def _run(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def paused_standby(grounds: Grounds, dsn: str) -> AsyncIterator[Standby]:
    """Only connections that are made from now on to the one database wait for it."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])  # type: ignore[arg-type]
    with grounds.postgres.connect(grounds.ports.postgres_primary) as connection:
        connection.autocommit = True
        connection.execute("ALTER SYSTEM SET synchronous_commit = 'local'")
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = 'on'").format(name))
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield Standby(psycopg.conninfo.make_conninfo(connection.info.dsn, password=connection.info.password))
        finally:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("ALTER SYSTEM RESET synchronous_commit")
            connection.execute(sql.SQL("ALTER DATABASE {} RESET synchronous_commit").format(name))
            connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("end", [Standby.cancel, Standby.kill])
async def test_a_commit_that_ended_without_its_standby_is_no_acknowledgement(
    grounds: Grounds, settings: Settings, ground: Ground, end: Callable[[Standby, int], None]
) -> None:
    """Nor is finding the post afterwards: that COMMIT waits as well, and so does the next try's."""
    async with (
        paused_standby(grounds, service_dsn(settings, "messaging")) as standby,
        serving("messaging", wire, grounds, settings, ordinal=2) as served,
    ):
        edge, one = served.caller(), draft(ground, ground.alice)
        asked = asyncio.ensure_future(create(edge, one))
        for _ in range(2):  # the writing one, then the one that looks the post up
            (pid,) = await standby.waiting()
            assert not asked.done()
            end(standby, pid)
        (result,) = await asked
        assert result.error.reason == Reason.UNAVAILABLE.value
        again = asyncio.ensure_future(create(edge, one))
        await standby.waiting()
        assert not again.done()
        standby.returns()
        assert (await again)[0].post.id == one.id
        assert [entry.seq for entry in await entries(edge, ground)] == [1]


async def test_a_caller_who_leaves_while_commit_waits_leaves_a_post_behind_that_is_answered_once(
    grounds: Grounds, settings: Settings, ground: Ground
) -> None:
    async with (
        paused_standby(grounds, service_dsn(settings, "messaging")) as standby,
        serving("messaging", wire, grounds, settings, ordinal=2) as served,
    ):
        edge, one = served.caller(), draft(ground, ground.alice)
        asked = asyncio.ensure_future(create(edge, one))
        await standby.waiting()
        asked.cancel()
        await asyncio.wait({asked})
        again = asyncio.ensure_future(create(edge, one))
        await standby.waiting()  # the same COMMIT, which nobody's leaving has cancelled
        standby.returns()
        assert (await again)[0].post.id == one.id
        assert [entry.seq for entry in await entries(edge, ground)] == [1]
