"""The cluster bus: publish, and follow from a position. It only makes events fast; the log makes them certain."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol


class BusError(Exception):
    """The bus is away or refused; what was published may or may not have arrived."""


class BusMessage(NamedTuple):
    """One event under way. `topic` travels beside the body, so that whoever does not want it need not decode it."""

    topic: str
    seq: int
    data: bytes


class Following(Protocol):
    """A subscription from an explicit position on: the oldest message that is kept, or the present after `start`."""

    interruptions: int
    """How often the connection was lost. What was published around then may never come (a failover loses the newest
    entries, a publisher met a closed door): whoever keeps state from what it reads drops it when this has changed."""

    async def start(self) -> None:
        """Fix the position at the streams' present ends; everything published from now on will be read."""
        ...

    def batches(self) -> AsyncIterator[list[BusMessage]]:
        """Yield messages as they come, at least once each, in order per topic; reconnect without end."""
        ...


class Bus(Protocol):
    """What a service needs of the bus."""

    async def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish in one round trip, in order per topic. Raises BusError."""
        ...

    def follow(self, topics: Sequence[str] = ()) -> Following:
        """Return a subscription to everything; given topics, to at least these, and to no more than must be."""
        ...

    async def publish_control(self, message: BusMessage) -> None:
        """Publish to the control stream, which carries revocations and markers, and return once it is there."""
        ...

    def follow_control(self) -> Following:
        """Return a subscription to the control stream."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
