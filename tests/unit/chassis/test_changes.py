"""A held `Changed` hears of everything within a look, whoever else waits and whatever becomes of the log."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.chassis.errors import DomainError, Reason
from services.chassis.events import Changes
from services.chassis.tasks import Tasks
from tests.contract.served import refused

LONG = 30.0
SOON = 0.02


class Log:
    """A log in memory: each event is a transaction, and the cursor the next one's number."""

    def __init__(self) -> None:
        self.incarnation = "first"
        self.written: list[str] = []
        self.asked: list[int] = []
        self.away = self.silent = False
        self.asked_again = asyncio.Event()

    async def changed(self, cursor: int) -> tuple[dict[str, int], int]:
        """As EventLog does."""
        self.asked.append(cursor)
        self.asked_again.set()
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise DomainError(Reason.UNAVAILABLE, part="database")
        topics = self.written[cursor - 1 :] if cursor else []
        return {topic: self.written.count(topic) for topic in topics}, len(self.written) + 1


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.close()


@pytest.fixture
def changes(log: Log, tasks: Tasks) -> Changes:
    return Changes(log, tasks, look_seconds=SOON)  # type: ignore[arg-type]


async def held(log: Log, *calls: "asyncio.Task[tuple[dict[str, int], int]]") -> None:
    """Return once the log was looked at on behalf of calls that wait."""
    while len(log.asked) <= len(calls):
        log.asked_again.clear()
        await log.asked_again.wait()


async def test_all_who_wait_are_told_by_one_look(log: Log, changes: Changes) -> None:
    calls = [asyncio.create_task(changes.since(1, "first", LONG)) for _ in range(20)]
    await held(log, *calls)
    assert not any(call.done() for call in calls)
    log.asked.clear()
    log.written.append("topic")
    assert await asyncio.gather(*calls) == [({"topic": 1}, 2)] * 20
    assert log.asked == [1]


async def test_what_happened_before_the_call_is_told_at_once(log: Log, changes: Changes) -> None:
    log.written += ["seen", "topic", "topic"]
    assert await changes.since(2, "first", LONG) == ({"topic": 2}, 4)
    assert log.asked == [2]


async def test_a_call_ends_when_its_time_is_over_and_goes_on_from_there(log: Log, changes: Changes) -> None:
    assert await changes.since(1, "first", SOON * 3) == ({}, 1)
    log.written.append("topic")
    assert await changes.since(1, "first", 0) == ({"topic": 1}, 2)


async def test_who_came_later_and_knows_more_takes_nothing_from_who_knows_less(log: Log, changes: Changes) -> None:
    first = asyncio.create_task(changes.since(1, "first", LONG))
    await held(log, first)
    second = asyncio.create_task(changes.since(5, "first", LONG))
    await asyncio.sleep(0)
    log.written.append("topic")
    assert await first == ({"topic": 1}, 2)
    second.cancel()


@pytest.mark.parametrize(("cursor", "incarnation"), [(0, "first"), (1, "before the restore"), (1, "")])
async def test_a_first_cursor_and_another_log_are_told_at_once(
    log: Log, changes: Changes, cursor: int, incarnation: str
) -> None:
    assert await changes.since(cursor, incarnation, LONG) == ({}, 1)


async def test_a_log_that_is_restored_under_a_held_call_is_told(log: Log, changes: Changes) -> None:
    call = asyncio.create_task(changes.since(1, "first", LONG))
    await held(log, call)
    log.incarnation = "restored"
    assert await call == ({}, 1)


async def test_a_database_that_goes_away_ends_the_calls_and_not_the_looking(log: Log, changes: Changes) -> None:
    call = asyncio.create_task(changes.since(1, "first", LONG))
    await held(log, call)
    log.away = True
    with refused(Reason.UNAVAILABLE):
        await call
    log.away = False
    call = asyncio.create_task(changes.since(1, "first", LONG))
    await asyncio.sleep(0)
    log.written.append("topic")
    assert await call == ({"topic": 1}, 2)


async def test_an_instance_that_is_to_be_left_holds_nobody(log: Log, changes: Changes) -> None:
    call = asyncio.create_task(changes.since(1, "first", LONG))
    await held(log, call)
    changes.hold(False)
    assert await call == ({}, 1)
    assert await changes.since(1, "first", LONG) == ({}, 1)


async def test_nobody_waits_and_nothing_is_looked_at(log: Log, changes: Changes, tasks: Tasks) -> None:
    call = asyncio.create_task(changes.since(1, "first", LONG))
    await held(log, call)
    call.cancel()
    await asyncio.wait({call, *tasks._running})
    assert len(tasks) == 0


async def test_a_log_that_says_nothing_is_away_for_all_who_wait_and_for_who_comes(log: Log, tasks: Tasks) -> None:
    """It may say more to another instance, where the callers are then sent."""
    changes = Changes(log, tasks, look_seconds=SOON, patience_seconds=SOON)  # type: ignore[arg-type]
    calls = [asyncio.create_task(changes.since(1, "first", LONG)) for _ in range(2)]
    await held(log, *calls)
    log.silent = True
    for call in (*calls, asyncio.create_task(changes.since(1, "first", LONG))):
        with refused(Reason.UNAVAILABLE):
            await call
