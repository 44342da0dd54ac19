"""A WebSocket client that keeps every frame it got, so that a test can say what came and what did not."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from tests.coverage import sightings
from tests.e2e.client import Place

Frame = dict[str, Any]
SECONDS = 10.0


class Socket:
    """One connection. Frames are events and replies, in the order in which they came."""

    def __init__(self, name: str, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.name = name
        self.frames: list[Frame] = []
        self._connection = connection
        self._news = asyncio.Condition()
        self._seq = 0
        self._ended = False
        self._reader = asyncio.create_task(self._read())

    @property
    def close_code(self) -> int | None:
        """What the server closed with; None while the socket is open."""
        return self._connection.close_code

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return self._ended

    def events(self, name: str, **data: Any) -> list[Frame]:
        """The events of a name that came so far, whose data has these values."""
        return [
            frame
            for frame in self.frames
            if frame.get("event") == name and all(frame["data"].get(key) == value for key, value in data.items())
        ]

    def posts(self, event: str = "posted") -> list[dict[str, Any]]:
        """The posts in the events of a name, in order."""
        return [json.loads(frame["data"]["post"]) for frame in self.events(event)]

    async def until(self, true: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
        """Wait until it is true after some frame; return what it returned."""
        result: Any = None

        def holds() -> bool:
            nonlocal result
            result = true()
            return bool(result)

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: holds() or self._ended)
        names = [frame.get("event") or f"reply {frame.get('seq_reply')}" for frame in self.frames]
        state = f"closed with {self.close_code}" if self._ended else f"open after {seconds} s"
        assert result, f"{self.name}, {state}: missing {what}; frames: {names}"
        return result

    async def event(self, name: str, seconds: float = SECONDS, **data: Any) -> Frame:
        """Wait for an event of a name, whose data has these values."""
        found: list[Frame] = await self.until(lambda: self.events(name, **data), f"event {name} {data}", seconds)
        return found[0]

    async def post(self, post_id: str, event: str = "posted", seconds: float = SECONDS) -> dict[str, Any]:
        """Wait for an event of a post; return the post."""

        def find() -> list[dict[str, Any]]:
            return [post for post in self.posts(event) if post["id"] == post_id]

        found: list[dict[str, Any]] = await self.until(find, f"{event} of {post_id}", seconds)
        return found[0]

    async def send(self, action: str, data: Mapping[str, Any] | None = None) -> int:
        """Send an action; return its number."""
        self._seq += 1
        message: dict[str, Any] = {"action": action, "seq": self._seq}
        if data is not None:
            message["data"] = dict(data)
        await self._connection.send_str(json.dumps(message))
        return self._seq

    async def ask(self, action: str, data: Mapping[str, Any] | None = None) -> Frame:
        """Send an action and wait for the reply."""
        number = await self.send(action, data)
        return await self.reply(number)

    async def reply(self, number: int) -> Frame:
        """Wait for the reply to an action."""
        found: list[Frame] = await self.until(
            lambda: [frame for frame in self.frames if frame.get("seq_reply") == number], f"reply to {number}"
        )
        return found[0]

    async def raw(self, payload: bytes | str) -> None:
        """Send a frame as it is: text or binary."""
        if isinstance(payload, str):
            await self._connection.send_str(payload)
        else:
            await self._connection.send_bytes(payload)

    async def closed(self, seconds: float = SECONDS) -> None:
        """Wait until the server has ended the connection."""
        await self.until(lambda: self._ended, "the end of the connection", seconds)

    async def close(self) -> None:
        """Close, and check what always holds: event numbers begin at 0 and none is left out."""
        await self._connection.close()
        await self._reader
        numbers = [frame["seq"] for frame in self.frames if "event" in frame]
        assert numbers == list(range(len(numbers))), f"{self.name}: events numbered {numbers}"

    async def _read(self) -> None:
        async for message in self._connection:
            if message.type is aiohttp.WSMsgType.TEXT:
                frame = json.loads(message.data)
                frame["at"] = time.monotonic()
                if frame.get("event") == "hello" or frame.get("status") == "FAIL":
                    sightings.note_socket(accepted="event" in frame)
                async with self._news:
                    self.frames.append(frame)
                    self._news.notify_all()
        async with self._news:
            self._ended = True
            self._news.notify_all()


async def connect(
    http: aiohttp.ClientSession,
    place: Place,
    name: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
) -> Socket:
    """Open a connection; it is up to the caller to authenticate it."""
    connection = await http.ws_connect(
        place.websocket, headers=dict(headers or {}), params=dict(params or {}), max_msg_size=0
    )
    return Socket(f"{name}@{place.name}", connection)


async def listen(http: aiohttp.ClientSession, place: Place, name: str, token: str) -> Socket:
    """Open a connection that is signed in, and wait for its hello."""
    socket = await connect(http, place, name, headers={"Authorization": f"Bearer {token}"})
    await socket.event("hello")
    return socket


def orders(sockets: Sequence[Socket], channel_id: str) -> list[list[str]]:
    """For each socket, the ids of the channel's ordinary posts in the order in which they came."""
    return [
        [post["id"] for post in socket.posts() if post["channel_id"] == channel_id and not post["type"]]
        for socket in sockets
    ]
