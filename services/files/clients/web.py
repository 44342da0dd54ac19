"""Fetching what anybody links to, and nothing inside: the one place that speaks to strangers.

The rule is applied to the address of each connection just before it is made, after the name was resolved, for the first
request and for every redirect. So it doesn't matter what a name means at another moment, nor how an address is written.
"""

import asyncio
import logging
import socket
import zlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiohttp
from yarl import URL

from services.files.domain.addresses import Reach

_log = logging.getLogger(__name__)

MAX_REDIRECTS: Final = 5
MAX_PAGE: Final = 1024 * 1024
"""Bytes of a page that are read: it describes itself at its beginning, so that the rest is not missed."""

MAX_IMAGE: Final = 5 * 1024 * 1024
"""Bytes of a picture; a larger one has no size."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_SVG: Final = "image/svg+xml"
_HEADERS: Final = {
    "User-Agent": "Chorus (link preview)",
    "Accept": "text/html,application/xhtml+xml,image/*;q=0.9",
    "Accept-Encoding": "gzip",
}


class Refused(Exception):
    """The link leads to nothing that may be, or can be, fetched; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a link led to: a page or a picture."""

    url: str
    """Where redirects have led."""
    is_image: bool
    charset: str
    """As the answer states it; empty if it doesn't."""
    body: bytes


class Web:
    """The world outside."""

    def __init__(self, reach: Reach, seconds: float) -> None:
        """Connect to where `reach` allows; a fetch takes at most `seconds`, whatever happens."""
        self._reach, self._seconds = reach, seconds

    async def fetch(self, url: str) -> Fetched:
        """Return the page or the picture that a link leads to. Raises Refused."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(URL(url))
        except TimeoutError:
            raise Refused(f"no answer within {self._seconds} s") from None
        # ValueError is yarl's for what is no URL; OSError and the rest are the network's.
        except (aiohttp.ClientError, ValueError, OSError, zlib.error) as error:
            raise Refused(f"{type(error).__name__}: {error}"[:200]) from error

    async def _follow(self, url: URL) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            if url.scheme not in ("http", "https") or not url.host or url.user is not None:
                raise Refused("only http and https, and nobody's name, are followed")
            # Connections and cookies of its own: nothing of one stranger's answer is there for the next.
            connector = aiohttp.TCPConnector(
                socket_factory=partial(self._socket, url.host), use_dns_cache=False, force_close=True
            )
            async with (
                aiohttp.ClientSession(connector=connector, auto_decompress=False, headers=_HEADERS) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                if response.status not in _REDIRECTS:
                    return await _read(response)
                url = response.url.join(URL(response.headers.get("Location", "")))
        raise Refused(f"more than {MAX_REDIRECTS} redirects")

    def _socket(self, host: str, where: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """Return a socket for exactly this address, if it may be connected to."""
        family, kind, protocol, _, (address, *_) = where
        if not self._reach.allows(host, address, own=is_own(family, address)):
            raise PermissionError(f"{address} is not public")
        return socket.socket(family, kind, protocol)


def is_own(family: socket.AddressFamily, address: str) -> bool:
    """Say whether an address is one of this machine's: only those can be bound to."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


async def _read(response: aiohttp.ClientResponse) -> Fetched:
    if response.status != 200:
        raise Refused(f"status {response.status}")
    kind = response.content_type.lower()
    is_image = kind.startswith("image/")
    if kind == _SVG or not (is_image or kind in _PAGES):
        raise Refused(f"content of type {kind}")
    body = await _body(response, MAX_IMAGE if is_image else MAX_PAGE, whole=is_image)
    return Fetched(str(response.url), is_image, response.charset or "", body)


async def _body(response: aiohttp.ClientResponse, limit: int, *, whole: bool) -> bytes:
    """Return the body, `limit` bytes at most of what was sent and of what is unpacked; Refused if it must be `whole`.

    Unpacked here and by the limit, because a few kilobytes can unpack to all memory there is.
    """
    packed = response.headers.get("Content-Encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip"):
        raise Refused(f"content encoded as {packed}")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            break
    if packed == "gzip":
        body = bytearray(zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(body, limit + 1))
    if whole and len(body) > limit:
        raise Refused(f"more than {limit} bytes")
    return bytes(body[:limit])
