"""A stranger's web server, and everything that it may do to who looks at a link."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache

from aiohttp import web
from PIL import Image

from tests.contract.files.conftest import picture

OPEN = "127.0.0.1"
"""The stranger's address that the tests' settings allow."""

INSIDE = "127.0.0.2"
"""The same server as seen from inside: no link may lead here."""

PAGE = b"""<!doctype html><html><head><meta charset="utf-8"><title>T</title>
<meta property="og:title" content="A &amp; B"><meta property="og:type" content="article">
<meta property="og:image" content="/wide.png"><meta property="og:image" content="/gone.png">
<meta property="og:image" content="/third.png"></head><body><meta property="og:title" content="no"></body></html>"""


class Stranger:
    """The server; `hits` are (address that was connected to, path)."""

    def __init__(self) -> None:
        self.hits: list[tuple[str, str]] = []
        self.port = 0
        self._over = asyncio.Event()

    def url(self, path: str, host: str = OPEN) -> str:
        return f"http://{host}:{self.port}{path}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Stranger"]:
        app = web.Application(middlewares=[self._noted])
        for path, handler in self._routes().items():
            app.router.add_get(path, handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        first = web.TCPSite(runner, OPEN, 0)
        await first.start()
        self.port = runner.addresses[0][1]
        await web.TCPSite(runner, INSIDE, self.port).start()
        try:
            yield self
        finally:
            self._over.set()
            await runner.cleanup()

    @web.middleware
    async def _noted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        assert request.transport is not None
        self.hits.append((request.transport.get_extra_info("sockname")[0], request.path))
        return await handler(request)

    def _routes(self) -> Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]:
        return {
            "/page": _body(PAGE),
            "/old-page": _body(PAGE.replace(b"A &amp; B", b"\xc4hre").replace(b"utf-8", b"latin-1"), "text/html"),
            "/said-page": _body("<meta name='og:title' content='Ähre'>".encode("cp1252"), "text/html; charset=cp1252"),
            "/inside-picture": self._inside_picture,
            "/plain-page": _body(b"<html><title>no tags</title>"),
            "/nonsense": _body(bytes(range(256)) * 100),
            "/packed": _body(gzip.compress(PAGE), packed=True),
            "/bomb": _body(_bomb(PAGE), packed=True),
            "/picture-bomb": _body(_bomb(b""), "image/png", packed=True),
            "/broken-pack": _body(b"no gzip", packed=True),
            "/wide.png": _body(picture("PNG", (300, 100)), "image/png"),
            "/moving.gif": _body(_moving(), "image/gif"),
            "/sideways.jpg": _body(picture("JPEG", (40, 20), exif=b"Exif\0\0" + _SIDEWAYS), "image/jpeg"),
            "/svg": _body(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
            "/no-picture": _body(b"text", "image/png"),
            "/text": _body(PAGE, "text/plain"),
            "/error": self._error,
            "/to": self._redirect,
            "/loop": self._loop,
            "/silent": self._silent,
            "/endless": self._endless,
            "/dripping": self._dripping,
        }

    async def _inside_picture(self, request: web.Request) -> web.StreamResponse:
        body = PAGE.replace(b"/wide.png", self.url("/wide.png", INSIDE).encode())
        return web.Response(body=body, content_type="text/html")

    async def _error(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=500, body=PAGE, content_type="text/html")

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": request.query["url"]})

    async def _loop(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/loop"})

    async def _silent(self, request: web.Request) -> web.StreamResponse:
        await self._over.wait()
        return web.Response()

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        """A good page, whose end is never reached."""
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        await response.write(PAGE.partition(b"</head>")[0])
        while not self._over.is_set():
            await response.write(b" " * 65536)
        return response

    async def _dripping(self, request: web.Request) -> web.StreamResponse:
        """A byte whenever the last one has left, and never two: each is in time, and all take for ever."""
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        while not self._over.is_set():
            await response.write(b"<")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await self._over.wait()
        return response


_SIDEWAYS = bytes.fromhex("4d4d002a00000008000101120003000000010006000000000000")


@cache
def _bomb(head: bytes) -> bytes:
    """200 MB of nothing behind a head, packed; a second's work, so once."""
    return gzip.compress(head + bytes(200_000_000), 1)


def _moving() -> bytes:
    frames = [Image.new("P", (30, 20), color) for color in range(3)]
    for number, frame in enumerate(frames):
        frame.putpalette([number * 80] * 768)
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    return made.getvalue()


def _body(
    body: bytes, kind: str = "text/html", *, packed: bool = False
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    headers = {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if packed else {})

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=headers)

    return answer
