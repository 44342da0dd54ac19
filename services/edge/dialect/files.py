"""Files: their descriptions, and how their bytes are presented to browsers."""

import base64
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from chorus.common.v1 import files_pb2
from chorus.files.v1 import files_pb2 as service_pb2

FileInfo = files_pb2.FileInfo
CHUNK_BYTES: Final = 64 * 1024

_INLINE: Final = frozenset(
    (
        "image/jpeg",
        "image/png",
        "image/bmp",
        "image/gif",
        "image/tiff",
        "image/webp",
        "video/avi",
        "video/mpeg",
        "video/mp4",
        "audio/mpeg",
        "audio/wav",
    )
)
"""What browsers may show in place; everything else is saved, whatever it says it is."""

_SCRIPTS: Final = ("html", "javascript", "ecmascript")
_is_range = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII).fullmatch


def file_json(info: files_pb2.FileInfo) -> dict[str, Any]:
    """Return a file's description."""
    shown: dict[str, Any] = {"id": info.id, "user_id": info.user_id}
    if info.post_id:
        shown["post_id"] = info.post_id
    shown |= {
        "channel_id": info.channel_id,
        "create_at": info.create_at_ms,
        "update_at": info.update_at_ms,
        "delete_at": info.delete_at_ms,
        "name": info.name,
        "extension": info.extension,
        "size": info.size,
        "mime_type": info.mime_type,
    }
    if info.width:
        shown["width"] = info.width
    if info.height:
        shown["height"] = info.height
    if info.has_preview_image:
        shown["has_preview_image"] = True
    shown["mini_preview"] = base64.b64encode(info.mini_preview).decode() if info.mini_preview else None
    shown["remote_id"] = ""
    shown["archived"] = False
    return shown


class Variant(Enum):
    """A form of a file."""

    ORIGINAL = service_pb2.FILE_VARIANT_UNSPECIFIED
    THUMBNAIL = service_pb2.FILE_VARIANT_THUMBNAIL
    PREVIEW = service_pb2.FILE_VARIANT_PREVIEW


class Span(NamedTuple):
    """A part of a file, from its first to its last byte."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it is."""
        return self.last - self.first + 1


def download(file_id: str, variant: Variant, span: Span | None = None) -> service_pb2.DownloadFileRequest:
    """Return the question for a file's bytes; None for all of them."""
    return service_pb2.DownloadFileRequest(
        id=file_id,
        variant=variant.value,
        offset=span.first if span else 0,
        length=span.length if span else 0,
    )


def header(part: service_pb2.DownloadFileResponse) -> service_pb2.DownloadHeader:
    """Return what the first part of a download says."""
    return part.header


async def chunks(parts: AsyncIterator[service_pb2.DownloadFileResponse]) -> AsyncIterator[bytes]:
    """Yield the bytes of a download's later parts."""
    async for part in parts:
        yield part.chunk


def headers(told: service_pb2.DownloadHeader, variant: Variant, *, as_attachment: bool) -> dict[str, str]:
    """Return the answer's headers: nothing in a file may act in the name of this site."""
    kind = told.content_type.partition(";")[0].strip().lower()
    inline = (kind in _INLINE or variant is not Variant.ORIGINAL) and not as_attachment
    name = quote(told.info.name, safe="")
    return {
        "Content-Type": _shown_type(told.content_type),
        "Content-Disposition": f"{'inline' if inline else 'attachment'};filename=\"{name}\"; filename*=UTF-8''{name}",
        "Cache-Control": "private, max-age=86400",
        "Last-Modified": format_datetime(_changed(told.info), usegmt=True),
        "Accept-Ranges": "bytes",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": "Frame-ancestors 'none'",
    }


def is_unchanged(told: service_pb2.DownloadHeader, since: str) -> bool:
    """Say whether a file is as it was at `since`, a value of If-Modified-Since; what is none counts as never."""
    try:
        return bool(since) and _changed(told.info) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):  # no date, or one without a zone
        return False


def span(asked: str, total: int) -> Span | None:
    """Return which part a Range header asks for; None for all, also for what is no single range of bytes.

    Raises ValueError when no byte of it exists.
    """
    match = _is_range(asked.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, total - int(last))
    end = min(int(last), total - 1) if first and last else total - 1
    if first and last and int(last) < int(first):
        return None  # no range at all: ignored, as the standard says
    if start >= total or end < start:
        raise ValueError(asked)
    return Span(start, end)


def _shown_type(kind: str) -> str:
    if not kind:
        return "application/octet-stream"
    return "text/plain" if any(script in kind.lower() for script in _SCRIPTS) else kind


def _changed(info: files_pb2.FileInfo) -> datetime:
    return datetime.fromtimestamp(info.update_at_ms // 1000, UTC)
