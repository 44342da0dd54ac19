"""The sockets of the load: each counts what it gets, checks its numbering, and says how long posts were under way."""

import asyncio
import json
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.load.crowd import Crowd, Person, endless

MARK = b"sent at "
"""What stands before the time of sending in a message: seconds of this process's clock, then a space."""

_AT_ONCE = 20
_POSTED = b'"event":"posted"'
_POSTED_SPACED = b'"event": "posted"'


@dataclass(slots=True)
class Tally:
    """What all sockets got together."""

    deliveries: int = 0
    """Frames of new posts."""
    bytes: int = 0
    """In these frames."""
    delays: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from sending a post to its arrival at a socket."""
    misnumbered: int = 0
    """Frames whose `seq` does not follow the one before."""
    closed: int = 0
    """Sockets that the server ended."""

    def clear(self) -> None:
        """Begin anew."""
        self.deliveries = self.bytes = 0
        self.delays = array("d")


class Listener(WSListener):
    """One socket."""

    def __init__(self, tally: Tally) -> None:
        self.hello = asyncio.get_running_loop().create_future()
        self._tally = tally
        self._next = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """See WSListener."""
        if frame.msg_type is not WSMsgType.TEXT:
            return
        text = frame.get_payload_as_bytes()
        numbered = text.rfind(b'"seq":')
        if numbered >= 0:
            number = int(text[numbered + 6 : text.find(b"}", numbered)])
            self._tally.misnumbered += number != self._next
            self._next = number + 1
        if _POSTED in text or _POSTED_SPACED in text:
            tally = self._tally
            tally.deliveries += 1
            tally.bytes += len(text)
            place = text.find(MARK)
            if place >= 0:
                place += len(MARK)
                tally.delays.append(time.perf_counter() - float(text[place : text.find(b" ", place)]))
        elif b'"hello"' in text and not self.hello.done():
            self.hello.set_result(None)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """See WSListener."""
        self._tally.closed += 1
        if not self.hello.done():
            self.hello.set_exception(ConnectionError("the server closed a socket before its hello"))


async def open_sockets(url: str, crowd: Crowd, count: int, tally: Tally) -> Sequence[Listener]:
    """Open so many sockets, people in turn, and wait for the hello of each."""
    address = url.replace("http", "ws", 1) + "/api/v4/websocket"
    people = endless(crowd, count)
    opened: list[Listener] = []

    async def one(person: Person) -> None:
        headers = {"Authorization": f"Bearer {person.token}"}
        transport, listener = await ws_connect(lambda: Listener(tally), address, extra_headers=headers)
        # Servers that take no token in the headers take this; one that did takes it as said twice.
        challenge = {"seq": 1, "action": "authentication_challenge", "data": {"token": person.token}}
        transport.send(WSMsgType.TEXT, json.dumps(challenge).encode())
        assert isinstance(listener, Listener)
        await asyncio.wait_for(listener.hello, 30)
        opened.append(listener)

    for start in range(0, count, _AT_ONCE):
        await asyncio.gather(*(one(person) for person in people[start : start + _AT_ONCE]))
    return opened
