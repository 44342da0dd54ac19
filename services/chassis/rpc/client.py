"""Calls to other services: always through Envoy, always with a deadline."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc

from services.chassis.ids import new_id
from services.chassis.logs import request_id
from services.chassis.metrics import Metrics
from services.chassis.rpc.call import time_left
from services.chassis.rpc.core import OPTIONS
from services.chassis.rpc.credentials import channel_credentials
from services.chassis.rpc.errors import from_rpc_error

Request = TypeVar("Request")
Response = TypeVar("Response")

DEFAULT_SECONDS: Final = 10.0
STREAM_SECONDS: Final = 3600.0
LANE: Final = "x-chorus-lane"
EDGE: Final = "x-chorus-edge"


class Mesh:
    """The way to the other services: one channel to Envoy for each of them."""

    def __init__(self, address: str, tls_directory: Path, identity: str, metrics: Metrics) -> None:
        """`address` is Envoy's mesh listener; `identity` names our certificate in `tls_directory`."""
        self._address = address
        self._credentials = channel_credentials(tls_directory, identity)
        self._metrics = metrics
        self._peers: dict[str, Peer] = {}

    def peer(self, service: str) -> "Peer":
        """Return the peer for a service; it connects when first called."""
        if service not in self._peers:
            channel = grpc.aio.secure_channel(
                self._address,
                self._credentials,
                options=(
                    # Envoy routes by this name; its certificate covers all of *.chorus.internal.
                    ("grpc.default_authority", f"{service}.chorus.internal"),
                    *OPTIONS,
                    ("grpc.enable_retries", 0),  # Envoy's retry policy is the only one
                    ("grpc.initial_reconnect_backoff_ms", 100),
                    ("grpc.max_reconnect_backoff_ms", 1000),
                ),
            )
            self._peers[service] = Peer(service, channel, self._metrics)
        return self._peers[service]

    async def close(self) -> None:
        """Close all channels."""
        for peer in self._peers.values():
            await peer.channel.close()


class Peer:
    """One called service."""

    def __init__(self, service: str, channel: grpc.aio.Channel, metrics: Metrics) -> None:
        """Made by `Mesh.peer`; stubs are built on `channel`."""
        self.service = service
        self.channel = channel
        self._metrics = metrics

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        seconds: float = DEFAULT_SECONDS,
        lane: int | None = None,
        edge: str | None = None,
    ) -> Response:
        """Call and return the answer; raise the peer's DomainError.

        `seconds` is cut to what the present request has left. Calls of the same `lane` go to the same instance; a call
        of edges goes to the one that `edge` names, or fails.
        """
        started = time.perf_counter()
        name = _label(method)
        code = "OK"
        try:
            return await method(request, timeout=time_left(seconds), metadata=_metadata(lane, edge))
        except grpc.aio.AioRpcError as error:
            code = error.code().name
            raise from_rpc_error(error) from error
        finally:
            self._metrics.rpc_client_handled.labels(name, code).inc()
            self._metrics.rpc_client_seconds.labels(name).observe(time.perf_counter() - started)

    async def upload(
        self,
        method: grpc.aio.StreamUnaryMultiCallable[Request, Response],
        parts: AsyncIterator[Request],
        *,
        seconds: float = STREAM_SECONDS,
    ) -> Response:
        """Send parts and return the answer; raise the peer's DomainError, or what `parts` raised."""
        failure: Exception | None = None

        async def watched() -> AsyncIterator[Request]:
            nonlocal failure
            try:
                async for part in parts:
                    yield part
            except Exception as error:
                failure = error
                raise

        call = method(watched(), timeout=seconds, metadata=_metadata())
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise failure or from_rpc_error(error) from error
        except asyncio.CancelledError:
            call.cancel()
            task = asyncio.current_task()
            if failure is None or (task is not None and task.cancelling()):
                raise
            raise failure from None  # gRPC cancels the call when its parts raise, and tells nothing else

    async def download(
        self,
        method: grpc.aio.UnaryStreamMultiCallable[Request, Response],
        request: Request,
        *,
        seconds: float = STREAM_SECONDS,
    ) -> AsyncGenerator[Response, None]:
        """Yield the parts of the answer; raise the peer's DomainError. Leaving early cancels the call."""
        call = method(request, timeout=seconds, metadata=_metadata())
        try:
            async for part in call:
                yield part
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        finally:
            call.cancel()


def _metadata(lane: int | None = None, edge: str | None = None) -> tuple[tuple[str, str], ...]:
    about = [("x-request-id", request_id.get() or new_id())]
    if lane is not None:
        about.append((LANE, str(lane)))
    if edge is not None:
        about.append((EDGE, edge))
    return tuple(about)


def _label(method: Any) -> str:
    path = method._method.decode() if isinstance(method._method, bytes) else str(method._method)
    service, _, name = path.removeprefix("/").partition("/")
    return f"{service.rpartition('.')[2]}/{name}"
