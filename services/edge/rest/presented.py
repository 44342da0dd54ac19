"""What a request presents itself with."""

from enum import Enum, auto
from typing import Final

from aiohttp import hdrs, web

from services.edge.rest.cookies import AUTH_COOKIE

MAX_TOKEN: Final = 50


class Place(Enum):
    """Where a token was found."""

    COOKIE = auto()
    HEADER = auto()
    QUERY = auto()


def token_of(request: web.Request) -> tuple[str, Place]:
    """Return the request's token, cut as every presented token is; empty when there is none."""
    if token := request.cookies.get(AUTH_COOKIE, ""):
        return token[:MAX_TOKEN], Place.COOKIE
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if token and scheme.lower() in ("bearer", "token"):
        return token.strip()[:MAX_TOKEN], Place.HEADER
    return request.query.get("access_token", "")[:MAX_TOKEN], Place.QUERY


def address_of(request: web.Request) -> str:
    """Return the client's network address, as Envoy's front tells it."""
    return request.headers.get("X-Forwarded-For", "") or request.remote or ""
