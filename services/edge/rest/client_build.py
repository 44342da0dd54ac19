"""A web client's build as this server serves it: under the server's name, and below the path of its SiteURL.

All of the folder is listed once, at the start. What the path changes (addresses in the page, the manifest and the style
sheets) is kept in memory, the other files stay where they are.
"""

import hashlib
import html
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.config import ConfigError, Settings

STATIC: Final = "/static/"
_ROOT: Final = "root.html"
_MANIFEST: Final = "manifest.json"
_TITLE: Final = "<title>Mattermost</title>"
_DESCRIPTION: Final = "All team communication in one place."
# The page's own tags for what the server knows better: where the client's files are, and which scripts may run.
_public_path: Final = re.compile(r'(<script id="publicPathInWindowScript">)[^<]*(</script>)')
_policy: Final = re.compile(r"""(<meta\b[^>]*\bContent-Security-Policy\b[^>]*\bscript-src 'self')[^";>]*""")


@dataclass(frozen=True, slots=True)
class ClientBuild:
    """What is served of a build."""

    page: bytes
    """The one page, for every address that is the client's."""
    scripts: str
    """The sources of scripts that the page may run, as its Content-Security-Policy has them."""
    files: Mapping[str, Path]
    """By their names below /static/."""
    rewritten: Mapping[str, bytes]
    """Those whose content is not the file's, by the same names."""


def client_build(folder: Path, settings: Settings) -> ClientBuild:
    """Read a build. Raises ConfigError when the folder cannot be read, or holds none."""
    try:
        files = _listed(folder)
        page = (folder / _ROOT).read_text("utf-8").replace(_TITLE, _head(settings), 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            [
                f'ChorusSettings.WebappDirectory (CHORUS_WEBAPP_DIR) is "{folder}", expected the folder of a web '
                f"client's build, with its {_ROOT}: {error}."
            ]
        ) from None
    site_path, scripts, rewritten = settings.ServiceSettings.site_path, "'self'", dict[str, bytes]()
    if site_path:
        below = f"{site_path}{STATIC}"
        script = f"window.publicPath='{below}'"
        digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
        scripts = f"'self' 'sha256-{digest}'"
        page = _public_path.sub(lambda tag: f"{tag[1]}{script}{tag[2]}", page.replace(STATIC, below), count=1)
        rewritten = {
            name: path.read_bytes().replace(STATIC.encode(), below.encode())
            for name, path in files.items()
            if path.suffix == ".css" or name == _MANIFEST
        }
    page = _policy.sub(lambda tag: tag[1] + scripts.removeprefix("'self'"), page, count=1)
    return ClientBuild(page.encode(), scripts, files, rewritten)


def description(settings: Settings) -> str:
    """Return what the server says of itself."""
    return settings.TeamSettings.CustomDescriptionText or _DESCRIPTION


def _listed(folder: Path) -> dict[str, Path]:
    """Return the folder's files by their names below it; a link that leads outside is none of them."""
    whole = folder.resolve(strict=True)
    return {
        path.relative_to(whole).as_posix(): path
        for path in whole.rglob("*")
        if path.is_file() and path.resolve().is_relative_to(whole)
    }


def _head(settings: Settings) -> str:
    title = html.escape(settings.TeamSettings.SiteName)
    about = html.escape(description(settings), quote=True)
    return f'<title>{title}</title><meta property="og:description" content="{about}" />'
