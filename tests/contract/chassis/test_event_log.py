"""The log on a real database: contiguous under concurrency, named when truncated, complete by `Changed`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from services.chassis.config import Settings
from services.chassis.database import Database, Transaction, migrate
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from services.chassis.events import Announcement, EventLog
from services.chassis.events.partitions import DAY_MS, Partitions
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from tests.contract.grounds import Grounds
from tests.contract.served import refused
from tests.manual_clock import ManualClock

NOW_MS = 20_000 * DAY_MS + 5


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("messaging")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    dsn = service_dsn(settings, "messaging")
    await migrate(dsn, Path("services/messaging/migrations"))
    made = Database("messaging", dsn, Metrics("test"))
    yield made
    await made.close()


@pytest.fixture
async def clock() -> ManualClock:
    clock = ManualClock()
    clock.set_wall(NOW_MS)
    return clock


@pytest.fixture
async def log(database: Database, clock: ManualClock) -> AsyncIterator[EventLog]:
    tasks = Tasks()
    yield await EventLog.open(database, clock, tasks)
    await tasks.close()


async def announce(database: Database, log: EventLog, *topics: str, at_ms: int = NOW_MS) -> list[int]:
    async def work(tx: Transaction) -> list[int]:
        locked = await log.lock(tx, topics)
        events = [Announcement(topic, "test", b"x", locked[topic].next_at(at_ms)) for topic in topics]
        return [entry.seq for entry in await log.append(tx, locked, events)]

    return await database.transact(work)


async def test_seqs_are_contiguous_whoever_writes_and_however_topics_overlap(database: Database, log: EventLog) -> None:
    pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "a")] * 25
    await asyncio.gather(*(announce(database, log, *pair) for pair in pairs))
    for topic, count in (("a", 75), ("b", 75), ("c", 50)):
        entries = await log.list(topic, 0, 0, 0)
        assert [entry.seq for entry in entries] == list(range(1, count + 1))
        times = [entry.at_ms for entry in entries]
        assert times == sorted(set(times))


async def test_changed_tells_of_a_transaction_that_was_open_when_the_cursor_was_taken(
    database: Database, log: EventLog
) -> None:
    _, cursor = await log.changed(0)
    async with database.transaction() as slow:
        locked = await log.lock(slow, ["slow"])
        await log.append(slow, locked, [Announcement("slow", "test", b"", NOW_MS)])
        await announce(database, log, "quick")
        changed, cursor = await log.changed(cursor)
        assert changed == {"quick": 1}
    changed, _ = await log.changed(cursor)
    assert changed["slow"] == 1


async def test_what_is_no_longer_kept_is_named_and_later_events_go_on(
    database: Database, log: EventLog, clock: ManualClock
) -> None:
    await announce(database, log, "old")
    await announce(database, log, "old")
    clock.set_wall(NOW_MS + 3 * DAY_MS)
    partitions = Partitions(database, clock)
    await partitions.ensure()
    await partitions.retire()
    assert await announce(database, log, "old", at_ms=clock.now_ms()) == [3]
    with refused(Reason.LOG_TRUNCATED, topic="old"):
        await log.list("old", 0, 0, 0)
    assert [entry.seq for entry in await log.list("old", 2, 0, 0)] == [3]
    assert await log.list("old", 3, 0, 0) == []
    with refused(Reason.LOG_TRUNCATED):
        await log.list("old", 1, 2, 0)


async def test_what_comes_while_the_end_of_a_topic_is_read_is_not_taken_for_lost(
    database: Database, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    await announce(database, log, "topic")
    current = log.current

    async def overtaken(topics: Sequence[str]) -> dict[str, int]:
        await announce(database, log, "topic")
        return await current(topics)

    monkeypatch.setattr(log, "current", overtaken)
    assert [entry.seq for entry in await log.list("topic", 1, 0, 0)] == [2]


async def test_a_restored_log_is_another_one_for_whoever_held_connections_to_the_old(
    database: Database, log: EventLog
) -> None:
    before = log.incarnation
    await announce(database, log, "topic")
    await database.fetch("UPDATE log_incarnation SET nonce = 'restored'")  # what a restore writes, with the server down
    with refused(Reason.UNAVAILABLE):
        await database.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        )
    await announce(database, log, "topic")
    (*_, entry) = await log.list("topic", 0, 0, 0)
    assert entry.incarnation == log.incarnation == f"{before.rpartition('.')[0]}.restored"
