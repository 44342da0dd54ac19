"""The WebSocket side on one page."""

from pathlib import Path

from chorus.edge.v1 import edge_pb2_grpc
from services.chassis.bus import Bus
from services.chassis.lifecycle import Process
from services.chassis.registry import RedisRegistry
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.server import RpcServer
from services.edge.clients.peers import Clients
from services.edge.dialect.events import EventFrames
from services.edge.dialect.users import UserShapes
from services.edge.sessions import Sessions
from services.edge.ws.admission import BaselineReader
from services.edge.ws.delivery import Delivery
from services.edge.ws.follower import Follower
from services.edge.ws.hub import Hub
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.presence import PresenceReporter
from services.edge.ws.resume import KEPT_BY_REGISTRY, Resumer
from services.edge.ws.resumption import Resumption
from services.edge.ws.server import SocketServer
from services.edge.ws.servicer import EdgeServicer


async def serve_edges(process: Process, resumer: Resumer) -> None:
    """Serve the other edges on the listener `listen` until the process ends. Raises RuntimeError."""
    folder = Path(process.settings.ChorusSettings.TLSDirectory)
    server = RpcServer(process.metrics, server_credentials(folder, "edge"))
    edge_pb2_grpc.add_EdgeServiceServicer_to_server(EdgeServicer(resumer), server.grpc_server)
    # Not tied to readiness: while this edge drains, the others come for its connections.
    await server.start(str(process.listener("listen")))
    process.on_stop("grpc", server.close)


async def serve_websockets(process: Process, bus: Bus, clients: Clients, sessions: Sessions, *, version: str) -> None:
    """Serve on the listener `websocket` until the process ends; `version` is what hello tells. Raises OSError."""
    settings, clock, tasks = process.settings, process.clock, process.tasks
    metrics = SocketMetrics(process.metrics)
    hub = Hub(metrics)
    logs = {"auth": clients.auth_log, "messaging": clients.messaging_log}
    frames = EventFrames(
        UserShapes(settings.PrivacySettings), tell_viewed=settings.ServiceSettings.EnableChannelViewedMessages
    )
    delivery = Delivery(hub, frames, logs, metrics)
    follower = Follower(bus, logs, delivery, sessions.current, clock, tasks, metrics, doubts={"auth": sessions.doubt})
    baselines = BaselineReader(
        clients.members, clients.auth_log, delivery.recent, follower, tasks, process.metrics, metrics
    )
    presence = PresenceReporter(process.instance, clients.presence, hub.users, clock, tasks)
    registry = RedisRegistry(settings, "connections", kept_seconds=KEPT_BY_REGISTRY)
    process.on_stop("registry", registry.close)
    resumption = Resumption(
        delivery, ended=lambda connection_id: resumer.ended(connection_id), left_out=metrics.dropped.labels("slow").inc
    )
    resumer = Resumer(
        process.instance, resumption, registry, clients.edges, baselines.read, delivery, follower.alone, clock, metrics
    )
    server = SocketServer(
        settings,
        sessions,
        baselines,
        delivery,
        follower,
        presence,
        resumption,
        resumer,
        lambda: version,
        clock,
        tasks,
        metrics,
    )
    await serve_edges(process, resumer)
    follower.start()
    presence.start()
    tasks.spawn("connections", resumer.run(), vital=True)
    await server.start(*process.listener("websocket"))
    process.on_stop("presence report", presence.close)

    async def drain() -> None:
        # Half of the time is for the clients to come to other edges, and half for what comes after it: requests under
        # way, and the parts below.
        await server.close(settings.ChorusSettings.DrainTimeoutSeconds / 2)

    process.on_stop("websocket", drain)
