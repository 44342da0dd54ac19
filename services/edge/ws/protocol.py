"""One connection's conversation, without I/O: a client's frame comes in, what is to be done comes out.

The order of checks, the error ids and the silences are the reference's (websocket.md §1 and §3).
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec

from services.chassis.ids import is_valid_id
from services.edge.dialect.client_config import VERSION

CHALLENGE_SECONDS: Final = 5.0
"""How long a connection may stay without a user."""

MAX_FRAME: Final = 8192
"""Bytes of a client's message."""


class _Request(msgspec.Struct):
    action: str = ""
    seq: int = 0
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this text frame."""

    text: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection, for this cause."""

    cause: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Authenticate with the token; `answered` or `refused` the request."""

    seq: int
    token: str


@dataclass(frozen=True, slots=True)
class Typing:
    """The user types in a channel; check the membership, then `answered` or `forbidden`."""

    seq: int
    channel_id: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Active:
    """The user was or was not active; it has been answered."""

    active: bool
    manual: bool


@dataclass(frozen=True, slots=True)
class AskStatuses:
    """Answer with `statuses`; no ids ask for those who are here."""

    seq: int
    user_ids: tuple[str, ...]


Step = Reply | Close | Challenge | Typing | Active | AskStatuses

_json: Final = msgspec.json.Decoder(_Request)
_msgpack: Final = msgspec.msgpack.Decoder(_Request)
_encode: Final = msgspec.json.Encoder().encode


class Conversation:
    """The state of one connection: whether it has a user, and whether one is being looked up."""

    def __init__(self) -> None:
        """Start without a user."""
        self.authenticated = False
        self._challenged = False

    def text(self, payload: bytes, now_ms: int) -> list[Step]:
        """Take a text frame: JSON."""
        return self._receive(_json, payload, now_ms)

    def binary(self, payload: bytes, now_ms: int) -> list[Step]:
        """Take a binary frame: the same as MessagePack."""
        return self._receive(_msgpack, payload, now_ms)

    def _receive(
        self, decoder: "msgspec.json.Decoder[_Request] | msgspec.msgpack.Decoder[_Request]", payload: bytes, now_ms: int
    ) -> list[Step]:
        try:
            request = decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return [Close("undecodable")]
        steps = self._handle(request, request.data or {}, now_ms)
        # Who has no user gets no replies.
        return steps if self.authenticated else [s for s in steps if not isinstance(s, Reply)]

    def _handle(self, request: _Request, data: dict[str, Any], now_ms: int) -> list[Step]:
        seq = request.seq
        if not request.action:
            return [failure(seq, "api.web_socket_router.no_action.app_error", "The request names no action.")]
        if seq <= 0:
            return [failure(seq, "api.web_socket_router.bad_seq.app_error", "The request's seq is not positive.")]
        if request.action == "authentication_challenge":
            return self._challenge(seq, data)
        if not self.authenticated:
            return [
                failure(
                    seq,
                    "api.web_socket_router.not_authenticated.app_error",
                    "The connection is not signed in.",
                    HTTPStatus.UNAUTHORIZED,
                )
            ]
        match request.action:
            case "ping":
                pong = {"text": "pong", "version": VERSION, "server_time": now_ms, "node_id": ""}
                return [answered(seq, pong)]
            case "user_typing":
                return [_typing(seq, data)]
            case "presence" | "posted_notify_ack":  # nothing here depends on what a client shows or has shown
                return [answered(seq)]
            case "user_update_active_status":
                active, manual = data.get("user_is_active"), data.get("manual")
                if not isinstance(active, bool):
                    return [invalid(seq, "user_is_active")]
                return [answered(seq), Active(active, manual is True)]
            case "get_statuses":
                return [AskStatuses(seq, ())]
            case "get_statuses_by_ids":
                ids = data.get("user_ids")
                if not isinstance(ids, list) or not ids or not all(isinstance(i, str) and is_valid_id(i) for i in ids):
                    return [invalid(seq, "user_ids")]
                return [AskStatuses(seq, tuple(ids))]
        if request.action.startswith("custom_"):
            return []
        unknown = f"There is no action {request.action[:64]}."
        return [failure(seq, "api.web_socket_router.bad_action.app_error", unknown, HTTPStatus.INTERNAL_SERVER_ERROR)]

    def _challenge(self, seq: int, data: dict[str, Any]) -> list[Step]:
        if self.authenticated or self._challenged:
            return []
        token = data.get("token")
        if not isinstance(token, str):
            return [Close("bad_token")]
        self._challenged = True
        return [Challenge(seq, token)]


def _typing(seq: int, data: dict[str, Any]) -> Step:
    channel_id, parent_id = data.get("channel_id"), data.get("parent_id")
    if not isinstance(channel_id, str) or not is_valid_id(channel_id):
        return invalid(seq, "channel_id")
    if not isinstance(parent_id, str):
        parent_id = ""
    if parent_id and not is_valid_id(parent_id):
        return invalid(seq, "parent_id")
    return Typing(seq, channel_id, parent_id)


def answered(seq: int, data: dict[str, Any] | None = None) -> Reply:
    """Return the reply of success; empty data is left out."""
    reply: dict[str, Any] = {"status": "OK"}
    if seq:
        reply["seq_reply"] = seq
    if data:
        reply["data"] = data
    return Reply(_encode(reply))


def invalid(seq: int, name: str) -> Reply:
    """Return the reply to a wrong parameter."""
    return failure(seq, "api.websocket_handler.invalid_param.app_error", f"Invalid {name} parameter.")


def busy(seq: int) -> Reply:
    """Return the reply when what was asked is not to be had now."""
    text = "What was asked for is not available now."
    return failure(seq, "api.websocket_handler.server_busy.app_error", text, HTTPStatus.SERVICE_UNAVAILABLE)


def failure(seq: int, error_id: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> Reply:
    """Return the reply of failure."""
    reply: dict[str, Any] = {"status": "FAIL"}
    if seq:
        reply["seq_reply"] = seq
    reply["error"] = {"id": error_id, "message": message, "detailed_error": "", "status_code": int(status)}
    return Reply(_encode(reply))
