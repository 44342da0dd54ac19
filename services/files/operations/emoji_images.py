"""Taking in the pictures of custom emoji, and handing them out."""

import asyncio
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.files.pictures.pool import Pictures
from services.files.store import emoji_images as store
from services.files.store.emoji_images import EmojiImage
from services.files.store.objects import Objects

MAX_BYTES: Final = 512 * 1024
MAX_SIDE: Final = 1028
"""Pixels that a picture may be wide or high."""

SIDE: Final = 128
"""Pixels that it is wide or high at most once it is kept."""


class EmojiImages:
    """The pictures of custom emoji."""

    def __init__(self, database: Database, objects: Objects, pictures: Pictures, clock: Clock) -> None:
        """Keep them in `database`; `objects` lends the place where they are made small."""
        self._database, self._objects, self._pictures, self._clock = database, objects, pictures, clock

    async def put(self, emoji_id: str, image: bytes) -> None:
        """Keep a picture, made small enough; again is no change. Raises emoji_too_large, invalid_emoji, busy."""
        if len(image) > MAX_BYTES:
            raise DomainError(Reason.EMOJI_TOO_LARGE, limit=MAX_BYTES)
        async with self._objects.incoming(new_id()) as incoming:
            await incoming.write(image)
            await incoming.finish()
            try:
                kind = await self._pictures.shrink(incoming.folder, MAX_SIDE, SIDE)
            except DomainError as error:
                if error.reason is not Reason.IMAGE_TOO_LARGE:
                    raise
                raise DomainError(Reason.INVALID_EMOJI, fault="large_image") from None
            if kind is None:
                raise DomainError(Reason.INVALID_EMOJI, fault="image")
            small = await asyncio.to_thread((incoming.folder / "small").read_bytes)
        now = self._clock.now_ms()
        await self._database.transact(lambda tx: store.put(tx, emoji_id, EmojiImage(small, kind), now))

    async def get(self, emoji_id: str) -> EmojiImage:
        """Return a picture. Raises emoji_not_found."""
        found = await self._database.transact(lambda tx: store.get(tx, emoji_id))
        if found is None:
            raise DomainError(Reason.EMOJI_NOT_FOUND, by="id")
        return found
