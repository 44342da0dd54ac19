"""The presence service: python -m services.presence --instance … --config … --listen … --admin …."""

import asyncio
from pathlib import Path
from typing import Final

from chorus.presence.v1 import presence_pb2_grpc
from services.chassis.bus.redis import RedisBus
from services.chassis.database import Database, migrate
from services.chassis.database.naming import service_dsn
from services.chassis.events import Publisher
from services.chassis.lifecycle import Process, Wire, run
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.server import RpcServer
from services.presence.metrics import PresenceMetrics
from services.presence.operations.announcing import Announcer
from services.presence.operations.settling import Settling
from services.presence.operations.sockets import Sockets
from services.presence.operations.statuses import Statuses
from services.presence.operations.sweep import Sweep
from services.presence.operations.typing import Typing
from services.presence.servicers.presence import PresenceServicer
from services.presence.store.registry import Registry

LEASE_MS: Final = 9_500
"""A killed edge's users are offline within ten seconds: the lease, the sweep's step and the work after it."""


def wiring(lease_ms: int = LEASE_MS) -> Wire:
    """Return how the service is built."""

    async def wire(process: Process) -> None:
        settings, clock, tasks = process.settings, process.clock, process.tasks
        metrics = PresenceMetrics(process.metrics)
        dsn = service_dsn(settings, "presence")
        await migrate(dsn, Path(__file__).parent / "migrations")
        database = Database("presence", dsn, process.metrics, pool_size=settings.SqlSettings.MaxOpenConns)
        process.on_stop("database", database.close)
        registry = Registry(settings)
        process.on_stop("registry", registry.close)
        bus = RedisBus(settings, process.metrics)
        process.on_stop("bus", bus.close)

        away_after_ms = settings.TeamSettings.UserStatusAwayTimeout * 1000
        switches = settings.ServiceSettings
        publisher = Publisher(bus, tasks, process.metrics)
        process.on_stop("publisher", publisher.close)
        announcer = Announcer(publisher, clock, metrics)
        settling = Settling(database, registry, announcer, clock, away_after_ms=away_after_ms)
        sweep = Sweep(
            process.instance,
            database,
            registry,
            settling,
            clock,
            metrics,
            lease_ms=lease_ms,
            away_after_ms=away_after_ms,
        )
        servicer = PresenceServicer(
            Sockets(database, registry, settling, clock, metrics),
            Statuses(database, registry, announcer, clock, enabled=switches.EnableUserStatuses),
            Typing(announcer, enabled=switches.EnableUserTypingMessages),
            lease_ms=lease_ms,
        )

        server = RpcServer(process.metrics, server_credentials(Path(settings.ChorusSettings.TLSDirectory), "presence"))
        presence_pb2_grpc.add_PresenceServiceServicer_to_server(servicer, server.grpc_server)
        await server.start(str(process.listener("listen")))
        process.on_stop("grpc", server.close)
        # Both end only when they are cancelled.
        sweeping = {tasks.spawn("watch", sweep.watch()), tasks.spawn("sweep", sweep.run())}

        async def stop_sweeping() -> None:
            for task in sweeping:
                task.cancel()
            await asyncio.wait(sweeping)

        process.on_stop("sweep", stop_sweeping)

        server.follow(process.readiness, tasks)

    return wire


if __name__ == "__main__":
    raise SystemExit(run("presence", wiring()))
