"""A real Envoy with the real policy, before small backends that say who they are and what they were sent."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

import aiohttp
import grpc
from aiohttp import web

from deploy.local import authority
from deploy.local.envoy import render, render_endpoints
from deploy.local.paths import executable
from deploy.local.ports import Ports, free_block
from deploy.local.topology import Instance, Topology, instance

GET_POSTS = "/chorus.messaging.v1.PostService/GetPosts"
PATCH_POST = "/chorus.messaging.v1.PostService/PatchPost"
TAKE_OVER = "/chorus.edge.v1.EdgeService/TakeOver"
DOWNLOAD = "/chorus.files.v1.FileService/DownloadFile"


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 5.0) -> None:
    """Wait until the condition holds; fails with `what` when it doesn't in time."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)


def credentials(tls: Path, identity: str) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        (tls / "ca.pem").read_bytes(),
        (tls / f"{identity}-key.pem").read_bytes(),
        (tls / f"{identity}.pem").read_bytes(),
    )


def application(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.AppRunner:
    """What answers every request by `handler`."""
    made = web.Application(client_max_size=1 << 30)
    made.router.add_route("*", "/{path:.*}", handler)
    return web.AppRunner(made, shutdown_timeout=0.1)


async def serve(runner: web.AppRunner, instance: Instance, port: int) -> None:
    """Listen."""
    await runner.setup()
    await web.TCPSite(runner, instance.host, port).start()


class Service(grpc.GenericRpcHandler):  # type: ignore[misc, unused-ignore]
    """Answers any unary method with JSON of its name and the metadata; echoes DownloadFile's stream."""

    def __init__(self, instance: Instance, tls: Path) -> None:
        self.instance = instance
        self.failing = grpc.StatusCode.OK
        self.calls = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self._draining = False
        self._admin = application(self._ready)
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self,))
        key, certificate = tls / f"{instance.service}-key.pem", tls / f"{instance.service}.pem"
        self._server.add_secure_port(
            f"{instance.host}:{instance.rpc_port}",
            grpc.ssl_server_credentials(
                [(key.read_bytes(), certificate.read_bytes())], (tls / "ca.pem").read_bytes(), require_client_auth=True
            ),
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        if handler_call_details.method == DOWNLOAD:
            return grpc.stream_stream_rpc_method_handler(self._echo)
        return grpc.unary_unary_rpc_method_handler(self._answer)

    async def start(self) -> None:
        await serve(self._admin, self.instance, self.instance.admin_port)
        await self._server.start()

    async def drain(self) -> None:
        self._draining = True

    async def stop(self) -> None:
        await self._server.stop(None)
        await self._admin.cleanup()

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=503 if self._draining and request.path == "/readyz" else 200)

    async def _answer(self, request: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        self.calls += 1
        await self.hold.wait()
        if self.failing is not grpc.StatusCode.OK:
            await context.abort(self.failing)
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        remaining = context.time_remaining()
        return json.dumps({"name": self.instance.name, "metadata": metadata, "remaining": remaining}).encode()

    async def _echo(
        self, requests: AsyncIterator[bytes], context: "grpc.aio.ServicerContext[bytes, bytes]"
    ) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request


class Edge:
    """Answers any request with JSON of its name and the headers; its socket echoes, or floods when told to."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.draining = False
        self.status = 200
        self.calls = 0
        self.flooded = 0
        self._rest = application(self._answer)
        self._websocket = application(self._socket)

    async def start(self) -> None:
        assert self.instance.websocket_port is not None
        await serve(self._rest, self.instance, self.instance.port)
        await serve(self._websocket, self.instance, self.instance.websocket_port)

    async def stop(self) -> None:
        await self._rest.cleanup()
        await self._websocket.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/healthz":
            return web.Response(status=503 if self.draining else 200)
        self.calls += 1
        size = len(await request.read())
        headers = {key.lower(): value for key, value in request.headers.items()}
        seen = {"name": self.instance.name, "path": request.path_qs, "headers": headers, "size": size}
        return web.json_response(seen, status=self.status)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        # As the edge does it (DESIGN §6): on loopback the kernel would grow this to 4 MiB.
        request.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 65536)
        await socket.send_str(self.instance.name)
        async for message in socket:
            if message.data == "flood":
                self.flooded = 0
                while not socket.closed:
                    await socket.send_bytes(b"x" * 16384)
                    self.flooded += 16384
            await socket.send_str(message.data)
        return socket


@dataclass
class Mesh:
    """Envoy and what stands behind it; one for all tests of the module, each leaves it as it was."""

    topology: Topology
    folder: Path
    services: dict[str, Service] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    @property
    def tls(self) -> Path:
        return self.topology.tls_directory

    @property
    def front(self) -> str:
        return f"http://127.0.0.1:{self.topology.ports.front}"

    @property
    def log(self) -> list[dict[str, Any]]:
        """What Envoy wrote: its own log and the access log."""
        return [json.loads(line) for line in (self.folder / "envoy.log").read_text().splitlines()]

    def channel(self, service: str, identity: str = "edge") -> grpc.aio.Channel:
        """As every service opens one: Envoy's address, the called service's authority, its own certificate."""
        return grpc.aio.secure_channel(
            f"127.0.0.1:{self.topology.ports.mesh}",
            credentials(self.tls, identity),
            options=[("grpc.default_authority", f"{service}.chorus.internal")],
        )

    async def admin(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.topology.ports.envoy_admin}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()

    async def presented_certificate(self) -> bytes:
        """The certificate that the mesh listener shows to a new connection."""
        context = ssl.create_default_context(cafile=self.tls / "ca.pem")
        context.load_cert_chain(self.tls / "edge.pem", self.tls / "edge-key.pem")
        context.set_alpn_protocols(["h2"])
        _, writer = await asyncio.open_connection("127.0.0.1", self.topology.ports.mesh, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        return bytes(shown)

    async def statistics(self, pattern: str) -> dict[str, int]:
        answer = json.loads(await self.admin(f"/stats?format=json&filter={pattern}"))
        return {entry["name"]: entry["value"] for entry in answer["stats"] if "value" in entry}

    async def healthy(self, cluster: str) -> set[int]:
        """The ports of the cluster's endpoints that take traffic."""
        answer = json.loads(await self.admin("/clusters?format=json"))
        return {
            host["address"]["socket_address"]["port_value"]
            for status in answer["cluster_statuses"]
            if status["name"] == cluster
            for host in status.get("host_statuses", [])
            if host["health_status"] == {"eds_health_status": "HEALTHY"}
        }

    async def settled(self) -> None:
        """Wait until Envoy sends to exactly the instances of the topology."""
        wanted: dict[str, set[int]] = {"edge_rest": set(), "edge_websocket": set()}
        for one in self.topology.instances:
            wanted.setdefault(one.service, set()).add(one.rpc_port)
            if one.websocket_port is not None:
                wanted["edge_rest"].add(one.port)
                wanted["edge_websocket"].add(one.websocket_port)

        async def as_wanted() -> bool:
            return all([await self.healthy(cluster) == ports for cluster, ports in wanted.items()])

        await eventually(as_wanted, "all endpoints healthy")

    def announce(self, instances: tuple[Instance, ...]) -> None:
        """Tell Envoy that these run now."""
        self.topology = replace(self.topology, instances=instances)
        render_endpoints(self.topology, self.folder / "xds")

    async def replace(self, dead: Service) -> None:
        """Start the instance again after it was stopped."""
        self.services[dead.instance.name] = Service(dead.instance, self.tls)
        await self.services[dead.instance.name].start()
        await self.settled()

    async def start(self) -> None:
        for one in self.topology.instances:
            if one.service == "edge":
                self.edges[one.name] = Edge(one)
                await self.edges[one.name].start()
            self.services[one.name] = Service(one, self.tls)
            await self.services[one.name].start()
        render(self.topology, self.folder / "xds")
        arguments = ("-c", f"{self.folder}/xds/bootstrap.yaml", "--concurrency", "2", "--disable-hot-restart")
        with (self.folder / "envoy.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                executable("envoy"), *arguments, "--file-flush-interval-msec", "50", "-l", "warning", stderr=log
            )

        async def ready() -> bool:
            assert self._process is not None
            assert self._process.returncode is None, (self.folder / "envoy.log").read_text()
            try:
                return (await self.admin("/ready")).strip() == "LIVE"
            except aiohttp.ClientError:
                return False

        await eventually(ready, "Envoy is ready")
        await self.settled()

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        for edge in self.edges.values():
            await edge.stop()
        for service in self.services.values():
            await service.stop()


def mesh(folder: Path) -> Mesh:
    """Two of what the tests tell apart, at ports of their own; auth's are two releases."""
    ports = Ports(free_block())
    authority.ensure(folder / "tls")
    wanted = [("edge", 1), ("edge", 2), ("messaging", 1), ("messaging", 2), ("auth", 1), ("auth", 2), ("files", 1)]
    instances: Mapping[str, Instance] = {
        f"{service}-{ordinal}": instance(
            ports, service, ordinal, "next" if (service, ordinal) == ("auth", 2) else "stable"
        )
        for service, ordinal in wanted
    }
    return Mesh(Topology(ports=ports, tls_directory=folder / "tls", instances=tuple(instances.values())), folder)


async def ask(
    channel: grpc.aio.Channel, method: str = GET_POSTS, metadata: Mapping[str, str] | None = None, timeout: float = 5.0
) -> dict[str, Any]:
    """One unary call: which instance answered, and the metadata that it saw."""
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    answer: dict[str, Any] = json.loads(await call(b"", metadata=tuple((metadata or {}).items()), timeout=timeout))
    return answer
