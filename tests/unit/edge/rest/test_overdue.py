"""What takes too long is ended, and nothing else; one timer looks at all, and none while nothing runs."""

import asyncio

import pytest

from services.edge.rest import overdue
from services.edge.rest.overdue import Overdue


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "LOOK_SECONDS", 0.01)


@pytest.fixture
async def ends() -> Overdue:
    return Overdue()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_what_is_done_in_time_is_answered(ends: Overdue) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await ends.end(work(), now() + 60) == 7


async def test_what_is_overdue_is_ended_alone(ends: Overdue) -> None:
    done = asyncio.Event()

    async def work() -> int:
        await done.wait()
        return 7

    patient = asyncio.ensure_future(ends.end(work(), now() + 60))
    with pytest.raises(TimeoutError):
        await ends.end(work(), now() + 0.02)
    done.set()
    assert await patient == 7


async def test_who_is_cancelled_is_cancelled_and_not_late(ends: Overdue) -> None:
    task = asyncio.ensure_future(ends.end(asyncio.Event().wait(), now() + 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_ends_by_itself_says_why(ends: Overdue) -> None:
    async def work() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await ends.end(work(), now() + 60)


async def test_the_next_one_is_looked_at_too(ends: Overdue) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await ends.end(asyncio.Event().wait(), now())
