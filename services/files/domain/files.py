"""What a file is, who may have it, and which post it belongs to."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from services.chassis.errors import DomainError, Reason

UPLOAD_FILE: Final = "upload_file"
READ_CHANNEL_CONTENT: Final = "read_channel_content"

_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks."""

    user_id: str
    roles: tuple[str, ...]


class Form(Enum):
    """A form of a file, by its name in the file's folder."""

    ORIGINAL = "original"
    THUMBNAIL = "thumbnail"
    PREVIEW = "preview"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it is kept; times in ms since the epoch, size in bytes."""

    id: str
    user_id: str
    channel_id: str
    create_at: int
    update_at: int
    name: str
    extension: str
    size: int
    mime_type: str
    folder: str
    width: int = 0
    height: int = 0
    has_preview_image: bool = False
    mini_preview: bytes = b""
    thumbnail_type: str = ""
    preview_type: str = ""
    post_id: str = ""
    delete_at: int = 0

    def content_type(self, form: Form) -> str:
        """Return the content type of one of the forms. Raises no_thumbnail, no_preview."""
        if form is Form.THUMBNAIL:
            if not self.thumbnail_type:
                raise DomainError(Reason.NO_THUMBNAIL)
            return self.thumbnail_type
        if form is Form.PREVIEW:
            if not self.preview_type:
                raise DomainError(Reason.NO_PREVIEW)
            return self.preview_type
        return self.mime_type


def folder(now_ms: int, channel_id: str, user_id: str, file_id: str) -> str:
    """Return where the file's forms are kept: by ids alone, never by a name that somebody chose."""
    day = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%d")
    return f"{day}/channels/{channel_id}/users/{user_id}/{file_id}"


def clean_name(name: str) -> str:
    """Return the name as it is shown: its last component, composed, printable, of bounded length, never empty."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    printable = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs")).strip()
    if len(printable) > _LONGEST_NAME:
        stem, dot, extension = printable.rpartition(".")
        tail = (dot + extension)[:32] if stem else ""
        printable = printable[: _LONGEST_NAME - len(tail)] + tail
    return printable if printable.strip(".") else "file"


def extension_of(name: str) -> str:
    """Return the name's extension in lower case without the dot; empty for none."""
    stem, _, extension = name.rpartition(".")
    return extension.lower() if stem else ""


def require_readable(file: StoredFile | None, actor: Actor, *, channel_readable: bool) -> StoredFile:
    """Return the file if the actor uploaded it or may read its channel.

    Raises file_not_found, permission_denied, file_deleted.
    """
    if file is None:
        raise DomainError(Reason.FILE_NOT_FOUND)
    if file.user_id != actor.user_id and not channel_readable:
        raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CHANNEL_CONTENT)
    if file.delete_at:
        raise DomainError(Reason.FILE_DELETED)
    return file


def may_claim(file: StoredFile, actor: Actor, post_id: str, channel_id: str) -> bool:
    """Say whether the actor's post in the channel may have the file: their own, of that channel, of no other post."""
    return (
        file.user_id == actor.user_id
        and file.channel_id == channel_id
        and not file.delete_at
        and file.post_id in ("", post_id)
    )


def byte_range(offset: int, length: int, total: int) -> tuple[int, int]:
    """Return first byte and count of the bytes asked for; a length of 0 is the rest. Raises invalid_argument."""
    if not 0 <= offset <= total:
        raise DomainError(Reason.INVALID_ARGUMENT, field="offset")
    if length < 0:
        raise DomainError(Reason.INVALID_ARGUMENT, field="length")
    return offset, min(length or total, total - offset)
