"""Pictures of custom emoji in PostgreSQL."""

from typing import Final, NamedTuple

from services.chassis.database import Transaction

_PUT: Final = """
INSERT INTO emoji_images (emoji_id, content_type, image, create_at) VALUES (%(id)s, %(type)s, %(image)s, %(at)s)
ON CONFLICT (emoji_id) DO NOTHING"""
_GET: Final = "SELECT image, content_type FROM emoji_images WHERE emoji_id = %(id)s"


class EmojiImage(NamedTuple):
    """A picture."""

    image: bytes
    content_type: str


async def put(tx: Transaction, emoji_id: str, image: EmojiImage, at: int) -> None:
    """Store a picture; one that is there already stays, for an emoji's picture never changes."""
    await tx.fetch(_PUT, id=emoji_id, type=image.content_type, image=image.image, at=at)


async def get(tx: Transaction, emoji_id: str) -> EmojiImage | None:
    """Read a picture."""
    rows = await tx.fetch(_GET, id=emoji_id)
    return EmojiImage(bytes(rows[0].image), rows[0].content_type) if rows else None
