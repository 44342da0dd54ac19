"""Pictures of users in PostgreSQL."""

from typing import Final

from services.chassis.database import Transaction

_PUT: Final = """
INSERT INTO profile_images (user_id, image, update_at) VALUES (%(id)s, %(image)s, %(at)s)
ON CONFLICT (user_id) DO UPDATE SET image = excluded.image, update_at = excluded.update_at"""
_GET: Final = "SELECT image FROM profile_images WHERE user_id = %(id)s"


async def put(tx: Transaction, user_id: str, image: bytes, at: int) -> None:
    """Store a picture in place of the one before."""
    await tx.fetch(_PUT, id=user_id, image=image, at=at)


async def get(tx: Transaction, user_id: str) -> bytes | None:
    """Read a picture."""
    rows = await tx.fetch(_GET, id=user_id)
    return bytes(rows[0].image) if rows else None
