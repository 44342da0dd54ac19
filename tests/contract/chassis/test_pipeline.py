"""Round trips over a real PostgreSQL: values arrive as they were, and a failure leaves nothing half done."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from services.chassis.database import Database, DataFault, Transaction
from services.chassis.database.naming import service_dsn
from services.chassis.metrics import Metrics
from tests.contract.grounds import Grounds

BIG = 4 * 1024 * 1024
"""More than both sides of a socket hold."""


@pytest.fixture
async def database(grounds: Grounds) -> AsyncIterator[Database]:
    made = Database("messaging", service_dsn(grounds.settings("messaging"), "messaging"), Metrics("test"), pool_size=1)
    await made.once(("CREATE TABLE things (id bigint PRIMARY KEY, body bytea NOT NULL DEFAULT '')", {}))
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["", "plain", 'quo"te \\ {brace},', "ä☃ 😀", "NULL", " "]),
        ("bigint", [0, -1, 2**31, 2**63 - 1, -(2**63)]),
        ("smallint", [0, -7, 32767]),
        ("bytea", [b"", b"\0\xff", bytes(range(256))]),
        ("boolean", [True, False]),
    ],
)
async def test_values_arrive_as_they_were_alone_and_in_arrays(database: Database, kind: str, values: list[Any]) -> None:
    for value in values:
        assert (await database.fetch(f"SELECT %(v)s::{kind} AS v", v=value))[0].v == value
    for some in (values, values[:1], [], tuple(values)):
        assert (await database.fetch(f"SELECT %(v)s::{kind}[] AS v", v=some))[0].v == list(some)


async def test_what_is_no_plain_array_is_left_to_the_driver(database: Database) -> None:
    rows = await database.fetch(
        "SELECT %(a)s::text[] AS a, %(b)s::numeric AS b, %(c)s AS c", a=["x", None], b=2**70, c=None
    )
    assert (rows[0].a, rows[0].b, rows[0].c) == (["x", None], 2**70, None)
    assert (await database.fetch("SELECT '100%%' AS x, %(a)s::text || %(a)s::text AS y", a="b"))[0] == ("100%", "bb")


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"]])
async def test_text_that_no_column_holds_is_refused_and_not_cut(database: Database, value: Any) -> None:
    with pytest.raises(DataFault):
        await database.fetch("SELECT %(v)s::text" + "[]" * isinstance(value, list), v=value)
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1


async def test_statements_of_a_trip_see_what_went_before_and_later_ones_what_was_committed_meanwhile(
    database: Database,
) -> None:
    other = Database("messaging", database._pool._dsn, Metrics("test"))
    insert, count = "INSERT INTO things (id) VALUES (%(id)s)", "SELECT count(*) AS n FROM things"

    async def work(tx: Transaction) -> list[int]:
        _, first = await tx.pipelined((insert, {"id": 1}), (count, {}))
        await other.once((insert, {"id": 2}))
        return [first[0].n, (await tx.fetch(count))[0].n]

    assert await database.transact(work) == [1, 2]
    await other.close()


async def test_statements_go_on_working_once_they_are_prepared(database: Database) -> None:
    for n in range(6):
        rows = await database.fetch("SELECT %(n)s::bigint AS n, %(s)s::text AS s", n=n, s="s" * n)
        assert rows == [(n, "s" * n)]
    prepared = await database.fetch("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE '%%AS s'")
    assert prepared[0].n == 1


async def test_a_failure_in_a_trip_undoes_all_of_it_and_the_connection_goes_on(database: Database) -> None:
    insert = "INSERT INTO things (id) VALUES (%(id)s)"

    async def concluding(tx: Transaction) -> None:
        await tx.pipelined((insert, {"id": 1}))
        tx.conclude((insert, {"id": 2}), (insert, {"id": 1}), (insert, {"id": 3}))

    async def midway(tx: Transaction) -> None:
        await tx.pipelined((insert, {"id": 1}), (insert, {"id": 1}), (insert, {"id": 2}))

    for work in (concluding, midway, concluding):
        with pytest.raises(DataFault) as fault:
            await database.transact(work)
        assert fault.value.constraint == "things_pkey"
        assert (await database.fetch("SELECT count(*) AS n FROM things"))[0].n == 0


async def test_large_statements_and_large_answers_pass_each_other(database: Database) -> None:
    statements = [("SELECT %(b)s::bytea AS b", {"b": bytes([n]) * BIG}) for n in range(3)]
    async with asyncio.timeout(60):
        answers = await database.once(*statements)
    assert [(rows[0].b[:1], len(rows[0].b)) for rows in answers] == [(bytes([n]), BIG) for n in range(3)]


async def test_whoever_gives_up_in_the_middle_of_a_trip_leaves_a_pool_that_works(database: Database) -> None:
    entered = asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await tx.pipelined(("INSERT INTO things (id) VALUES (1)", {}))
        entered.set()
        await tx.pipelined(("SELECT pg_sleep(60)", {}), ("INSERT INTO things (id) VALUES (2)", {}))

    task = asyncio.create_task(database.transact(slow))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30):
        assert (await database.fetch("SELECT count(*) AS n FROM things"))[0].n == 0


async def test_a_connection_that_was_ended_is_not_given_out_twice(database: Database) -> None:
    async def ended(tx: Transaction) -> None:
        await tx.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Exception, match=r"terminat|unavailable|closed") as error:
        await database.transact(ended)
    assert not isinstance(error.value, psycopg.InterfaceError)
    assert (await database.fetch("SELECT 1 AS one"))[0].one == 1
