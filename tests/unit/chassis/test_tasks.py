"""Background tasks end loudly, and all of them at shutdown."""

import asyncio
import contextlib
import logging

import pytest

from services.chassis.tasks import Tasks


async def test_a_failure_is_logged_under_the_tasks_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("broken")

    tasks = Tasks()
    with caplog.at_level(logging.ERROR), pytest.raises(ValueError, match="broken"):
        await tasks.spawn("sweeper", fail())
    assert [record.__dict__["task"] for record in caplog.records] == ["sweeper"]
    assert len(tasks) == 0


@pytest.mark.parametrize("fails", [True, False])
async def test_the_end_of_a_vital_task_is_told(fails: bool) -> None:
    ended: asyncio.Future[tuple[str, BaseException | None]] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        if fails:
            raise ValueError("broken")

    Tasks(lambda name, error: ended.set_result((name, error))).spawn("follower", work(), vital=True)
    async with asyncio.timeout(5):
        name, error = await ended
    assert (name, isinstance(error, ValueError)) == ("follower", fails)


async def test_close_cancels_and_refuses_what_comes_later() -> None:
    told: list[str] = []
    tasks = Tasks(lambda name, _: told.append(name))
    task = tasks.spawn("forever", asyncio.Event().wait(), vital=True)
    await tasks.close()
    assert task.cancelled()
    assert told == []
    with pytest.raises(RuntimeError, match="late"):
        tasks.spawn("late", asyncio.Event().wait())


async def test_a_task_that_ignores_its_cancellation_is_named(caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()
    started = asyncio.Event()

    async def stubborn() -> None:
        started.set()
        try:
            await release.wait()
        except asyncio.CancelledError:
            await release.wait()

    tasks = Tasks()
    task = tasks.spawn("stubborn", stubborn())
    await started.wait()
    await tasks.close(within=0.01)
    assert [record.__dict__["task"] for record in caplog.records] == ["stubborn"]
    release.set()
    await task


async def test_a_lost_cancellation_is_given_again(caplog: pytest.LogCaptureFixture) -> None:
    started = asyncio.Event()

    async def deaf_once() -> None:
        started.set()
        with contextlib.suppress(asyncio.CancelledError):  # as asyncio.wait_for did before Python 3.12
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    tasks = Tasks()
    task = tasks.spawn("deaf", deaf_once())
    await started.wait()
    await tasks.close(within=5)
    assert task.cancelled()
    assert caplog.records == []
