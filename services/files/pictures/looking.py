"""Reading what strangers' pages and pictures are; runs in a worker alone."""

import re
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from PIL import Image

from services.files.pictures.rendering import FORMATS

MAX_TAGS: Final = 100
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_stated_charset = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w:.-]{1,40})", re.IGNORECASE).search
_WHERE_CHARSETS_ARE: Final = 2048


def measure(folder: Path) -> dict[str, Any]:
    """Return the size of the picture `original` as it is shown, its format, and its frames if it moves; not decoded.

    Raises whatever Pillow raises for what it cannot read.
    """
    with Image.open(folder / "original", formats=FORMATS) as source:
        width, height = source.size
        if source.getexif().get(_ORIENTATION) in _SIDEWAYS:
            width, height = height, width
        frames = getattr(source, "n_frames", 1) if source.format in ("GIF", "WEBP") else 1
        return {
            "width": width,
            "height": height,
            "format": str(source.format).lower(),
            "frames": frames if frames > 1 or source.format == "GIF" else 0,
        }


def tags(folder: Path, charset: str) -> dict[str, Any]:
    """Return the (property, content) pairs of the page `original`; `charset` is empty when nobody stated it."""
    page = (folder / "original").read_bytes()
    if not charset:
        stated = _stated_charset(page[:_WHERE_CHARSETS_ARE])
        charset = stated[1].decode("ascii", "replace") if stated else "utf-8"
    try:
        text = page.decode(charset, "replace")
    except LookupError:
        text = page.decode(errors="replace")
    reader = _Head()
    with suppress(_Read):
        reader.feed(text)
    return {"tags": reader.found}


class _Read(Exception):
    """All that there is to know was read."""


class _Head(HTMLParser):
    """Collects what a page's head says of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body" or len(self.found) >= MAX_TAGS:
            raise _Read
        if tag == "meta":
            given = dict(attrs)
            name, content = given.get("property") or given.get("name"), given.get("content")
            if name and content:
                self.found.append((name, content))

    def handle_endtag(self, tag: str) -> None:
        if tag == "head":
            raise _Read
