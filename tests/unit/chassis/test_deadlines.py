"""Promise 9: a call takes what is left of its caller's time at most, and is not made when nothing is left."""

import asyncio

from services.chassis.errors import Reason
from services.chassis.rpc.call import HOP_SHARE, deadline, time_left
from tests.contract.served import refused


async def test_a_call_takes_no_longer_than_the_request_that_it_is_made_for_has_left() -> None:
    now = asyncio.get_running_loop().time()
    deadline.set(now + 5.0)
    assert 0 < time_left(10.0) <= 5.0 - HOP_SHARE
    assert time_left(0.5) == 0.5


async def test_nothing_is_asked_for_somebody_who_has_gone() -> None:
    for left in (HOP_SHARE / 2, 0.0, -1.0):
        deadline.set(asyncio.get_running_loop().time() + left)
        with refused(Reason.DEADLINE_EXCEEDED):
            time_left(10.0)


async def test_what_is_done_for_nobody_takes_the_time_that_it_may() -> None:
    assert time_left(10.0) == 10.0


async def test_a_request_hands_its_deadline_to_what_it_starts_and_to_nobody_else() -> None:
    async def of_a_request(seconds: float) -> float:
        deadline.set(asyncio.get_running_loop().time() + seconds)
        await asyncio.sleep(0)
        return await asyncio.create_task(_left())

    hurried, patient = await asyncio.gather(of_a_request(1.0), of_a_request(8.0))
    assert hurried <= 1.0 < patient <= 8.0
    assert await _left() == 10.0


async def _left() -> float:
    return time_left(10.0)
