"""Custom emoji, in both directions."""

from typing import Any, Final

import msgspec

from chorus.messaging.v1 import emoji_pb2
from services.chassis.errors import DomainError, Reason
from services.edge.dialect.requests import EMOJI

FOUND: Final = 200
SUGGESTED: Final = 100
MAX_NAMES: Final = 200
MAX_IMAGE_BYTES: Final = 512 * 1024


def emoji_json(emoji: emoji_pb2.Emoji) -> dict[str, Any]:
    """Return an emoji."""
    return {
        "id": emoji.id,
        "create_at": emoji.create_at_ms,
        "update_at": emoji.update_at_ms,
        "delete_at": emoji.delete_at_ms,
        "creator_id": emoji.creator_id,
        "name": emoji.name,
    }


def new_name(text: bytes, user_id: str) -> str:
    """Return the name that the form's `emoji` field asks for. Raises invalid_argument, emoji_of_other."""
    try:
        body = EMOJI.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DomainError(Reason.INVALID_ARGUMENT, field="emoji") from None
    if body.creator_id != user_id:
        raise DomainError(Reason.EMOJI_OF_OTHER)
    return body.name or ""
