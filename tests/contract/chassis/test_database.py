"""What becomes of PostgreSQL's and the driver's errors: away, a fault of the data, or a fault of ours."""

import asyncio
import gc
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from services.chassis.config import Settings
from services.chassis.database import Database, DataFault, Transaction, UnknownOutcome, pipeline
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from services.chassis.metrics import Metrics
from tests.contract.grounds import Grounds
from tests.contract.served import eventually, refused


@pytest.fixture(scope="module")
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("plain")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    made = Database("plain", service_dsn(settings, "plain"), Metrics("test"), pool_size=2)
    yield made
    await made.close()


@pytest.mark.parametrize("text", ["a\0b", "2024-02-30"])
async def test_what_cannot_be_stored_is_a_fault_of_the_data_whoever_notices(database: Database, text: str) -> None:
    with pytest.raises(DataFault):
        await database.fetch("SELECT %(text)s::text::date", text=text)


async def test_a_call_that_makes_no_sense_is_not_taken_for_a_database_that_is_away(database: Database) -> None:
    with pytest.raises(psycopg.ProgrammingError):
        await database.fetch("SELECT %(missing)s")
    with pytest.raises(psycopg.errors.UndefinedTable):
        await database.fetch("SELECT a FROM nowhere")

    async def late(tx: Transaction) -> None:
        cursor = tx._driver.cursor()
        await cursor.close()
        await cursor.execute("SELECT 1")

    with pytest.raises(psycopg.InterfaceError):
        await database.transact(late)
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_a_lost_connection_is_a_database_that_is_away_and_the_next_call_has_another(database: Database) -> None:
    with refused(Reason.UNAVAILABLE):
        await database.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_an_instance_that_stands_still_in_a_transaction_keeps_its_locks_for_a_moment_alone(
    database: Database,
) -> None:
    lock = "SELECT pg_advisory_xact_lock(1)"

    async def going_on(tx: Transaction) -> None:
        await overtaken(tx)
        await tx.fetch("SELECT 1")

    async def committing(tx: Transaction) -> None:
        await overtaken(tx)
        tx.conclude(("SELECT 1", {}))

    async def overtaken(tx: Transaction) -> None:
        await tx.fetch(lock)
        async with asyncio.timeout(30):
            await database.fetch(lock)

    with refused(Reason.UNAVAILABLE):
        await database.transact(going_on)
    with pytest.raises(UnknownOutcome):
        await database.transact(committing)
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_a_server_that_takes_too_long_is_hung_up(database: Database) -> None:
    """Cancelling alone would wait for the server's word that it has stopped."""

    async def slow(tx: Transaction) -> None:
        await tx.fetch("SELECT pg_sleep(60)")

    began = time.monotonic()
    with refused(Reason.UNAVAILABLE):
        await database.snapshot(slow, patience=0.2)
    assert time.monotonic() - began < 10
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_who_waits_in_vain_for_a_connection_hears_so(database: Database) -> None:
    async def read(tx: Transaction) -> None:
        await tx.fetch("SELECT 1")

    async with database.transaction(), database.transaction():
        began = time.monotonic()
        with refused(Reason.UNAVAILABLE):
            await database.snapshot(read, patience=0.1)
        assert time.monotonic() - began < 4
    await database.snapshot(read, patience=5)


async def test_a_standby_that_has_not_replayed_a_migration_leaves_the_read_to_others(settings: Settings) -> None:
    standby = Database("replica-1", service_dsn(settings, "plain"), Metrics("test"), standby=True)
    with refused(Reason.UNAVAILABLE):
        await standby.snapshot(lambda tx: tx.fetch("SELECT a FROM nowhere"))
    await standby.close()


async def test_a_caller_who_leaves_gives_the_connection_back(database: Database) -> None:
    for _ in range(5):  # more than there are connections
        waiting = asyncio.ensure_future(database.fetch("SELECT pg_sleep(60)"))
        for _ in range(50):
            await asyncio.sleep(0.001)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_a_caller_who_leaves_during_the_rollback_gives_the_connection_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, begun, go_on = pipeline.run, asyncio.Event(), asyncio.Event()

    async def slow(driver: Any, statements: Any, **ends: Any) -> Any:
        if ends.get("first") == pipeline.ROLLBACK:
            begun.set()
            await go_on.wait()
        return await run(driver, statements, **ends)

    async def fail(tx: Transaction) -> None:
        await tx.fetch("SELECT 1")
        raise ValueError

    monkeypatch.setattr(pipeline, "run", slow)
    for _ in range(3):  # more than there are connections
        begun.clear()
        go_on.clear()
        failing = asyncio.ensure_future(database.transact(fail))
        await begun.wait()
        failing.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait({failing})
        assert failing.cancelled()
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


@contextmanager
def none_left_open() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert not [str(warning.message) for warning in left]


async def test_who_uses_a_database_that_is_closed_finishes_and_leaves_no_connection_open(settings: Settings) -> None:
    with none_left_open():
        database = Database("closed", service_dsn(settings, "plain"), Metrics("test"), pool_size=2)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def use(tx: Transaction) -> int:
            begun.set()
            await go_on.wait()
            return int((await tx.fetch("SELECT 1 AS one"))[0].one)

        using = asyncio.ensure_future(database.transact(use))
        await begun.wait()
        await database.close()
        go_on.set()
        assert await using == 1
        with refused(Reason.UNAVAILABLE):
            await database.fetch("SELECT 1")
        del database


async def test_who_leaves_while_a_connection_is_being_made_leaves_none_open(settings: Settings) -> None:
    with none_left_open():
        database = Database("left", service_dsn(settings, "plain"), Metrics("test"), pool_size=2)
        leaving = asyncio.ensure_future(database.identify("SELECT pg_sleep(60)"))
        with psycopg.connect(service_dsn(settings, "plain"), autocommit=True) as connection:

            async def asks() -> bool:
                query = "SELECT FROM pg_stat_activity WHERE application_name = 'chorus-left' AND wait_event = 'PgSleep'"
                return connection.execute(query).rowcount == 1

            await eventually(asks, "the new connection is asked who it is")
        leaving.cancel()
        await asyncio.wait({leaving})
        await database.close()
        del database, leaving
