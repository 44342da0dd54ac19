"""The WebSocket side on one page."""

from services.chassis.bus import Bus
from services.chassis.lifecycle import Process
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
from services.edge.ws.server import SocketServer


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
    server = SocketServer(
        settings, sessions, baselines, delivery, follower, presence, lambda: version, clock, tasks, metrics
    )
    follower.start()
    presence.start()
    await server.start(*process.listener("websocket"))
    process.on_stop("presence report", presence.close)

    async def drain() -> None:
        # Half of the time is for what comes after it: requests under way, and the parts below.
        await server.close(settings.ChorusSettings.DrainTimeoutSeconds / 2)

    process.on_stop("websocket", drain)
