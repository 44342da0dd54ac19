"""Files out of multipart forms, as their bytes come.

A file that comes before the field that says where it goes waits on disk, never in memory.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id

CHUNK_BYTES: Final = 64 * 1024
MAX_FILES: Final = 10
_FIELD_BYTES: Final = 256
_FIELDS: Final = 64


class Upload(NamedTuple):
    """A file that is about to come; `size` in bytes, 0 when it isn't known."""

    channel_id: str
    name: str
    size: int


FilePart = tuple[Upload, AsyncIterator[bytes]]


async def parts_of(request: web.Request, channel_id: str, max_file: int) -> AsyncGenerator[FilePart | str, None]:
    """Yield the form's files and its `client_ids`, in its order; each file is to be read before the next.

    `channel_id` is the query's, empty for none. Raises invalid_argument, file_too_large.
    """
    with _Waiting() as waiting:
        fields = count = 0
        async for part in _body_parts(request):
            if part.name == "files":
                count += 1
                if count > MAX_FILES:
                    raise DomainError(Reason.INVALID_ARGUMENT, field="files")
                if channel_id:
                    yield Upload(channel_id, part.filename or "", 0), _chunks(part)
                else:
                    await waiting.keep(part, max_file)
                continue
            fields += 1
            if fields > _FIELDS:
                raise DomainError(Reason.INVALID_ARGUMENT, field="body")
            text = await _field(part)
            if part.name == "client_ids":
                yield text
            elif part.name == "channel_id" and not channel_id:
                if not is_valid_id(text):
                    raise DomainError(Reason.INVALID_ARGUMENT, field="channel_id")
                channel_id = text
        for kept in waiting.files:
            yield Upload(channel_id, kept.name, kept.size), _read_back(kept.file)


async def fields_of(request: web.Request, most: int) -> dict[str, bytes]:
    """Return a small form's fields by name, whole; what is beyond `most` bytes and one of each is not read.

    Raises invalid_argument.
    """
    fields: dict[str, bytes] = {}
    async for part in _body_parts(request):
        if len(fields) >= _FIELDS:
            raise DomainError(Reason.INVALID_ARGUMENT, field="body")
        value = b""
        async for chunk in _chunks(part):
            value += chunk
            if len(value) > most:
                return fields | {part.name or "": value}
        fields[part.name or ""] = value
    return fields


@dataclass(slots=True)
class _Kept:
    name: str
    file: IO[bytes]
    size: int = 0


class _Waiting:
    """Files on disk, without names there, gone at the end."""

    def __init__(self) -> None:
        self.files: list[_Kept] = []

    def __enter__(self) -> "_Waiting":
        return self

    def __exit__(self, *_: object) -> None:
        for kept in self.files:
            kept.file.close()

    async def keep(self, part: BodyPartReader, most: int) -> None:
        """Take a file's bytes."""
        kept = _Kept(part.filename or "", tempfile.TemporaryFile())  # noqa: SIM115 - closed by __exit__
        self.files.append(kept)
        async for chunk in _chunks(part):
            kept.size += len(chunk)
            if kept.size > most:
                raise DomainError(Reason.FILE_TOO_LARGE, limit=most)
            await asyncio.to_thread(kept.file.write, chunk)
        kept.file.seek(0)


async def _body_parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    with _readable():
        form = await request.multipart()
    while True:
        with _readable():
            part = await form.next()
        if part is None:
            return
        if isinstance(part, MultipartReader):
            raise DomainError(Reason.INVALID_ARGUMENT, field="body")
        yield part


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        with _readable():
            chunk = await part.read_chunk(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


@contextmanager
def _readable() -> Iterator[None]:
    """Raise invalid_argument for what is no form: no boundary, headers that are none, an end that never comes."""
    try:
        yield
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError):
        raise DomainError(Reason.INVALID_ARGUMENT, field="body") from None


async def _field(part: BodyPartReader) -> str:
    value = b""
    async for chunk in _chunks(part):
        value += chunk
        if len(value) > _FIELD_BYTES:
            raise DomainError(Reason.INVALID_ARGUMENT, field=part.name or "body")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise DomainError(Reason.INVALID_ARGUMENT, field=part.name or "body") from None


async def _read_back(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk
