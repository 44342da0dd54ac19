"""Custom emoji as protobuf."""

from chorus.messaging.v1 import emoji_pb2
from services.messaging.domain.emoji import Emoji


def emoji(value: Emoji) -> emoji_pb2.Emoji:
    """Return an emoji's message."""
    return emoji_pb2.Emoji(
        id=value.id,
        name=value.name,
        creator_id=value.creator_id,
        create_at_ms=value.create_at,
        update_at_ms=value.update_at,
        delete_at_ms=value.delete_at,
    )
