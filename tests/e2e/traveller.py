"""A client whose connection goes on: it comes again, anywhere, with the id and the number that it had."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp

from tests.e2e.client import Place

SECONDS = 20.0


class Traveller:
    """One user's client. It keeps all frames since its last hello, and fails when their numbers are not contiguous."""

    def __init__(self, http: aiohttp.ClientSession, name: str, token: str) -> None:
        self.name, self.token = name, token
        self.connection_id = ""
        self.hellos = 0
        self.frames: list[dict[str, Any]] = []
        self.past: list[list[dict[str, Any]]] = []
        """The frames of each connection that did not go on."""
        self.told: Counter[str] = Counter()
        """Frames since the last hello, by their event."""
        self.opened = 0
        self.slowest = 0.0
        """The longest time between a request for a socket and its first frame, in seconds."""
        self._http = http
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._came_at = 0.0

    @property
    def ended(self) -> bool:
        """Whether its socket has ended."""
        return self._reader is None or self._reader.done()

    def posts(self, channel_id: str) -> list[str]:
        """The ids of the channel's ordinary posts, in the order in which they came since the last hello."""
        return _posts(self.frames, channel_id)

    def past_posts(self, channel_id: str) -> list[list[str]]:
        """The same of each connection that did not go on."""
        return [_posts(frames, channel_id) for frames in self.past]

    async def come(self, place: Place) -> None:
        """Open a socket there and read it; whatever socket there was is forgotten. Raises aiohttp.ClientError."""
        params = {"connection_id": self.connection_id, "sequence_number": str(len(self.frames))}
        self._came_at = time.monotonic()
        self._socket = await self._http.ws_connect(
            place.websocket,
            headers={"Authorization": f"Bearer {self.token}"},
            params=params if self.connection_id else {},
            max_msg_size=0,
        )
        self.opened += 1
        self._reader = asyncio.create_task(self._read(self._socket))

    async def go(self, *, abruptly: bool = False) -> None:
        """Close the socket, or let the network lose it."""
        assert self._socket is not None
        assert self._reader is not None
        if abruptly:
            connection = self._socket._response.connection
            if connection is not None and connection.transport is not None:
                connection.transport.abort()
        else:
            await self._socket.close()
        await self._reader

    def stop_reading(self) -> None:
        """Take nothing more from the network."""
        self._transport().pause_reading()

    def read_on(self) -> None:
        """Take from the network again."""
        self._transport().resume_reading()

    def _transport(self) -> asyncio.ReadTransport:
        assert self._socket is not None
        connection = self._socket._response.connection
        assert connection is not None
        transport = connection.transport
        assert isinstance(transport, asyncio.ReadTransport)
        return transport

    async def until(self, true: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
        """Wait until it is true after some frame, or fail."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: true() or self._failed())
        if self._failed() and self._reader is not None:
            self._reader.result()
        assert true(), f"{self.name}: not within {seconds} s: {what}; {len(self.frames)} frames, ended: {self.ended}"

    async def hears(self, more: int = 1) -> None:
        """Wait for so many more frames."""
        wanted, hellos = len(self.frames) + more, self.hellos
        await self.until(lambda: len(self.frames) >= wanted or self.hellos > hellos, f"{more} more frames")

    def _failed(self) -> bool:
        return self._reader is not None and self._reader.done() and self._reader.exception() is not None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT or "event" not in (frame := json.loads(message.data)):
                    continue
                if self._came_at:
                    self.slowest, self._came_at = max(self.slowest, time.monotonic() - self._came_at), 0.0
                async with self._news:
                    if frame["event"] == "hello" and frame["seq"] == 0:
                        self.past += [self.frames] if self.hellos else []
                        self.hellos, self.frames, self.told = self.hellos + 1, [], Counter()
                        self.connection_id = frame["data"]["connection_id"]
                    assert frame["seq"] == len(self.frames), f"{self.name}: {frame['seq']} after {len(self.frames)}"
                    self.frames.append(frame)
                    self.told[frame["event"]] += 1
                    self._news.notify_all()
        finally:
            async with self._news:
                self._news.notify_all()


def _posts(frames: list[dict[str, Any]], channel_id: str) -> list[str]:
    posts = [json.loads(frame["data"]["post"]) for frame in frames if frame["event"] == "posted"]
    return [post["id"] for post in posts if post["channel_id"] == channel_id and not post["type"]]
