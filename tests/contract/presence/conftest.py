"""A presence service with real stores, and an ear on the bus."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.common.v1.actor_pb2 import Actor
from chorus.presence.v1 import events_pb2, presence_pb2, presence_pb2_grpc
from services.chassis.bus.redis import RedisBus, connect
from services.chassis.clock import Clock
from services.chassis.config import Settings
from services.chassis.ids import new_id
from services.chassis.metrics import Metrics
from services.presence.__main__ import wiring
from tests.contract.grounds import Grounds
from tests.contract.served import Caller, serving

LEASE_MS = 800


class Presence:
    """One instance, as an edge calls it."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._reports = 0
        self.stub = presence_pb2_grpc.PresenceServiceStub(caller.channel)

    async def report(
        self,
        edge: str,
        online: Sequence[str] = (),
        gone: Sequence[str] = (),
        *,
        full: bool = False,
        incarnation: str = "first",
        number: int | None = None,
    ) -> bool:
        """Report, by default under the next number; whether presence kept it."""
        self._reports += 1
        answer = await self._caller.call(
            self.stub.ReportSockets,
            presence_pb2.ReportSocketsRequest(
                edge_id=edge,
                incarnation=incarnation,
                number=self._reports if number is None else number,
                full=full,
                online=online,
                gone=gone,
            ),
        )
        assert answer.lease_ms > 0
        return not answer.full_wanted

    async def active(self, *users: str) -> None:
        await self._caller.call(self.stub.ReportActivity, presence_pb2.ReportActivityRequest(user_ids=users))

    async def statuses(self, *users: str) -> list[presence_pb2.Status]:
        answer = await self._caller.call(self.stub.GetStatuses, presence_pb2.GetStatusesRequest(user_ids=users))
        return list(answer.statuses)

    async def status(self, user: str) -> str:
        return (await self.statuses(user))[0].status

    async def set(
        self, user: str, status: str, dnd_end_time_s: int = 0, *, by: str = "", roles: Sequence[str] = ("system_user",)
    ) -> presence_pb2.Status:
        answer = await self._caller.call(
            self.stub.SetStatus,
            presence_pb2.SetStatusRequest(
                actor=Actor(user_id=by or user, roles=roles),
                user_id=user,
                status=status,
                dnd_end_time_s=dnd_end_time_s,
            ),
        )
        return answer.status

    async def typing(self, *items: presence_pb2.TypingItem) -> None:
        await self._caller.call(self.stub.PublishTyping, presence_pb2.PublishTypingRequest(items=items))

    async def becomes(self, user: str, status: str, seconds: float = 10) -> None:
        """Wait until the user's status is this; call it in time."""
        deadline = time.monotonic() + seconds
        while (now := await self.status(user)) != status:
            assert time.monotonic() < deadline, f"{now}, not {status}, after {seconds} s"
            await asyncio.sleep(0.02)


class Ear:
    """Everything that was published."""

    def __init__(self) -> None:
        self.entries: list[log_pb2.LogEntry] = []

    def changes(self, user: str) -> list[str]:
        """The user's statuses, in the order in which they were told."""
        told = [
            events_pb2.StatusChanged.FromString(entry.body)
            for entry in self.entries
            if entry.kind == "status_changed" and entry.topic == f"messaging/user:{user}"
        ]
        return [change.status for change in told]

    async def hears(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not heard: {self.entries}"
            await asyncio.sleep(0.01)


@pytest.fixture
async def settings(grounds: Grounds) -> Settings:
    """An empty database and an empty Redis for each test."""
    made = grounds.settings("presence")
    redis = connect(made)
    await redis.flushdb()
    await redis.aclose()
    return made


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Any]:
    """Presence's Redis."""
    client = connect(settings)
    yield client
    await client.aclose()


@pytest.fixture
async def ear(settings: Settings) -> AsyncIterator[Ear]:
    """Listens from the start of the test."""
    bus = RedisBus(settings, Metrics("test"))
    following, heard = bus.follow(), Ear()
    await following.start()

    async def listen() -> None:
        async for batch in following.batches():
            heard.entries += [log_pb2.LogEntry.FromString(message.data) for message in batch]

    listening = asyncio.ensure_future(listen())
    yield heard
    listening.cancel()
    await asyncio.wait({listening})
    await bus.close()


@asynccontextmanager
async def running(
    grounds: Grounds, settings: Settings, *, clock: Clock | None = None, ordinal: int = 1, lease_ms: int = LEASE_MS
) -> AsyncIterator[Presence]:
    """One instance, for as long as the block."""
    async with serving("presence", wiring(lease_ms), grounds, settings, clock=clock, ordinal=ordinal) as served:
        yield Presence(served.caller())


@pytest.fixture
def user() -> str:
    """A user's id."""
    return new_id()
