"""A gRPC server of the mesh.

Everything that holds for every call stands in one interceptor, compiled once per method: only Envoy may connect, only
the declared services may call, the request keeps its bounds, the deadline and the request's id are set for whatever is
called in turn, errors become statuses, and every call is counted.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
import protovalidate
from google.protobuf import descriptor, descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chorus.common.v1 import access_pb2
from services.chassis.admin import Readiness
from services.chassis.errors import DomainError, Reason
from services.chassis.logs import request_id
from services.chassis.metrics import Metrics
from services.chassis.rpc.call import deadline
from services.chassis.rpc.core import OPTIONS
from services.chassis.rpc.errors import to_status
from services.chassis.rpc.identity import caller_of, require_envoy
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)

MAX_CALLS: Final = 1024
"""Calls under way in one instance; the next is told to come again. Hot calls carry hundreds of items each, and plain
ones beyond this would only wait for a connection to the database until their deadlines."""

_HEALTH_PREFIX: Final = "/grpc.health.v1.Health/"
Context = grpc.aio.ServicerContext[Any, Any]
if TYPE_CHECKING:  # generic for mypy alone
    Handler = grpc.RpcMethodHandler[Any, Any]
_validate = protovalidate.validate


class Undeclared(Exception):
    """A method says not who may call it or what the user must hold; the server does not start with it."""


def access_of(method: descriptor.MethodDescriptor) -> access_pb2.Access:
    """Return the method's declared access. Raises Undeclared when it is missing or its request names no user."""
    access: access_pb2.Access = method.GetOptions().Extensions[access_pb2.access]
    if not access.callers or access.requirement == access_pb2.REQUIREMENT_UNSPECIFIED:
        raise Undeclared(f"{method.full_name} declares no callers or no requirement")
    if access.requirement == access_pb2.REQUIREMENT_ACTOR and not _names_an_actor(method.input_type):
        raise Undeclared(f"{method.full_name} needs an actor, but its request has no field `actor`")
    return access


def _names_an_actor(message: descriptor.Descriptor) -> bool:
    """Say whether the message, or the messages it is made of, hold an actor; its bounds then require it."""
    return any(
        field.name == "actor" or (field.message_type is not None and "actor" in field.message_type.fields_by_name)
        for field in message.fields
    )


class _Gate(grpc.aio.ServerInterceptor):
    """What holds for every call."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._under_way = 0
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: "Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]",
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "Handler | None":
        name = handler_call_details.method
        known = self._handlers.get(name)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None or name.startswith(_HEALTH_PREFIX):
            return handler
        gated = self._gated(name, handler)
        self._handlers[name] = gated
        return gated

    def _gated(self, name: str, handler: Any) -> "Handler":
        service, _, method = name.removeprefix("/").partition("/")
        access = access_of(descriptor_pool.Default().FindMethodByName(f"{service}.{method}"))
        callers = frozenset(access.callers)
        if handler.request_streaming and handler.response_streaming:
            raise Undeclared(f"{name}: streams both ways are not used here")
        if handler.response_streaming:
            behaviour, make = handler.unary_stream, grpc.unary_stream_rpc_method_handler
        elif handler.request_streaming:
            behaviour, make = handler.stream_unary, grpc.stream_unary_rpc_method_handler
        else:
            behaviour, make = handler.unary_unary, grpc.unary_unary_rpc_method_handler
        wrap = self._stream_out if handler.response_streaming else self._single_answer
        check = _checked_stream if handler.request_streaming else _checked
        gated: Handler = make(
            wrap(f"{service.rpartition('.')[2]}/{method}", callers, check, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        return gated

    def _single_answer(
        self, label: str, callers: frozenset[str], check: Callable[[Any], Any], behaviour: Callable[..., Any]
    ) -> Callable[[Any, Context], Awaitable[Any]]:
        seconds = self._metrics.rpc_server_seconds.labels(label)
        good = self._metrics.rpc_server_handled.labels(label, "OK")

        async def answer(request: Any, context: Context) -> Any:
            started = time.perf_counter()
            try:
                _admit(context, callers)
                with self._place():
                    response = await behaviour(check(request), context)
            except Exception as error:
                await self._refuse(label, context, error)
            else:
                good.inc()
                return response
            finally:
                seconds.observe(time.perf_counter() - started)

        return answer

    def _stream_out(
        self, label: str, callers: frozenset[str], check: Callable[[Any], Any], behaviour: Callable[..., Any]
    ) -> Callable[[Any, Context], AsyncIterator[Any]]:
        seconds = self._metrics.rpc_server_seconds.labels(label)
        good = self._metrics.rpc_server_handled.labels(label, "OK")

        async def answer(request: Any, context: Context) -> AsyncIterator[Any]:
            started = time.perf_counter()
            try:
                _admit(context, callers)
                with self._place():
                    async for part in behaviour(check(request), context):
                        yield part
                good.inc()
            except Exception as error:
                await self._refuse(label, context, error)
            finally:
                seconds.observe(time.perf_counter() - started)

        return answer

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Take one of the places for calls under way. Raises busy when there is none."""
        if self._under_way >= MAX_CALLS:
            raise DomainError(Reason.BUSY, part="calls", retry_after_s=1)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _refuse(self, label: str, context: Context, error: Exception) -> None:
        if isinstance(error, protovalidate.ValidationError):
            error = DomainError(Reason.INVALID_ARGUMENT, field=_first_field(error))
        elif not isinstance(error, DomainError):
            # The cause stays here: a stack trace never leaves the process.
            _log.error("call failed", exc_info=error, extra={"method": label})
            error = DomainError(Reason.INTERNAL)
        status = to_status(error)
        self._metrics.rpc_server_handled.labels(label, status.code.name).inc()
        await context.abort_with_status(status)


