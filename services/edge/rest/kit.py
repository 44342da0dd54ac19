"""What every resource module is written with: routes, the request as a handler sees it, and its answers."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec
from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.caller import Caller, Session
from services.edge.dialect.client_config import VERSION
from services.edge.rest.presented import address_of

T = TypeVar("T")

PER_PAGE: Final = 60
PER_PAGE_MAX: Final = 200
_INT32_MAX: Final = 2**31 - 1
_TRUE: Final = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_is_number = re.compile(r"-?[0-9]{1,18}").fullmatch
# A NUL, which no text column of the database holds: \u0000 behind an even number of backslashes.
_has_escaped_nul = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000").search

COMPOSITE_IDS: Final = frozenset(("category_id",))
"""Names in paths of what may be put together of several ids: their handlers know whether they mean anything."""

JSON: Final = {"Content-Type": "application/json"}
"""Exactly this: clients compare with strict equality and take anything else for text."""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: what is asked, and who may ask it."""

    method: str
    path: str
    """Behind /api/v4, with `{names}`; those that end in `_id` must be ids."""
    handler: "Handler"
    session: bool = True
    """Whether it needs a signed-in user; without one an invalid token is ignored."""
    trusts_requester: bool = False
    """Whether a cookie is enough, without the CSRF token."""
    streams: bool = False
    """Whether a body or an answer may take as long as it moves: no time limit for the whole."""


class Resource(Protocol):
    """A module of operations."""

    def routes(self) -> Sequence[Route]:
        """Return its route table."""
        ...


class Page(NamedTuple):
    """Which part of a list is asked for."""

    page: int
    per_page: int


class Call:
    """One request, as its handler sees it. What cannot be read raises the DomainError that the client is told."""

    __slots__ = ("_body_limit", "request", "session", "token")

    def __init__(self, request: web.Request, session: Session | None, token: str, body_limit: int) -> None:
        """Made by the application; `token` is the session's, `body_limit` in bytes."""
        self.request = request
        self.session = session
        self.token = token
        self._body_limit = body_limit

    @property
    def caller(self) -> Caller:
        """The signed-in user; only where the route needs a session, or one was seen."""
        if self.session is None:
            raise DomainError(Reason.SESSION_EXPIRED)
        connection = self.request.headers.get("Connection-Id", "")
        return self.session.caller(connection if is_valid_id(connection) else "")

    @property
    def address(self) -> str:
        """The client's network address, as Envoy's front tells it."""
        return address_of(self.request)

    @property
    def user_agent(self) -> str:
        """The client's description of itself."""
        return self.request.headers.get("User-Agent", "")

    @property
    def from_script(self) -> bool:
        """Whether a browser's script asks: the only one who wants cookies."""
        return self.request.headers.get("X-Requested-With") == "XMLHttpRequest"

    def id(self, name: str) -> str:
        """Return an id of the path; `me` stands for the caller's own where a user is meant."""
        text = self.request.match_info[name]
        if text == "me" and name == "user_id" and self.session is not None:
            return self.session.user_id
        if not is_valid_id(text):
            raise DomainError(Reason.INVALID_URL_PARAMETER, field=name)
        return text

    def name(self, name: str) -> str:
        """Return a name of the path."""
        return _text(self.request.match_info[name], name)

    def query(self, name: str, default: str = "") -> str:
        """Return a text of the query."""
        return _text(self.request.query.get(name, default), name)

    def query_id(self, name: str) -> str:
        """Return an id of the query, or an empty text."""
        text = self.request.query.get(name, "")
        if text and not is_valid_id(text):
            raise DomainError(Reason.INVALID_URL_PARAMETER, field=name)
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a switch of the query."""
        text = self.request.query.get(name)
        return default if not text else text in _TRUE

    def time(self, name: str) -> int:
        """Return a time of the query, in ms since the epoch; 0 when it is absent. Raises invalid_argument."""
        text = self.request.query.get(name, "")
        if text and (not _is_number(text) or int(text) < 0):
            raise DomainError(Reason.INVALID_ARGUMENT, field=name)
        return int(text or 0)

    def number(self, name: str, default: int, *, most: int = _INT32_MAX) -> int:
        """Return a number of the query from 0 to `most`; anything else is the default, more is the most."""
        text = self.request.query.get(name, "")
        if not _is_number(text) or (number := int(text)) < 0:
            return default
        return min(number, most)

    def page(self) -> Page:
        """Return `page` and `per_page`."""
        return Page(
            self.number("page", 0),
            self.number("per_page", PER_PAGE, most=PER_PAGE_MAX),
        )

    async def body(self) -> bytes:
        """Return the whole body. Raises body_too_large."""
        length = self.request.content_length
        if length is not None and length > self._body_limit:
            raise DomainError(Reason.BODY_TOO_LARGE, limit=self._body_limit)
        content = self.request.content
        if content.is_eof():  # all of it came with the head, as nearly every body does
            whole: bytes = content.read_nowait()
        else:
            whole = b""
            # Not iter_chunks: of a request without a body it never ends, from the second such request on.
            async for part in content.iter_any():
                whole = whole + part if whole else part
                if len(whole) > self._body_limit:
                    break
        if len(whole) > self._body_limit:
            raise DomainError(Reason.BODY_TOO_LARGE, limit=self._body_limit)
        return whole

    async def json(self, decoder: "msgspec.json.Decoder[T]", name: str) -> T:
        """Return the body as what `decoder` makes of it; `name` is what the client is told was wrong."""
        body = await self.body()
        try:
            decoded = decoder.decode(body)
        except (ValueError, RecursionError):  # malformed, of wrong types, not UTF-8, nested too deep
            raise DomainError(Reason.INVALID_ARGUMENT, field=name) from None
        if b"\\u0000" in body and _has_escaped_nul(body):
            raise DomainError(Reason.INVALID_ARGUMENT, field=name)
        return decoded


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def answer(value: Any, status: int = 200, headers: Mapping[str, str] = JSON) -> web.Response:
    """Return a value as JSON, as an answer."""
    return web.Response(body=encoded(value), status=status, headers=headers)


def tagged(call: Call, value: Any) -> web.Response:
    """Return a value as JSON under a tag of its content, or 304 and nothing to a client that has just this.

    The tag is good at every edge, provided that the value has one order everywhere.
    """
    body = encoded(value)
    return under_tag(call, body, hashlib.sha1(body, usedforsecurity=False).hexdigest())


def under_tag(call: Call, body: bytes, tag: str) -> web.Response:
    """Return encoded JSON under the tag of its content, or 304 and nothing to a client that has just this."""
    tag = f"{VERSION}.{tag}"
    if call.request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(body=body, headers={**JSON, "ETag": tag})


def encoded(value: Any) -> bytes:
    """Return a value as JSON."""
    return _encoder.encode(value)


def created(value: Any) -> web.Response:
    """Return what was made."""
    return answer(value, 201)


def ok() -> web.Response:
    """Return the protocol's plain success."""
    return web.Response(body=b'{"status":"OK"}', headers=JSON)


def require(allowed: bool, permission: str) -> None:
    """Raise permission_denied unless `allowed`."""
    if not allowed:
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)


def _text(text: str, name: str) -> str:
    """Refuse what neither the wire nor the database holds: surrogates of broken UTF-8, and NUL."""
    if not text.isascii() or "\0" in text:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field=name) from None
        if "\0" in text:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field=name)
    return text
