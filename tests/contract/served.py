"""A service as it is wired for real, in this process, and peers that call it as Envoy would."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest

from services.chassis.clock import Clock
from services.chassis.config import Loaded, Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.lifecycle import Address, Arguments, Process, Wire
from services.chassis.rpc.credentials import channel_credentials
from services.chassis.rpc.errors import from_rpc_error
from tests.contract.grounds import Grounds

Request = TypeVar("Request")
Response = TypeVar("Response")


class Caller:
    """Calls one service: generated stubs are built on `channel`, and `call` adds what Envoy adds."""

    def __init__(self, service: str, address: str, tls: Path, caller: str | None, identity: str = "envoy") -> None:
        """Hold the certificate of `identity` and say in Envoy's header to be `caller`; None leaves the header out."""
        self.channel = grpc.aio.secure_channel(
            address,
            channel_credentials(tls, identity),
            options=(
                ("grpc.default_authority", f"{service}.chorus.internal"),
                ("grpc.ssl_target_name_override", f"{service}.chorus.internal"),
                ("grpc.use_local_subchannel_pool", 1),  # a connection of its own: its certificate is the point
            ),
        )
        self.metadata: tuple[tuple[str, str], ...] = (
            () if caller is None else (("x-forwarded-client-cert", f"URI=spiffe://chorus/{caller}"),)
        )

    async def call(
        self, method: "grpc.aio.UnaryUnaryMultiCallable[Request, Response]", request: Request, seconds: float = 20
    ) -> Response:
        """Call and return the answer; raise the service's DomainError."""
        try:
            return await method(request, timeout=seconds, metadata=self.metadata)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error


class Served:
    """A running service."""

    def __init__(self, service: str, process: Process, grounds: Grounds) -> None:
        """Made by `serving`."""
        self.service, self.process, self._grounds = service, process, grounds
        self._callers: list[Caller] = []

    def caller(self, caller: str | None = "edge", identity: str = "envoy") -> Caller:
        """Return a way to call it, closed at the end."""
        address = str(self.process.listener("listen"))
        made = Caller(self.service, address, self._grounds.tls, caller, identity)
        self._callers.append(made)
        return made

    async def close(self) -> None:
        """Close the callers, then stop the service's parts in order."""
        for caller in self._callers:
            await caller.channel.close()
        await self.process._drain()  # what SIGTERM does


@asynccontextmanager
async def serving(
    service: str, wire: Wire, grounds: Grounds, settings: Settings, *, clock: Clock | None = None, ordinal: int = 1
) -> AsyncIterator[Served]:
    """Run the service's own wiring on a local port; `ordinal` (from 1) tells instances of one service apart."""
    listen = Address("127.0.0.1", grounds.ports.instance(service, ordinal))
    arguments = Arguments(f"{service}-{ordinal}", Path(), Address("127.0.0.1", 0), {"listen": listen}, "")
    process = Process(service, arguments, Loaded(settings, (), (), {}))
    if clock is not None:
        process.clock = clock
    process.on_stop("tasks", process.tasks.close)
    served = Served(service, process, grounds)
    try:
        await wire(process)
        process.readiness.started()
        yield served
    finally:
        await served.close()


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 5.0) -> None:
    """Wait until the condition holds; fail with `what` when it doesn't in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.01)


@contextmanager
def refused(reason: Reason, **facts: str) -> Iterator[None]:
    """Expect a DomainError of this reason, with at least these facts."""
    with pytest.raises(DomainError) as caught:
        yield
    error: Any = caught.value
    assert error.reason is reason, str(error)
    assert facts.items() <= error.facts.items(), str(error)
