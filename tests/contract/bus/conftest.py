"""The buses that keep the contract, each with what it runs on, and an ear on them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from services.chassis.bus import Bus, BusMessage, Following
from services.chassis.bus.redis import RedisBus
from services.chassis.metrics import Metrics
from tests.contract.redis_servers import Clustered, Park, Servers, Single, UnderSentinel, settings_of


class Ear:
    """Follows, and keeps what it heard."""

    def __init__(self, following: Following) -> None:
        self.following = following
        self.heard: list[BusMessage] = []

    async def listen(self) -> None:
        async for batch in self.following.batches():
            self.heard += batch

    def seqs(self, topic: str) -> list[int]:
        """The topic's numbers as they came."""
        return [message.seq for message in self.heard if message.topic == topic]

    async def hears(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        """Wait until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not heard in {seconds} s; the last were {self.heard[-5:]}"
            await asyncio.sleep(0.01)


async def becomes(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)


class Place:
    """Buses of one backend: any number of them, as there are processes."""

    def __init__(self, servers: Servers, folder: Path, stack: AsyncExitStack) -> None:
        self.servers = servers
        self._settings, self._stack = settings_of(servers, folder), stack

    def bus(self) -> Bus:
        bus = RedisBus(self._settings, Metrics("test"))
        self._stack.push_async_callback(bus.close)
        return bus

    async def ear(self, following: Following | None = None, *, start: bool = True) -> Ear:
        """Listen from now, or from the oldest on without `start`; to all topics if not told otherwise."""
        ear = Ear(following or self.bus().follow())
        if start:
            await ear.following.start()
        await self._stack.enter_async_context(_listening(ear))
        return ear


@asynccontextmanager
async def _listening(ear: Ear) -> AsyncIterator[None]:
    task = asyncio.ensure_future(ear.listen())
    yield
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture(params=[Single, UnderSentinel, Clustered], ids=["single", "sentinel", "cluster"])
def servers(park: Park, request: pytest.FixtureRequest) -> Iterator[Servers]:
    """What the bus runs on; a test may ask for one kind by `indirect`."""
    with park.lent(request.param) as lent:
        yield lent


@pytest.fixture
async def place(servers: Servers, tmp_path: Path) -> AsyncIterator[Place]:
    """Where buses are made."""
    async with AsyncExitStack() as stack:
        yield Place(servers, tmp_path, stack)
