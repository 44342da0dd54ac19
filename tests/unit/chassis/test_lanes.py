"""One lane as long as its batches are small, twice as many when they are large, and back."""

import asyncio
from collections.abc import Sequence

import pytest

from services.chassis.lanes import NARROW_AT, WIDEN_AT, Lanes
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

MOST = 4
KEYS = [f"channel {number}" for number in range(64)]


class Far:
    """Whoever is sent to: answers when it is let, and remembers what came through which lane."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[str]]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def send(self, lane: int, items: Sequence[str]) -> Sequence[str]:
        self.batches.append((lane, list(items)))
        await self.may_answer.wait()
        return list(items)

    def lanes_of(self, key: str) -> set[int]:
        """The lanes that a key's items came through."""
        return {lane for lane, items in self.batches if key in items}


@pytest.fixture
async def far() -> Far:
    return Far()


@pytest.fixture
async def lanes(far: Far) -> Lanes[str, str]:
    return Lanes("test", far.send, Tasks(), Metrics("test"), most=MOST, max_items=256, max_waiting=4096)


async def at_once(lanes: Lanes[str, str], far: Far, times: int) -> None:
    """Submit each key so many times, while what is under way is held up until all have come."""
    far.may_answer.clear()
    all_of_them = [asyncio.ensure_future(lanes.submit(key, key)) for _ in range(times) for key in KEYS]
    await asyncio.sleep(0)
    far.may_answer.set()
    assert await asyncio.gather(*all_of_them) == KEYS * times


async def busy(lanes: Lanes[str, str], far: Far) -> None:
    """Keep the lanes so busy that all are in use."""
    for _ in range(8 * MOST):
        await at_once(lanes, far, 2 * WIDEN_AT * MOST // len(KEYS))


async def test_one_by_one_all_go_through_one_lane(lanes: Lanes[str, str], far: Far) -> None:
    for key in KEYS * 2:
        assert await lanes.submit(key, key) == key
    assert {lane for lane, _ in far.batches} == {0}


async def test_large_batches_spread_over_all_lanes_and_a_key_keeps_to_one(lanes: Lanes[str, str], far: Far) -> None:
    await busy(lanes, far)
    far.batches.clear()
    await at_once(lanes, far, 4)
    assert {lane for lane, _ in far.batches} == set(range(MOST))
    assert all(len(far.lanes_of(key)) == 1 for key in KEYS)


async def test_small_batches_come_together_again(lanes: Lanes[str, str], far: Far) -> None:
    await busy(lanes, far)
    for _ in range(16 * MOST):
        for key in KEYS[: NARROW_AT // 2]:
            await lanes.submit(key, key)
    far.batches.clear()
    for key in KEYS:
        await lanes.submit(key, key)
    assert {lane for lane, _ in far.batches} == {0}
