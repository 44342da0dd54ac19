"""Where bytes are kept: what a driver must do."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol

CHUNK: Final = 64 * 1024
"""Bytes that are handed out at a time."""


class ObjectMissing(Exception):
    """The object store does not have what the database says it has."""


class Incoming(Protocol):
    """A file that is being received; whoever leaves it without `keep` leaves nothing behind."""

    @property
    def folder(self) -> Path:
        """Where its forms lie by their names meanwhile: `original`, and what is made of it."""
        ...

    async def write(self, chunk: bytes) -> None:
        """Append to `original`."""
        ...

    async def finish(self) -> None:
        """End `original`: everything that was written can be read from the folder."""
        ...

    async def keep(self, folder: str) -> None:
        """Give all forms their place; once this returns, no crash loses them."""
        ...


class Opened(Protocol):
    """A form that is being read."""

    @property
    def size(self) -> int:
        """The size of the whole form in bytes."""
        ...

    def chunks(self, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a range. Raises ObjectMissing when the form ends before it."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class Objects(Protocol):
    """An object store. A folder is components of a-z and 0-9 between slashes."""

    def incoming(self, name: str) -> AbstractAsyncContextManager[Incoming]:
        """Begin to receive a file."""
        ...

    async def open(self, folder: str, form: str) -> Opened:
        """Open a form for reading. Raises ObjectMissing."""
        ...

    async def delete(self, folder: str) -> None:
        """Remove a folder and all its forms, if it is there."""
        ...

    async def discard_abandoned(self, older_than_seconds: float) -> None:
        """Remove what killed processes were receiving."""
        ...
