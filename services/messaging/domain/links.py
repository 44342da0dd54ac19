"""Links and pictures in posts. On the path of every post, of any text at all: each step is linear in its length."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

MAX_IMAGES: Final = 10
"""Pictures of one post whose sizes are asked for."""

FRESH_MS: Final = 3600_000
"""How long what a link leads to is taken to be so; then a new post with it has it looked at again."""

MAX_URL_BYTES: Final = 2048
"""What is longer is shown as a link, and not looked at."""

_URL: Final = r"https?://[^\s<>()\[\]\"'`]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*"
_LINK: Final = re.compile(_URL, re.IGNORECASE)
_IMAGE: Final = re.compile(r"!\[[^\[\]]*\]\(\s*<?(" + _URL + ")", re.IGNORECASE)
_PERMALINK: Final = re.compile(r"/(?:_redirect|[a-z0-9_-]+)/pl/(?P<post_id>[a-z0-9]{26})")
_TICKS: Final = re.compile(r"`+")
_FENCES: Final = ("```", "~~~")
_INDENTED: Final = ("    ", "\t")
_TRAILING: Final = ".,:;!?*_~"
_PICTURES_OF_ATTACHMENTS: Final = ("image_url", "thumb_url", "author_icon", "footer_icon")


@dataclass(frozen=True, slots=True)
class Links:
    """What of a post is shown as more than its text."""

    first: str = ""
    """The link that is shown beneath it; empty for none."""
    images: tuple[str, ...] = ()
    """The pictures that it shows."""
    permalink: str = ""
    """The post of this server that is shown instead of a link, to those who may read it; empty for none."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Where to look, each once."""
        found = dict.fromkeys((self.first, *self.images))
        return tuple(url for url in found if url and len(url.encode()) <= MAX_URL_BYTES)


NONE: Final = Links()


@dataclass(frozen=True, slots=True)
class LinkRules:
    """Which links are shown."""

    enabled: bool = True
    """Whether any is (EnableLinkPreviews): without it, nothing outside is ever looked at."""
    restricted: tuple[str, ...] = ()
    """Domains to which no link is shown, with all below them (RestrictLinkPreviews)."""
    site_url: str = ""
    """What permalinks begin with; empty where nobody said so, and there are none."""
    permalinks: bool = True
    """Whether posts that are linked to are shown (EnablePermalinkPreviews); they are no matter of `enabled`."""

    def links_of(self, message: str, props: str, post_type: str) -> Links:
        """Return the links of a post. The channels' own notices have none, nor has what is marked as unsafe."""
        own = _props(props)
        if post_type.startswith("system_") or own.get("unsafe_links") == "true":
            return NONE
        attachments = own.get("attachments")
        if "://" not in message and not attachments:
            return NONE
        if not self.enabled and not (self.site_url and self.site_url in message):
            return NONE
        text = _without_spans(_without_blocks(message))
        images = [found.rstrip(_TRAILING) for found in _IMAGE.findall(text)] if "![" in text else []
        images += _pictures_of(attachments)
        shown = tuple(url for url in dict.fromkeys(images) if self._allows(url))[:MAX_IMAGES]
        if attachments:  # those are shown in the link's place
            return Links("", shown)
        links = (found[0].rstrip(_TRAILING) for found in _LINK.finditer(_IMAGE.sub(" ", text) if images else text))
        first = next((link for link in links if self._allows(link)), "")
        if permalink := self._permalink(first):
            # Never looked at: it would be this server that asks itself, and shows nothing to a stranger.
            return Links("", shown if self.enabled else (), permalink if self.permalinks else "")
        return Links(first, shown) if self.enabled else NONE

    def _permalink(self, link: str) -> str:
        """Return the post to which a link leads; empty for a link to elsewhere."""
        if not self.site_url or not link.startswith(self.site_url):
            return ""
        found = _PERMALINK.fullmatch(link, len(self.site_url))
        return found["post_id"] if found else ""

    def _allows(self, url: str) -> bool:
        if not self.restricted:
            return True
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return not any(host == domain or host.endswith(f".{domain}") for domain in self.restricted)


def domains(text: str) -> tuple[str, ...]:
    """Return the domains of a list with commas, as RestrictLinkPreviews has it."""
    parts = (part.strip().lower() for part in text.split(","))
    return tuple(part.partition("://")[2].split("/")[0] if "://" in part else part for part in parts if part)


def _props(props: str) -> Mapping[str, Any]:
    """Return what of the props says something about links."""
    if '"attachments"' not in props and '"unsafe_links"' not in props:
        return {}
    try:
        found = json.loads(props)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pictures_of(attachments: object) -> Iterator[str]:
    for attachment in attachments if isinstance(attachments, list) else ():
        for field in _PICTURES_OF_ATTACHMENTS if isinstance(attachment, dict) else ():
            url = attachment.get(field)
            if isinstance(url, str) and _LINK.fullmatch(url):
                yield url


def _without_blocks(message: str) -> str:
    """Leave out fenced and indented code."""
    kept, fence = [], ""
    for line in message.splitlines():
        start = line.lstrip()
        if fence:
            if start.startswith(fence):
                fence = ""
        elif start.startswith(_FENCES):
            fence = start[:3]
        elif not line.startswith(_INDENTED):
            kept.append(line)
    return "\n".join(kept)


def _without_spans(text: str) -> str:
    """Leave out what stands between runs of equally many backticks."""
    runs = [run.span() for run in _TICKS.finditer(text)]
    if not runs:
        return text
    following: list[int | None] = [None] * len(runs)  # for each run, the next one of its length
    latest: dict[int, int] = {}
    for number in range(len(runs) - 1, -1, -1):
        start, end = runs[number]
        following[number] = latest.get(end - start)
        latest[end - start] = number
    kept, at, number = [], 0, 0
    while number < len(runs):
        closing = following[number]
        if closing is None:
            number += 1
            continue
        kept.append(text[at : runs[number][0]])
        at, number = runs[closing][1], closing + 1
    return " ".join([*kept, text[at:]])
