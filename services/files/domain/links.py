"""What a link leads to, as far as it is told to those who read the post."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urljoin

MAX_TEXT: Final = 300
MAX_URL: Final = 2048
MAX_LISTED: Final = 5
"""Pictures, and other languages, of one page that are told."""

_HEADER: Final = "og:"


@dataclass(frozen=True, slots=True)
class ImageSize:
    """A picture's size in pixels as it is shown, and its frames if it moves, else 0."""

    url: str
    width: int
    height: int
    format: str
    frame_count: int


@dataclass(frozen=True, slots=True)
class PageImage:
    """A picture that a page names, with what the page says of it."""

    url: str = ""
    secure_url: str = ""
    type: str = ""
    width: int = 0
    height: int = 0

    @property
    def shown(self) -> str:
        """The URL that clients take."""
        return self.secure_url or self.url


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it describes itself (the Open Graph protocol)."""

    url: str
    type: str = ""
    title: str = ""
    description: str = ""
    determiner: str = ""
    site_name: str = ""
    locale: str = ""
    locales_alternate: tuple[str, ...] = ()
    images: tuple[PageImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What a link leads to: a page, a picture (whose size is the only one of `images`), or nothing to show."""

    page: Page | None = None
    is_image: bool = False
    images: tuple[ImageSize, ...] = ()


NOTHING: Final = Described()


def page_of(link: str, reached: str, tags: Iterable[tuple[str, str]]) -> Page | None:
    """Return the page that these (property, content) tags describe; None when they say too little of it.

    `reached` is where redirects have led: addresses on the page are relative to it.
    """
    said: dict[str, str] = {}
    locales: list[str] = []
    images: list[PageImage] = []
    for name, content in tags:
        key = name.strip().lower()
        if not key.startswith(_HEADER):
            continue
        key, value = key.removeprefix(_HEADER), content.strip()
        if key == "locale:alternate":
            locales.append(value[:MAX_TEXT])
        elif key in ("image", "image:url"):
            # Both name the same picture; what follows describes it.
            if key == "image" or not images or images[-1].url:
                images.append(PageImage())
            images[-1] = replace(images[-1], url=_absolute(reached, value))
        elif key.startswith("image:") and images:
            images[-1] = _more_of(images[-1], key, reached, value)
        else:
            said.setdefault(key, value[:MAX_TEXT])
    if not any(said.get(key) for key in ("title", "type", "url")):
        return None
    return Page(
        url=link,
        **{key: said.get(key, "") for key in ("type", "title", "description", "determiner", "site_name", "locale")},
        locales_alternate=tuple(locales[:MAX_LISTED]),
        images=tuple([image for image in images if image.shown][:MAX_LISTED]),
    )


def pictures_of(page: Page, limit: int) -> Sequence[str]:
    """Return the pictures of a page whose sizes are worth knowing, `limit` at most."""
    return list(dict.fromkeys(image.shown for image in page.images))[:limit]


def _more_of(image: PageImage, key: str, reached: str, value: str) -> PageImage:
    part = key.removeprefix("image:")
    if part == "secure_url":
        return replace(image, secure_url=_absolute(reached, value))
    if part == "type":
        return replace(image, type=value[:MAX_TEXT])
    if part == "width":
        return replace(image, width=_pixels(value))
    if part == "height":
        return replace(image, height=_pixels(value))
    return image


def _pixels(value: str) -> int:
    return min(int(value), 1_000_000) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _absolute(reached: str, value: str) -> str:
    try:
        url = urljoin(reached, value)
    except ValueError:
        return ""
    return url if url.lower().startswith(("http://", "https://")) and len(url.encode()) <= MAX_URL else ""
