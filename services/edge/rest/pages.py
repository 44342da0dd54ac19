"""What is no API: a client's build, when the operator names its folder; a small page about this server when not.

The folder's files are listed once, at the start: a request is looked up among their names, so that no path leads
outside of it, and nobody waits for a disk to hear that there is no such file.
"""

import html
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from services.chassis.config import Settings
from services.edge.dialect.client_config import VERSION

STATIC: Final = "/static/"
_ROOT: Final = "root.html"
_TITLE: Final = "<title>Mattermost</title>"
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
        """List the client's files. Raises OSError when the folder cannot be read or holds no root.html."""
        folder = settings.ChorusSettings.WebappDirectory
        self._files = _listed(Path(folder)) if folder else {}
        self._root = _root(Path(folder), settings) if folder else b""
        self._welcome = b"" if folder else _welcome(settings)

    def answer(self, request: web.Request) -> web.StreamResponse | None:
        """Return the page or file at the request's path; None when there is none, and the API's 404 is right."""
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            return None
        path = request.path
        if path == "/robots.txt":
            return web.Response(text="User-agent: *\nDisallow: /\n", content_type="text/plain")
        if path.startswith(STATIC) and self._files:
            return self._static(path)
        if self._root and path.split("/", 2)[1] not in _NO_PAGES:
            return _page(self._root, "frame-ancestors 'self'; script-src 'self'")
        if self._welcome and path == "/":
            return _page(self._welcome, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
        return None

    def _static(self, path: str) -> web.StreamResponse:
        name = path.removeprefix(STATIC)
        found = self._files.get(name)
        if found is None:
            return web.Response(status=404, headers={hdrs.CACHE_CONTROL: _NEVER_KEPT})
        keeping = _ASKED_AGAIN if name.endswith("remote_entry.js") else _KEPT
        kind = _TYPES.get(found.suffix.lower(), "application/octet-stream")
        return web.FileResponse(found, headers={hdrs.CACHE_CONTROL: keeping, hdrs.CONTENT_TYPE: kind})


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


def _listed(folder: Path) -> dict[str, Path]:
    """Return the folder's files by their names below it; a link that leads outside is none of them."""
    whole = folder.resolve(strict=True)
    return {
        path.relative_to(whole).as_posix(): path
        for path in whole.rglob("*")
        if path.is_file() and path.resolve().is_relative_to(whole)
    }


def _root(folder: Path, settings: Settings) -> bytes:
    """Return the client's page under this server's name."""
    title = html.escape(settings.TeamSettings.SiteName)
    description = html.escape(_description(settings), quote=True)
    named = f'<title>{title}</title><meta property="og:description" content="{description}" />'
    return (folder / _ROOT).read_text("utf-8").replace(_TITLE, named, 1).encode()


def _welcome(settings: Settings) -> bytes:
    page = files("services.edge.rest").joinpath("welcome.html").read_text("utf-8")
    return page.format(
        site=html.escape(settings.TeamSettings.SiteName),
        description=html.escape(_description(settings)),
        version=VERSION,
        address=html.escape(settings.ServiceSettings.SiteURL or "this address"),
    ).encode()


def _description(settings: Settings) -> str:
    return settings.TeamSettings.CustomDescriptionText or "All team communication in one place."