def _admit(context: Context, callers: frozenset[str]) -> None:
    """Let the call in: from Envoy, for a declared caller; set what travels along with it."""
    require_envoy(context)
    metadata = context.invocation_metadata() or ()
    caller = caller_of(metadata)
    if caller not in callers:
        raise DomainError(Reason.CALLER_REFUSED, caller=caller)
    for key, value in metadata:
        if key == "x-request-id":
            request_id.set(str(value))
            break
    left = cast("float | None", context.time_remaining())  # None without a deadline, whatever the stubs say
    deadline.set(None if left is None else asyncio.get_running_loop().time() + left)


def _checked(request: Any) -> Any:
    _validate(request)
    return request


async def _checked_stream(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        _validate(request)
        yield request


def _first_field(error: protovalidate.ValidationError) -> str:
    """Return the path of the first field that breaks its bounds, as in `drafts[0].id`."""
    return str(error).partition(":")[0]


class RpcServer:
    """A service's gRPC server: mTLS, the gate, and the standard health service."""

    def __init__(self, metrics: Metrics, credentials: grpc.ServerCredentials) -> None:
        """Make a server that listens nowhere yet; register servicers with `grpc_server`, then `start`."""
        self.grpc_server = grpc.aio.server(
            interceptors=(_Gate(metrics),),
            options=(
                *OPTIONS,
                ("grpc.so_reuseport", 0),
                # Longer than Envoy's idle timeout, so that it is Envoy that closes idle connections.
                ("grpc.max_connection_idle_ms", 3_600_000),
                # Envoy asks every second whether a connection lives on which calls are held (service-clusters.yaml).
                ("grpc.http2.min_ping_interval_without_data_ms", 250),
                ("grpc.keepalive_permit_without_calls", 1),
            ),
        )
        self._credentials = credentials
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc_server)

    async def start(self, address: str) -> int:
        """Listen on `host:port` and serve; return the port. Raises RuntimeError when the port is taken."""
        port = self.grpc_server.add_secure_port(address, self._credentials)
        await self.grpc_server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        return port

    def follow(self, readiness: Readiness, tasks: Tasks) -> None:
        """Tell whoever asks by gRPC whether to send calls: once the process is ready, and no more when it drains."""
        status = health_pb2.HealthCheckResponse

        def changed(ready: bool) -> None:
            tasks.spawn("grpc health", self._health.set("", status.SERVING if ready else status.NOT_SERVING))

        readiness.watch(changed)

    async def not_serving(self) -> None:
        """Tell Envoy to send no more calls, while those under way go on."""
        await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)

    async def close(self, grace: float = 10.0) -> None:
        """Refuse new calls, give those under way `grace` seconds, and stop."""
        await self.grpc_server.stop(grace)
