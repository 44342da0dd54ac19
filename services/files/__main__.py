"""The files service: python -m services.files --instance … --config … --listen … --admin …."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from chorus.files.v1 import emoji_images_pb2_grpc, files_pb2_grpc, links_pb2_grpc, profile_images_pb2_grpc
from services.chassis.bus.redis import RedisBus
from services.chassis.config import ConfigError
from services.chassis.database import Database, migrate
from services.chassis.database.naming import service_dsn
from services.chassis.lifecycle import Process, Wire, run
from services.chassis.rpc.client import Mesh
from services.chassis.rpc.credentials import server_credentials
from services.chassis.rpc.server import RpcServer
from services.files.clients.messaging import MessagingClient
from services.files.clients.web import Web
from services.files.consumers.posts import PostsFollower
from services.files.domain.addresses import Reach
from services.files.metrics import FilesMetrics
from services.files.operations.attaching import Attaching
from services.files.operations.emoji_images import EmojiImages
from services.files.operations.links import LinkDescriptions
from services.files.operations.messaging import Messaging
from services.files.operations.profile_images import ProfileImages
from services.files.operations.reading import Reading
from services.files.operations.uploads import UploadRules, Uploads
from services.files.pictures.pool import Pictures
from services.files.servicers.emoji_images import EmojiImageServicer
from services.files.servicers.files import FileServicer
from services.files.servicers.links import LinkServicer
from services.files.servicers.profile_images import ProfileImageServicer
from services.files.store.directory import Directory
from services.files.store.objects import Objects

_log = logging.getLogger(__name__)

_SWEEP_SECONDS: Final = 60.0
_LOOKING_SECONDS: Final = 5.0
"""Seconds that a worker may take over one page or picture of a stranger's, whose links nobody waits for."""


def wiring(messaging: Messaging | None = None, *, sweep_seconds: float = _SWEEP_SECONDS) -> Wire:
    """Return how the service is built; `messaging` stands in for the real one behind the mesh."""

    async def wire(process: Process) -> None:
        settings, clock, tasks = process.settings, process.clock, process.tasks
        tls, files = Path(settings.ChorusSettings.TLSDirectory), settings.FileSettings
        metrics = FilesMetrics(process.metrics)
        objects = _objects(process)
        dsn = service_dsn(settings, "files")
        await migrate(dsn, Path(__file__).parent / "migrations")
        database = Database("files", dsn, process.metrics, pool_size=settings.SqlSettings.MaxOpenConns)
        process.on_stop("database", database.close)
        bus = RedisBus(settings, process.metrics)
        process.on_stop("bus", bus.close)
        mesh = Mesh(settings.ChorusSettings.MeshAddress, tls, "files", process.metrics)
        process.on_stop("mesh", mesh.close)
        pictures = Pictures(metrics, max_pixels=files.MaxImageResolution)
        process.on_stop("pictures", pictures.close)
        # Workers of their own: links of strangers must not make those wait who upload.
        lookers = Pictures(metrics, max_pixels=files.MaxImageResolution, workers=1, seconds=_LOOKING_SECONDS)
        process.on_stop("lookers", lookers.close)

        asked = messaging or MessagingClient(mesh.peer("messaging"))
        rules = UploadRules(files.EnableFileAttachments, files.MaxFileSize)
        uploads = Uploads(database, objects, pictures, asked, clock, metrics, rules)
        reading = Reading(database, objects, asked, metrics)
        attaching = Attaching(database, objects, asked, clock, metrics)

        web = Web(
            Reach.of(settings.ServiceSettings.AllowedUntrustedInternalConnections),
            settings.ExperimentalSettings.LinkMetadataTimeoutMilliseconds / 1000,
        )

        server = RpcServer(process.metrics, server_credentials(tls, "files"))
        files_pb2_grpc.add_FileServiceServicer_to_server(FileServicer(uploads, reading, attaching), server.grpc_server)
        emoji_images_pb2_grpc.add_EmojiImageServiceServicer_to_server(
            EmojiImageServicer(EmojiImages(database, objects, pictures, clock)), server.grpc_server
        )
        profile_images_pb2_grpc.add_ProfileImageServiceServicer_to_server(
            ProfileImageServicer(ProfileImages(database, objects, pictures, clock)), server.grpc_server
        )
        links_pb2_grpc.add_LinkServiceServicer_to_server(
            LinkServicer(LinkDescriptions(web, objects, lookers, metrics)), server.grpc_server
        )
        await server.start(str(process.listener("listen")))
        process.on_stop("grpc", server.close)
        # Both end only when they are cancelled.
        background = {
            tasks.spawn("posts", PostsFollower(bus, attaching).run()),
            tasks.spawn("sweep", _sweep(attaching, sweep_seconds)),
        }

        async def stop_background() -> None:
            for task in background:
                task.cancel()
            await asyncio.wait(background)

        process.on_stop("background", stop_background)
        server.follow(process.readiness, tasks)

    return wire


def _objects(process: Process) -> Objects:
    """Return the object store. Raises ConfigError for one that is not there yet, OSError for one that can't be used."""
    files = process.settings.FileSettings
    if files.DriverName == "amazons3":
        raise ConfigError(
            ["FileSettings.DriverName is amazons3, which this release cannot use yet: expected local or nfs."]
        )
    # A relative path is meant from where the configuration lies, wherever the process was started.
    return Directory((process.arguments.config.parent / files.Directory).resolve())


async def _sweep(attaching: Attaching, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await attaching.sweep()
        except Exception as error:
            _log.warning("sweep failed", extra={"why": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    raise SystemExit(run("files", wiring()))
