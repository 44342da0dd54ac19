"""The upgrade request: who may open a WebSocket from where, and with which token. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from services.chassis.ids import is_valid_id
from services.edge.ws.resumption import Wanted

PATH: Final = b"/api/v4/websocket"
_COOKIE: Final = "MMAUTHTOKEN"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request that may be upgraded."""

    token: str
    """The session's token; empty when it is to come in a challenge."""
    acceptable: bool
    """False if the connection that it wants to resume has no possible name: it is upgraded and closed."""
    wanted: Wanted | None
    """The connection that it wants to resume."""


class Refused(Exception):
    """No WebSocket is opened; the text says why."""


def read(method: bytes, target: bytes, headers: Mapping[str, str], *, site_url: str, allowed_origins: str) -> Upgrade:
    """Judge a request for PATH; `headers` are case-insensitive. Raises Refused."""
    if method != b"GET" or headers.get("upgrade", "").lower() != "websocket":
        raise Refused("This is no request for a WebSocket.")
    if "upgrade" not in {part.strip().lower() for part in headers.get("connection", "").split(",")}:
        raise Refused("This is no request for a WebSocket.")
    origin = headers.get("origin")
    if not origin_allowed(origin, headers.get("host", ""), site_url, allowed_origins):
        raise Refused(f"WebSockets are not opened from {(origin or '')[:200]}.")
    query = parse_qs(urlsplit(target.decode("latin-1")).query, keep_blank_values=True)
    wanted = query.get("connection_id", [""])[0]
    sequence = query.get("sequence_number", [""])[0]
    acceptable = not wanted or (is_valid_id(wanted) and _is_number(sequence))
    resumes = Wanted(wanted, int(sequence)) if wanted and acceptable else None
    return Upgrade(token_of(headers), acceptable, resumes)


def origin_allowed(origin: str | None, host: str, site_url: str, allowed: str) -> bool:
    """Say whether a browser's page of `origin` may connect; who sends none is no browser."""
    if origin is None or allowed == "*":
        return True
    if allowed:
        sites = [*allowed.split(), *([_origin(site_url)] if site_url else [])]
        return origin.lower() in {site.lower().rstrip("/") for site in sites}
    if site_url:
        return _origin(origin) == _origin(site_url)
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()


def token_of(headers: Mapping[str, str]) -> str:
    """Return the session's token from the cookie or the Authorization header, empty for none."""
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE and value:
            return value.strip('"')
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_number(text: str) -> bool:
    return len(text) < 19 and text.removeprefix("-").isascii() and text.removeprefix("-").isdecimal()
