"""Promise 9: a batcher is bounded by items and bytes, refuses at its bound, and works for nobody who has gone."""

import asyncio
from collections.abc import Sequence

import pytest

from services.chassis.batching import Batcher
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

WAITING = 8


class Far:
    """Whoever is sent to: answers when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.called = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def send(self, items: Sequence[int]) -> Sequence[int | DomainError]:
        self.batches.append(list(items))
        self.called.set()
        await self.may_answer.wait()
        return list(items)


@pytest.fixture
async def far() -> Far:
    return Far()


@pytest.fixture
async def batcher(far: Far) -> Batcher[int, int]:
    return Batcher(
        "test", far.send, Tasks(), Metrics("test"), max_items=4, max_waiting=WAITING, max_bytes=100, size=lambda n: n
    )


async def fill(far: Far, batcher: Batcher[int, int]) -> list[asyncio.Future[int]]:
    """One under way, and as many waiting as may."""
    first = asyncio.ensure_future(batcher.submit(1))
    await far.called.wait()
    waiting = [asyncio.ensure_future(batcher.submit(1)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    return [first, *waiting]


async def test_the_one_too_many_is_refused_at_once_and_the_others_are_served(
    far: Far, batcher: Batcher[int, int]
) -> None:
    waiting = await fill(far, batcher)
    with pytest.raises(DomainError) as refused:
        await batcher.submit(1)
    assert (refused.value.reason, refused.value.facts["retry_after_s"]) == (Reason.BUSY, "1")
    far.may_answer.set()
    assert await asyncio.gather(*waiting) == [1] * (1 + WAITING)
    assert [len(batch) for batch in far.batches] == [1, 4, 4]
    assert await batcher.submit(2) == 2


async def test_many_that_do_not_all_find_room_leave_none_behind(far: Far, batcher: Batcher[int, int]) -> None:
    """What they had taken of the room is free again, and is not worked for."""
    waiting = await fill(far, batcher)
    waiting.pop().cancel()
    waiting.pop().cancel()
    far.may_answer.set()
    await asyncio.gather(*waiting)
    far.may_answer.clear()
    far.called.clear()
    first = asyncio.ensure_future(batcher.submit(1))
    await far.called.wait()
    with pytest.raises(DomainError) as refused:
        await batcher.submit_all([7] * (WAITING + 1))
    assert refused.value.reason is Reason.BUSY
    far.may_answer.set()
    await first
    assert await batcher.submit(3) == 3
    assert 7 not in [item for batch in far.batches for item in batch]


async def test_a_batch_is_bounded_by_bytes_too_and_a_larger_one_travels_alone(
    far: Far, batcher: Batcher[int, int]
) -> None:
    first = asyncio.ensure_future(batcher.submit(1))
    await far.called.wait()
    waiting = [asyncio.ensure_future(batcher.submit(size)) for size in (60, 40, 1, 300, 99)]
    await asyncio.sleep(0)
    far.may_answer.set()
    await asyncio.gather(first, *waiting)
    assert far.batches == [[1], [60, 40], [1], [300], [99]]


async def test_who_has_gone_is_not_worked_for(far: Far, batcher: Batcher[int, int]) -> None:
    waiting = await fill(far, batcher)
    for each in waiting[1:5]:
        each.cancel()
    far.may_answer.set()
    await asyncio.gather(*waiting[5:], waiting[0])
    assert [len(batch) for batch in far.batches] == [1, 4]
