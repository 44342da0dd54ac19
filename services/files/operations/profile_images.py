"""Taking in the pictures of users, and handing them out."""

import asyncio
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.files.pictures.pool import Pictures
from services.files.store import profile_images as store
from services.files.store.objects import Objects

SIDE: Final = 128
"""Pixels that a kept picture is wide and high: what clients show."""


class ProfileImages:
    """The pictures that users have brought."""

    def __init__(self, database: Database, objects: Objects, pictures: Pictures, clock: Clock) -> None:
        """Keep them in `database`; `objects` lends the place where they are made small."""
        self._database, self._objects, self._pictures, self._clock = database, objects, pictures, clock

    async def put(self, user_id: str, image: bytes) -> None:
        """Keep the middle of a picture, made square and small, in place of the one before. Raises invalid_picture."""
        async with self._objects.incoming(new_id()) as incoming:
            await incoming.write(image)
            await incoming.finish()
            try:
                made = await self._pictures.portray(incoming.folder, SIDE)
            except DomainError as error:
                if error.reason is not Reason.IMAGE_TOO_LARGE:
                    raise
                raise DomainError(Reason.INVALID_PICTURE, fault="check_image_limits") from None
            if not made:
                raise DomainError(Reason.INVALID_PICTURE, fault="decode")
            small = await asyncio.to_thread((incoming.folder / "small").read_bytes)
        now = self._clock.now_ms()
        await self._database.transact(lambda tx: store.put(tx, user_id, small, now))

    async def get(self, user_id: str) -> bytes:
        """Return a picture, a PNG. Raises picture_not_found."""
        found = await self._database.transact(lambda tx: store.get(tx, user_id))
        if found is None:
            raise DomainError(Reason.PICTURE_NOT_FOUND)
        return found
