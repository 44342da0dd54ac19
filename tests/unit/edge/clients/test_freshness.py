"""Checks travel together."""

import asyncio
from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from chorus.messaging.v1 import freshness_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.rpc.client import Peer
from services.chassis.tasks import Tasks
from services.edge.caller import Caller
from services.edge.clients.freshness import FreshnessClient, ReadStanding

CALLER = Caller("u" * 26, "s" * 26, ("system_user",))
CHANNEL = "c" * 26


class Messaging:
    """Stands for the peer: everybody may read, and each call moves the channel on by one."""

    def __init__(self) -> None:
        self.channel = MagicMock()
        self.sizes: list[int] = []
        self.failures: list[Reason] = []
        self.called = asyncio.Event()

    async def call(
        self, method: Any, request: freshness_pb2.CheckRequest, *, seconds: float
    ) -> freshness_pb2.CheckResponse:
        self.sizes.append(len(request.checks))
        self.called.set()
        await asyncio.sleep(0)
        if self.failures:
            raise DomainError(self.failures.pop(0))
        standing = freshness_pb2.ReadStanding(allowed=True, seq=len(self.sizes))
        return freshness_pb2.CheckResponse(standings=[standing] * len(request.checks), incarnation="i")


@pytest.fixture
def messaging() -> Messaging:
    return Messaging()


@pytest.fixture
def client(messaging: Messaging) -> FreshnessClient:
    return FreshnessClient(cast(Peer, messaging), Tasks(), Metrics("edge"))


async def test_checks_that_wait_travel_together_and_none_rides_on_one_that_left_before_it(
    messaging: Messaging, client: FreshnessClient
) -> None:
    first = asyncio.ensure_future(client.check(CALLER, CHANNEL))
    await messaging.called.wait()
    rest = await asyncio.gather(*(client.check(CALLER, CHANNEL) for _ in range(9)))
    assert await first == ReadStanding(True, 1, "i", 0)
    assert messaging.sizes == [1, 9]
    assert {standing.seq for standing in rest} == {2}


async def test_a_call_that_failed_fails_those_who_waited_and_no_others(
    messaging: Messaging, client: FreshnessClient
) -> None:
    messaging.failures = [Reason.UNAVAILABLE]
    with pytest.raises(DomainError):
        await client.check(CALLER, CHANNEL)
    assert (await client.check(CALLER, CHANNEL)).allowed
    assert len(messaging.sizes) == 2
