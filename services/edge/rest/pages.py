"""What is no API: a client's build, when the operator names its folder; a small page about this server when not.

A request is looked up among the names of the build's files, so that no path leads outside of it, and nobody waits for
a disk to hear that there is no such file.
"""

import hashlib
import html
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from services.chassis.config import Settings
from services.edge.dialect.client_config import VERSION
from services.edge.rest.client_build import STATIC, ClientBuild, client_build, description

_KEPT: Final = "max-age=31556926, public"
_ASKED_AGAIN: Final = "no-cache, max-age=31556926, public"
_NEVER_KEPT: Final = "no-cache, public"
_NO_PAGES: Final = ("api", "hooks", "plugins", "files", "static", ".well-known")
"""First parts of paths that are somebody else's, and so never a client's page."""

# Exact, and not guessed by the system's table: browsers refuse a script whose type they were told wrong (nosniff).
_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".mp3": "audio/mpeg",
    ".txt": "text/plain; charset=utf-8",
}


class Pages:
    """Answers GET and HEAD outside of the API."""

    def __init__(self, settings: Settings) -> None:
        """Read the client's build. Raises ConfigError when there is none where the settings say so."""
        folder = settings.ChorusSettings.WebappDirectory
        self._build = client_build(Path(folder), settings) if folder else None
        self._welcome = b"" if folder else _welcome(settings)
        self._ancestors = " ".join(("frame-ancestors 'self'", *settings.ServiceSettings.FrameAncestors.split()))

    def answer(self, request: web.Request) -> web.StreamResponse | None:
        """Return the page or file at the request's path; None when there is none, and the API's 404 is right."""
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            return None
        path = request.path
        if path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /\n", content_type="text/plain")
        if self._build is None:
            return self._about() if path == "/" else None
        if path.startswith(STATIC):
            return _static(self._build, request)
        if path.split("/", 2)[1] in _NO_PAGES:
            return None
        return _page(self._build.page, f"{self._ancestors}; script-src {self._build.scripts}")

    def _about(self) -> web.Response:
        return _page(self._welcome, f"default-src 'none'; style-src 'unsafe-inline'; {self._ancestors}")


def _static(build: ClientBuild, request: web.Request) -> web.StreamResponse:
    name = request.path.removeprefix(STATIC)
    found = build.files.get(name)
    if found is None:
        return web.Response(status=404, headers={hdrs.CACHE_CONTROL: _NEVER_KEPT})
    headers: dict[str, str] = {
        hdrs.CACHE_CONTROL: _ASKED_AGAIN if name.endswith("remote_entry.js") else _KEPT,
        hdrs.CONTENT_TYPE: _TYPES.get(found.suffix.lower(), "application/octet-stream"),
    }
    body = build.rewritten.get(name)
    return web.FileResponse(found, headers=headers) if body is None else _in_memory(request, body, headers)


def _in_memory(request: web.Request, body: bytes, headers: Mapping[str, str]) -> web.Response:
    tag = f'"{hashlib.sha1(body, usedforsecurity=False).hexdigest()}"'
    headers = {**headers, hdrs.ETAG: tag}
    if request.headers.get(hdrs.IF_NONE_MATCH) == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)


def _page(body: bytes, policy: str) -> web.Response:
    return web.Response(
        body=body,
        headers={
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            hdrs.CACHE_CONTROL: _ASKED_AGAIN,
            "X-Frame-Options": "SAMEORIGIN",
            "Content-Security-Policy": policy,
        },
    )


def _welcome(settings: Settings) -> bytes:
    page = files("services.edge.rest").joinpath("welcome.html").read_text("utf-8")
    return page.format(
        site=html.escape(settings.TeamSettings.SiteName),
        description=html.escape(description(settings)),
        version=VERSION,
        address=html.escape(settings.ServiceSettings.SiteURL or "this address"),
        health=f"{settings.ServiceSettings.site_path}/api/v4/system/ping",
    ).encode()
