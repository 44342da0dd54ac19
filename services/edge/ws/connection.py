"""One WebSocket on picows: assembles what comes, bounds what goes. The only file that knows picows.

What goes out waits at three places, each bounded: here until the burst is over, in the transport until the kernel takes
it (SEND_BYTES, SEND_SECONDS), and in the kernel (SO_SNDBUF). A client that does not read is closed, not waited for.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol, cast

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from services.chassis.clock import Clock
from services.edge.ws.protocol import CHALLENGE_SECONDS, MAX_FRAME, Close, Conversation, Step
from services.edge.ws.stream import Stream
from services.edge.ws.upgrade import Upgrade

_log = logging.getLogger(__name__)

SEND_BYTES: Final = 1024 * 1024
"""Unsent bytes that close a connection; half of it drops what is ephemeral."""

SEND_SECONDS: Final = 10.0
"""Age of the oldest unsent byte that closes a connection."""

KERNEL_BYTES: Final = 64 * 1024
"""SO_SNDBUF: with the system's default megabytes vanish before a reader's stop is noticed (DESIGN §6)."""

BURST_BYTES: Final = 64 * 1024
"""What is gathered for one write."""

_LINGER_SECONDS: Final = 5.0
_TEXT: Final = WSMsgType.TEXT
_CODES: Final = {
    "draining": WSCloseCode.GOING_AWAY,
    "resumed": WSCloseCode.OK,
    "given_up": WSCloseCode.SERVICE_RESTART,
    "too_big": WSCloseCode.MESSAGE_TOO_BIG,
    "broken_frame": WSCloseCode.PROTOCOL_ERROR,
    "unavailable": WSCloseCode.TRY_AGAIN_LATER,
    "log_away": WSCloseCode.TRY_AGAIN_LATER,
    "log_truncated": WSCloseCode.SERVICE_RESTART,
    "log_incarnation": WSCloseCode.SERVICE_RESTART,
    "catching_up": WSCloseCode.TRY_AGAIN_LATER,
    "failed": WSCloseCode.INTERNAL_ERROR,
}
"""Close codes by cause; every other cause is POLICY_VIOLATION. Clients of the protocol come back after any of them."""
_ABRUPT: Final = frozenset({"slow_bytes", "slow_seconds", "no_pong"})
"""Causes with a peer that would not read a close frame."""


class Owner(Protocol):
    """Whoever answers for connections."""

    def opened(self, connection: "Connection") -> None:
        """The WebSocket is open."""
        ...

    def asked(self, connection: "Connection", steps: Sequence[Step]) -> None:
        """The client said something that asks for these steps."""
        ...

    def closed(self, connection: "Connection", cause: str) -> None:
        """Nothing more goes in or out; called once."""
        ...

    def stalled(self, connection: "Connection") -> None:
        """The connection has unsent bytes: look at `overdue` every second until `unsent` is 0."""
        ...


class Connection(WSListener):
    """A client's connection, from the upgrade to its end."""

    def __init__(self, upgrade: Upgrade, owner: Owner, clock: Clock) -> None:
        """Made for a request that may be upgraded; picows calls the rest."""
        self.upgrade = upgrade
        self.stream: Stream | None = None
        self.conversation = Conversation()
        self.is_open = True
        self.opened_at = self.heard_at = clock.monotonic()
        self.busy = False
        self._owner, self._clock = owner, clock
        self._transport: WSTransport | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self.unsent: Callable[[], int] = _nothing
        """How many bytes the kernel has not taken."""
        self._written = 0  # counted while there are marks
        self._marks: list[tuple[int, float]] = []  # few, and none as a rule: an empty deque takes 0.7 KiB
        self._parts: list[bytes] = []
        self._parts_type = WSMsgType.TEXT
        self._abort: asyncio.TimerHandle | None = None

    # What goes out.

    def reply(self, text: bytes) -> None:
        """Send an answer now; behind what was taken before it."""
        self.take(text)
        self.flush()

    def lags(self) -> bool:
        """Whether so much is unsent that what is soon stale should be left out."""
        return self.unsent() > SEND_BYTES // 2

    def take(self, text: bytes) -> None:
        """Take a text; it leaves at `flush`, or earlier when much has come together."""
        if not self.is_open:
            return
        self._pending.append(text)
        self._pending_bytes += len(text)
        if self._pending_bytes > BURST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what was taken, several frames in one write."""
        pending, transport = self._pending, self._transport
        if not pending or transport is None:
            return
        self._pending_bytes = 0
        joined = b""
        if len(pending) == 1:
            text = pending.pop()
            transport.send(_TEXT, text)
            size = len(text)
        else:
            self._pending = []
            joined = b"".join([part for text in pending for part in (_header(len(text)), text)])
            transport.underlying_transport.write(joined)
            size = len(joined)
        if self._marks or self.unsent():
            self._watch(size if joined else len(_header(size)) + size)

    def _watch(self, size: int) -> None:
        """Look at what is unsent after a write of some bytes."""
        unsent = self.unsent()
        if unsent > SEND_BYTES:
            self.close("slow_bytes")
        elif unsent:
            now = self._clock.monotonic()
            if not self._marks:
                self._owner.stalled(self)
            self._written = self._written + size if self._marks else unsent
            if not self._marks or now - self._marks[-1][1] > 0.25:  # a mark a quarter of a second is exact enough
                self._marks.append((self._written, now))
        else:
            self._marks.clear()

    def overdue(self) -> bool:
        """Say whether the oldest unsent byte is too old; forget the marks of those that have left."""
        unsent = self.unsent()
        if not unsent:
            self._marks.clear()
            return False
        sent = self._written - unsent
        while self._marks and self._marks[0][0] <= sent:
            del self._marks[0]
        if not self._marks:
            self._marks.append((self._written, self._clock.monotonic()))
        return self._clock.monotonic() - self._marks[0][1] > SEND_SECONDS

    def ping(self) -> None:
        """Send a control ping behind what was taken; its pong moves `heard_at`."""
        if self._transport is not None and self.is_open:
            self.flush()
            self._transport.send_ping()
            if self.stream is not None:
                self.stream.ping_sent()

    def close(self, cause: str) -> None:
        """Close; nothing more goes out. `cause` chooses the code and is counted."""
        if not self.is_open:
            return
        self.is_open = False
        transport = self._transport
        if transport is not None and cause not in _ABRUPT and not self.unsent():
            self.flush()
            transport.send_close(_CODES.get(cause, WSCloseCode.POLICY_VIOLATION))
        self._end(cause)
        if transport is not None:
            transport.disconnect(cause not in _ABRUPT)
            if cause not in _ABRUPT:  # a peer that does not read would keep it for ever
                loop = asyncio.get_running_loop()
                self._abort = loop.call_later(_LINGER_SECONDS, transport.disconnect, False)

    def _end(self, cause: str) -> None:
        self.is_open = False
        self._pending.clear()
        self._marks.clear()
        self._owner.closed(self, cause)

    # What comes in: called by picows.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin."""
        self._transport = transport
        # picows keeps both heads as long as the socket lives, and nobody looks at them again.
        transport.request.headers.clear()
        transport.response.headers.clear()
        self.unsent = transport.underlying_transport.get_write_buffer_size
        with contextlib.suppress(OSError):
            raw = cast(socket.socket, transport.underlying_transport.get_extra_info("socket"))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        self._owner.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame; what picows would log as our failure must not be the client's."""
        if not self.is_open:
            return
        try:
            self._frame(transport, frame)
        except Exception:
            connection_id = self.stream.connection_id if self.stream is not None else ""
            _log.exception("connection failed", extra={"connection": connection_id})
            self.close("failed")

    def _frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.PONG:
            self.heard_at = self._clock.monotonic()
            if self.stream is not None:
                self.stream.pong_came()
        elif kind == WSMsgType.CLOSE:
            code = frame.get_close_code()
            transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
            self._end("client")
            transport.disconnect()
        elif frame.rsv1 or frame.rsv2 or frame.rsv3 or (kind == WSMsgType.CONTINUATION) != bool(self._parts):
            self.close("broken_frame")  # compression that nobody agreed on, or a message inside of another
        else:
            if kind != WSMsgType.CONTINUATION:
                self._parts_type = kind
            self._parts.append(frame.get_payload_as_bytes())
            if sum(map(len, self._parts)) > MAX_FRAME or len(self._parts) > MAX_FRAME:
                self.close("too_big")
            elif frame.fin:
                payload, self._parts = b"".join(self._parts), []
                self._message(payload)

    def _message(self, payload: bytes) -> None:
        now_ms = self._clock.now_ms()
        text = self._parts_type == WSMsgType.TEXT
        steps = self.conversation.text(payload, now_ms) if text else self.conversation.binary(payload, now_ms)
        for step in steps:
            if isinstance(step, Close):
                self.close(step.cause)
                return
        self._owner.asked(self, steps)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End, however it came."""
        if self._abort is not None:
            self._abort.cancel()
        if self.is_open:
            self._end("lost")
        self._transport, self.unsent = None, _nothing

    def pause_writing(self) -> None:
        """Nothing to do: `flush` bounds what is unsent."""

    def resume_writing(self) -> None:
        """Nothing to do."""


def _nothing() -> int:
    return 0


def _header(size: int) -> bytes:
    """Return the header of an unmasked, final text frame."""
    if size < 126:
        return bytes((0x81, size))
    return struct.pack("!BBH", 0x81, 126, size) if size < 65536 else struct.pack("!BBQ", 0x81, 127, size)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in place of a WebSocket; the body is JSON."""

    status: HTTPStatus
    body: bytes


