"""The edge: python -m services.edge --instance … --config … --listen … --rest … --websocket … --admin …."""

from pathlib import Path

from services.chassis.bus.redis import RedisBus
from services.chassis.lifecycle import Process, run
from services.chassis.rpc.client import Mesh
from services.edge.clients.peers import Clients
from services.edge.dialect.client_config import server_version
from services.edge.installation import installation
from services.edge.metrics import RestMetrics
from services.edge.rest.application import Application
from services.edge.rest.cookies import cookie_path
from services.edge.rest.pages import Pages
from services.edge.rest.rate_limit import rate_limit
from services.edge.rest.resources import resources
from services.edge.sessions import Sessions
from services.edge.ws.wiring import serve_websockets


async def wire(process: Process) -> None:
    """Build the service; everything it needs of others comes in here."""
    settings, clock, tasks, metrics = process.settings, process.clock, process.tasks, process.metrics
    bus = RedisBus(settings, metrics)
    process.on_stop("bus", bus.close)
    tls = Path(settings.ChorusSettings.TLSDirectory)
    mesh = Mesh(settings.ChorusSettings.MeshAddress, tls, "edge", metrics)
    process.on_stop("mesh", mesh.close)
    clients = Clients.of(mesh, tasks, metrics)
    sessions = Sessions(clients.auth.authenticate, bus, clock, tasks, metrics)
    sessions.start()
    facts = installation(settings)
    version = server_version(settings, facts)

    rest = Application(
        resources(clients, sessions, settings, facts, metrics),
        sessions,
        process.readiness,
        RestMetrics(metrics),
        version=version,
        body_limit=settings.ServiceSettings.MaximumPayloadSizeBytes,
        strict_csrf=settings.ServiceSettings.ExperimentalStrictCSRFEnforcement,
        cookie_path=cookie_path(settings),
        pages=Pages(settings),
        limit=rate_limit(settings.RateLimitSettings, clock),
    )
    await rest.start(*process.listener("rest"))
    process.on_stop("rest", rest.close)
    await serve_websockets(process, bus, clients, sessions, version=version)


if __name__ == "__main__":
    raise SystemExit(run("edge", wire, listeners=("listen", "rest", "websocket")))
