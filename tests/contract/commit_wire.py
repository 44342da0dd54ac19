"""A wire to PostgreSQL that breaks at COMMIT: before it gets there, as it is sent, or when its answer is on its way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from services.chassis.config import Settings
from services.chassis.config.secret import Secret

When = Literal["never", "unsent", "sent", "answered"]

_CHUNK = 65536


class CommitWire:
    """Passes everything on until it is told to cut."""

    def __init__(self, target: int) -> None:
        self.cut: When = "never"
        self.cuts = 0
        self._target = target

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.ensure_future(_pass_on(far_reader, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.cut != "never" and b"COMMIT" in data:
                    self.cuts += 1
                    await self._last(data, answers, far_reader, far_writer)
                    break
                far_writer.write(data)
                await far_writer.drain()
        answers.cancel()
        writer.transport.abort()
        far_writer.close()

    async def _last(
        self,
        data: bytes,
        answers: "asyncio.Future[None]",
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        if self.cut == "unsent":
            return
        answers.cancel()
        await asyncio.wait({answers})
        far_writer.write(data)
        await far_writer.drain()
        if self.cut == "answered":
            await far_reader.read(1)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def commit_wire(settings: Settings) -> AsyncIterator[tuple[CommitWire, Settings]]:
    """A wire, and the settings that lead over it."""
    dsn = urlsplit(settings.SqlSettings.DataSource.reveal())
    assert dsn.port is not None
    wire = CommitWire(dsn.port)
    async with await asyncio.start_server(wire.accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        wired = urlunsplit(dsn._replace(netloc=dsn.netloc.replace(f":{dsn.port}", f":{port}")))
        yield wire, replace(settings, SqlSettings=replace(settings.SqlSettings, DataSource=Secret(wired)))
