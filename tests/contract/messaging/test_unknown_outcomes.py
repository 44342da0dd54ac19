"""COMMIT whose end nobody heard: answered once, and never as done while a standby may lack it (promises 1 and 3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import LiteralString, NamedTuple

import psycopg
import pytest
from psycopg import sql

from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from services.messaging.__main__ import wire
from tests.contract import standby as standbys
from tests.contract.commit_wire import When, commit_wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, entries, page, until_answered
from tests.contract.served import Served, eventually, serving
from tests.contract.standby import Standby

TRIES = 10


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
            post = await asked
            assert post.id == one.id
            made.append(post.id)
    shown = await page(messaging.caller(), ground, ground.bob, per_page=200)
    assert [post.id for post in reversed(shown.posts) if post.user_id == ground.alice] == made
    log = await entries(messaging.caller(), ground)
    assert [entry.seq for entry in log] == [*range(1, 2 * TRIES + 1)]


@pytest.fixture(scope="module")
def grounds(grounds_to_copy: Grounds) -> Grounds:
    return grounds_to_copy


@pytest.fixture(scope="module")
def standby(grounds: Grounds) -> Iterator[Standby]:
    with standbys.standby(grounds) as made:
        yield made


class Waiting(NamedTuple):
    """A COMMIT that waits, by its backend and its transaction's beginning."""

    pid: int
    began: datetime


class Commits:
    """COMMITs that wait for a standby which follows, and shows nothing new."""

    def __init__(self, standby: Standby, connection: psycopg.Connection) -> None:
        self._standby, self._connection = standby, connection

    async def one(self) -> Waiting:
        """Wait until there is one, and no more."""

        async def is_one() -> bool:
            return len(self._all()) == 1

        await eventually(is_one, "one COMMIT waits for the standby")
        return self._all()[0]

    async def cancel(self, waiting: Waiting) -> None:
        """What an operator, or a timeout in the server, does."""
        await self._end(waiting, "SELECT pg_cancel_backend(%s)")

    async def kill(self, waiting: Waiting) -> None:
        """End the backend; its COMMIT stands, and nobody is told."""
        await self._end(waiting, "SELECT pg_terminate_backend(%s)")

    async def _end(self, waiting: Waiting, how: LiteralString) -> None:
        self._connection.execute(how, (waiting.pid,))

        async def has_ended() -> bool:
            return waiting not in self._all()

        await eventually(has_ended, "it waits no more")

    def _all(self) -> list[Waiting]:
        query = "SELECT pid, xact_start FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        return [Waiting(*row) for row in self._connection.execute(query)]

    def end(self) -> None:
        """Let the standby show all."""
        self._standby.heal()


@asynccontextmanager
async def waiting_commits(grounds: Grounds, standby: Standby, dsn: str) -> AsyncIterator[Commits]:
    """Only connections that are made from now on to the one database wait."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(dsn)["dbname"])  # type: ignore[arg-type]
    with grounds.postgres.connect(grounds.ports.postgres_primary) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_commit = 'local'")
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = 'remote_apply'").format(name))
        try:
            with standby.synchronous():
                standby.catch_up()
                standby.pause_replay()
                try:
                    yield Commits(standby, connection)
                finally:
                    standby.heal()
        finally:
            connection.execute("ALTER SYSTEM RESET synchronous_commit")
            connection.execute(sql.SQL("ALTER DATABASE {} RESET synchronous_commit").format(name))
            connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("end", [Commits.cancel, Commits.kill])
async def test_a_commit_that_ended_without_its_standby_is_no_acknowledgement(
    grounds: Grounds,
    standby: Standby,
    settings: Settings,
    ground: Ground,
    end: Callable[[Commits, Waiting], Awaitable[None]],
) -> None:
    """Nor is finding the post afterwards: that COMMIT waits as well, and so does the next try's."""
    async with (
        waiting_commits(grounds, standby, service_dsn(settings, "messaging")) as commits,
        serving("messaging", wire, grounds, settings, ordinal=2) as served,
    ):
        edge, one = served.caller(), draft(ground, ground.alice)
        asked = asyncio.ensure_future(create(edge, one))
        for _ in range(2):  # the writing one, then the one that looks the post up
            waiting = await commits.one()
            assert not asked.done()
            await end(commits, waiting)
        (result,) = await asked
        assert result.error.reason == Reason.UNAVAILABLE.value
        again = asyncio.ensure_future(create(edge, one))
        await commits.one()
        assert not again.done()
        commits.end()
        assert (await again)[0].post.id == one.id
        assert [entry.seq for entry in await entries(edge, ground)] == [1]


async def test_a_caller_who_leaves_while_commit_waits_leaves_a_post_behind_that_is_answered_once(
    grounds: Grounds, standby: Standby, settings: Settings, ground: Ground
) -> None:
    async with (
        waiting_commits(grounds, standby, service_dsn(settings, "messaging")) as commits,
        serving("messaging", wire, grounds, settings, ordinal=2) as served,
    ):
        edge, one = served.caller(), draft(ground, ground.alice)
        asked = asyncio.ensure_future(create(edge, one))
        await commits.one()
        asked.cancel()
        await asyncio.wait({asked})
        again = asyncio.ensure_future(create(edge, one))
        await commits.one()  # the same COMMIT, which nobody's leaving has cancelled
        commits.end()
        assert (await again)[0].post.id == one.id
        assert [entry.seq for entry in await entries(edge, ground)] == [1]
