"""A lean HTTP/1.1 client: one request at a time on a connection that stays open, and no more parsing than that needs.

It is here because a load generator that costs as much as the server measures itself.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

_LONGEST = 60.0  # seconds for an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode()
        return ""


class Refused(Exception):
    """The server answered something else than what the load needs to go on."""


class Connection(asyncio.Protocol):
    """One connection to a server."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        """Whether the next request can go here."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # No isinstance: uvloop's transports are not registered as asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._received += data
        answer = _whole_answer(self._received)
        if answer is not None and self._waiting is not None and not self._waiting.done():
            self._received.clear()
            self._waiting.set_result(answer)

    async def send(self, message: bytes) -> Answer:
        """Send a request and wait for its answer. Raises OSError when the connection ends, or after a minute."""
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        async with asyncio.timeout(_LONGEST):
            return await self._waiting

    async def ask(self, method: str, path: str, token: str = "", value: Any = None, expect: int = 200) -> Answer:
        """Send a value and return the answer, which must have the status. Raises Refused."""
        body = b"" if value is None else json.dumps(value).encode()
        answer = await self.send(request(method, path, token, body))
        if answer.status != expect:
            said = answer.body[:300].decode(errors="replace")
            raise Refused(f"{method} {path} answered {answer.status} and not {expect}: {said}")
        return answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


async def connect(url: str) -> Connection:
    """Connect to http://HOST:PORT."""
    place = urlsplit(url)
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, place.hostname or "127.0.0.1", place.port or 80
    )
    return connection


def request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    """The bytes of a request."""
    signed = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{signed}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def _whole_answer(received: bytearray) -> Answer | None:
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end])
    folded = head.lower()
    status = int(head[9:12])
    body_at = end + 4
    place = folded.find(b"\r\ncontent-length:")
    if place >= 0:
        size = int(folded[place + 17 :].split(b"\r\n", 1)[0])
        return (
            Answer(status, head, bytes(received[body_at : body_at + size])) if len(received) >= body_at + size else None
        )
    if b"transfer-encoding: chunked" in folded:
        body = _chunks(bytes(received[body_at:]))
        return None if body is None else Answer(status, head, body)
    return Answer(status, head, b"")


def _chunks(received: bytes) -> bytes | None:
    body, place = b"", 0
    while True:
        line_end = received.find(b"\r\n", place)
        if line_end < 0:
            return None
        size = int(received[place:line_end].split(b";")[0], 16)
        start, place = line_end + 2, line_end + 2 + size + 2
        if len(received) < place:
            return None
        if size == 0:
            return body
        body += received[start : start + size]
