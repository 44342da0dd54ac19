"""The sockets of the load: each counts what it gets, checks its numbering, and says how long posts were under way."""

import asyncio
import json
import re
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.load.crowd import Crowd, Person, endless

MARK = b"sent at "
"""What stands before the time of sending in a message: seconds of this process's clock, then a space."""

_AT_ONCE = 20
_GREETING_SECONDS = 30
_ASK_AGAIN = 0.25  # seconds
_POSTED = b'"event":"posted"'
_POSTED_SPACED = b'"event": "posted"'
_CONNECTION = re.compile(rb'"connection_id": ?"(\w+)"')


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
    on_closed: "Callable[[Listener], None] | None" = None
    """Told of each of these."""

    def clear(self) -> None:
        """Begin anew."""
        self.deliveries = self.bytes = 0
        self.delays = array("d")


class Listener(WSListener):
    """One socket."""

    def __init__(self, person: Person, tally: Tally, before: "Listener | None" = None) -> None:
        """`before`: the one whose connection it goes on with, if the server lets it."""
        self.person = person
        self.live = asyncio.get_running_loop().create_future()
        """Done when the server has said hello or, to one that goes on, yes."""
        self.connection_id: str = before.connection_id if before else ""
        """What the server calls it."""
        self.next: int = before.next if before else 0
        """The number of the frame that is to come."""
        self._tally = tally
        self._transport: WSTransport | None = None
        self._left = False

    @property
    def is_open(self) -> bool:
        """Whether it is connected, and meant to be."""
        return self._transport is not None and not self._left

    def say(self, action: str, data: dict[str, str]) -> None:
        """Send a frame."""
        if self._transport is not None:
            frame = {"seq": 1, "action": action, "data": data}
            self._transport.send(WSMsgType.TEXT, json.dumps(frame).encode())

    def leave(self) -> None:
        """Close it from this side."""
        self._left = True
        if self._transport is not None:
            self._transport.disconnect()

    def on_ws_connected(self, transport: WSTransport) -> None:
        """See WSListener."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """See WSListener."""
        if frame.msg_type is not WSMsgType.TEXT:
            return
        text = frame.get_payload_as_bytes()
        if not self.live.done():
            self._look_for_life(text)
        numbered = text.rfind(b'"seq":')
        if numbered >= 0:
            number = int(text[numbered + 6 : text.find(b"}", numbered)])
            if number != self.next:
                self._begin_anew(text)
                self._tally.misnumbered += number != self.next
            self.next = number + 1
        if _POSTED in text or _POSTED_SPACED in text:
            tally = self._tally
            tally.deliveries += 1
            tally.bytes += len(text)
            place = text.find(MARK)
            if place >= 0:
                place += len(MARK)
                tally.delays.append(time.perf_counter() - float(text[place : text.find(b" ", place)]))

    def _look_for_life(self, text: bytes) -> None:
        if b'"hello"' in text:
            self._begin_anew(text)
        elif b'"seq_reply"' not in text:
            return
        self.live.set_result(None)

    def _begin_anew(self, text: bytes) -> None:
        """Count from nothing if this greets a connection of its own, and not the one that was asked for."""
        hello = _CONNECTION.search(text) if b'"hello"' in text else None
        if hello is not None and hello[1].decode() != self.connection_id:
            self.connection_id, self.next = hello[1].decode(), 0

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """See WSListener."""
        self._transport = None
        if self._left:
            return
        self._tally.closed += 1
        if not self.live.done():
            self.live.set_exception(ConnectionError("the server closed a socket before its hello"))
        elif self._tally.on_closed is not None:
            self._tally.on_closed(self)


async def open_socket(url: str, person: Person, tally: Tally, before: Listener | None = None) -> Listener:
    """Open one, and wait until it lives; with the id and number of the one `before`, as clients come again.

    Raises WSError when the server refuses, OSError or TimeoutError.
    """
    address = url.replace("http", "ws", 1) + "/api/v4/websocket"
    if before is not None and before.connection_id:
        address += "?" + urlencode({"connection_id": before.connection_id, "sequence_number": before.next})
    headers = {"Authorization": f"Bearer {person.token}"}
    made = Listener(person, tally, before)
    await ws_connect(lambda: made, address, extra_headers=headers)
    # Servers that take no token in the headers take this; one that did takes it as said twice.
    made.say("authentication_challenge", {"token": person.token})
    async with asyncio.timeout(_GREETING_SECONDS):
        while before is not None and not made.live.done():
            # One that goes on is not greeted; and as long as it has no user, it is not answered either.
            made.say("ping", {})
            await asyncio.wait({made.live}, timeout=_ASK_AGAIN)
        await made.live
    return made


async def open_sockets(url: str, crowd: Crowd, count: int, tally: Tally) -> Sequence[Listener]:
    """Open so many sockets, people in turn, and wait for the hello of each."""
    people = endless(crowd.people, count)
    opened: list[Listener] = []
    for start in range(0, count, _AT_ONCE):
        some = people[start : start + _AT_ONCE]
        opened += await asyncio.gather(*(open_socket(url, person, tally) for person in some))
    return opened