Judge = Callable[[bytes, bytes, Mapping[str, str]], Connection | Refusal]
"""Decides on a request by method, target and headers."""


async def listen(host: str, port: int, judge: Judge) -> asyncio.Server:
    """Serve WebSockets that `judge` allows. Raises OSError."""
    # picows tells of every client's mistake on the level of an error of ours; what is ours is logged here.
    logger = logging.getLogger("picows.server")
    logger.setLevel(logging.CRITICAL)

    def answer(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        judged = judge(request.method, request.path, request.headers)
        if isinstance(judged, Refusal):
            headers = {"Content-Type": "application/json"}
            refused = WSUpgradeResponse.create_error_response(judged.status, judged.body, headers)
            return WSUpgradeResponseWithListener(refused, None)
        request.headers["Connection"] = "upgrade"  # picows knows no list here; browsers send `keep-alive, Upgrade`
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(), judged)

    return await ws_create_server(
        answer,
        host,
        port,
        logger_name=logging.LoggerAdapter(logger),  # of a plain one it makes another for each connection
        max_frame_size=MAX_FRAME,
        read_buffer_init_size=2048,  # for each connection; grows to what a frame may have
        websocket_handshake_timeout=CHALLENGE_SECONDS,
        backlog=1024,
        use_aiofastnet=False,  # its transports take 4 KiB a socket more than the loop's own, and no less CPU a frame
    )
