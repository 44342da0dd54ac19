"""Looking at what a link leads to."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.files.clients.web import Fetched, Refused
from services.files.domain.links import NOTHING, Described, ImageSize, page_of, pictures_of
from services.files.metrics import FilesMetrics
from services.files.pictures.pool import Pictures
from services.files.store.objects import Objects

_log = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""Links that are looked at at the same time; each may hold a picture of `web.MAX_IMAGE` bytes in memory."""

PICTURES_OF_A_PAGE: Final = 2
"""Pictures of one page that are fetched for their sizes: clients show one, of those that it names first."""


class Outside(Protocol):
    """The world: `clients/web.py`."""

    async def fetch(self, url: str) -> Fetched:
        """Return what a link leads to. Raises Refused."""
        ...


class LinkDescriptions:
    """Describes links."""

    def __init__(self, web: Outside, objects: Objects, pictures: Pictures, metrics: FilesMetrics) -> None:
        """`objects` lends the place where `pictures` look at what came."""
        self._web, self._objects, self._pictures = web, objects, pictures
        self._page, self._image, self._nothing = (metrics.links.labels(found) for found in ("page", "image", "nothing"))
        self._looking = 0

    async def describe(self, url: str) -> Described:
        """Return what a link leads to; nothing for what can't be fetched, or may not be. Raises busy."""
        if self._looking >= AT_ONCE:
            raise DomainError(Reason.BUSY, part="links", retry_after_s=1)
        self._looking += 1
        try:
            found = await self._describe(url)
        except Refused as why:
            _log.info("a link stays a link", extra={"why": str(why)})
            found = NOTHING
        finally:
            self._looking -= 1
        (self._page if found.page else self._image if found.is_image else self._nothing).inc()
        return found

    async def _describe(self, url: str) -> Described:
        fetched = await self._web.fetch(url)
        if fetched.is_image:
            size = await self._measured(url, fetched.body)
            return Described(is_image=True, images=(size,)) if size else NOTHING
        async with self._kept(fetched.body) as folder:
            tags = await self._pictures.tags(folder, fetched.charset)
        page = page_of(url, fetched.url, tags)
        if page is None:
            return NOTHING
        sizes = await asyncio.gather(*(self._size_of(image) for image in pictures_of(page, PICTURES_OF_A_PAGE)))
        return Described(page, images=tuple(size for size in sizes if size))

    async def _size_of(self, url: str) -> ImageSize | None:
        try:
            fetched = await self._web.fetch(url)
        except Refused:
            return None
        return await self._measured(url, fetched.body) if fetched.is_image else None

    async def _measured(self, url: str, body: bytes) -> ImageSize | None:
        async with self._kept(body) as folder:
            measured = await self._pictures.measure(folder)
        if measured is None:
            return None
        return ImageSize(url, measured.width, measured.height, measured.format, measured.frames)

    @asynccontextmanager
    async def _kept(self, body: bytes) -> AsyncIterator[Path]:
        """Lend a folder in which `body` is the original."""
        async with self._objects.incoming(new_id()) as incoming:
            await incoming.write(body)
            await incoming.finish()
            yield incoming.folder
