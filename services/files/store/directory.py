"""The driver for a directory: `local`, and `nfs`, which is the same on a directory that all instances share.

A file's forms share a folder. They are written into a folder under `.incoming` and get their place all at once, flushed
to the disk, by one rename: a reader sees all of a file or none of it, whatever is killed when.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from services.files.store.objects import CHUNK, Incoming, ObjectMissing, Objects, Opened

_WRITTEN_AT_ONCE: Final = 1024 * 1024
_INCOMING: Final = ".incoming"
_is_folder: Final = re.compile(r"[a-z0-9]+(/[a-z0-9]+)*").fullmatch


class Directory(Objects):
    """Files below one directory."""

    def __init__(self, root: Path) -> None:
        """Keep files in `root`, made if need be. Raises OSError when that cannot be."""
        self._root = root
        (root / _INCOMING).mkdir(parents=True, exist_ok=True)

    @asynccontextmanager
    async def incoming(self, name: str) -> AsyncIterator[Incoming]:
        """Begin to receive a file."""
        received = _Received(self._root, self._path(name, below=_INCOMING))
        await received.begin()
        try:
            yield received
        finally:
            await received.discard()

    async def open(self, folder: str, form: str) -> Opened:
        """Open a form."""
        path = self._path(folder) / form

        def opened() -> _Form:
            try:
                file = path.open("rb")
            except FileNotFoundError as error:
                raise ObjectMissing(f"{folder}/{form}") from error
            return _Form(file, os.fstat(file.fileno()).st_size)

        return await asyncio.to_thread(opened)

    async def delete(self, folder: str) -> None:
        """Remove a folder."""
        await asyncio.to_thread(shutil.rmtree, self._path(folder), ignore_errors=True)

    async def discard_abandoned(self, older_than_seconds: float) -> None:
        """Remove what nobody has written to for so long."""

        def discard() -> None:
            incoming = self._root / _INCOMING
            os.utime(incoming)  # now, by the clock that dates the files: on NFS the server's, not ours
            before = incoming.stat().st_mtime - older_than_seconds
            for entry in incoming.iterdir():
                try:
                    newest = max(path.stat().st_mtime for path in (entry, *entry.iterdir()))
                except OSError:  # received or discarded meanwhile
                    continue
                if newest < before:
                    shutil.rmtree(entry, ignore_errors=True)

        await asyncio.to_thread(discard)

    def _path(self, folder: str, below: str = "") -> Path:
        """Return the folder's path. Raises ValueError for what could lead anywhere else."""
        if _is_folder(folder) is None:
            raise ValueError(f"{folder!r} is no folder of the object store")
        return self._root / below / folder


class _Received(Incoming):
    """A folder under `.incoming`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root, self._folder = root, folder
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self._weight = 0

    @property
    def folder(self) -> Path:
        """Where the forms lie."""
        return self._folder

    async def begin(self) -> None:
        """Open `original`."""

        def begun() -> BinaryIO:
            self._folder.mkdir(mode=0o700)
            return (self._folder / "original").open("xb", buffering=0)

        self._file = await asyncio.to_thread(begun)

    async def write(self, chunk: bytes) -> None:
        """Append; a megabyte at a time reaches the disk, to spare the change of threads."""
        self._waiting.append(chunk)
        self._weight += len(chunk)
        if self._weight >= _WRITTEN_AT_ONCE:
            await self._flush()

    async def finish(self) -> None:
        """Write the rest."""
        await self._flush()

    async def keep(self, folder: str) -> None:
        """Flush all forms and move them to their place."""
        if _is_folder(folder) is None:
            raise ValueError(f"{folder!r} is no folder of the object store")
        await asyncio.to_thread(self._place, self._root / folder)

    async def discard(self) -> None:
        """Close, and remove what was not kept."""
        if self._file is not None:
            self._file.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _flush(self) -> None:
        data, self._waiting, self._weight = b"".join(self._waiting), [], 0
        file = self._file
        if file is None:
            raise ValueError("not begun")

        def write() -> None:
            left = memoryview(data)
            while left:
                left = left[file.write(left) :]

        await asyncio.to_thread(write)

    def _place(self, target: Path) -> None:
        for form in self._folder.iterdir():
            _sync(form)
        _sync(self._folder)
        _make_folders(target.parent)
        self._folder.rename(target)
        _sync(target.parent)


class _Form(Opened):
    """A file that is open."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    @property
    def size(self) -> int:
        """Bytes of the whole form."""
        return self._size

    async def chunks(self, offset: int, length: int) -> AsyncIterator[bytes]:
        """Read a range."""
        descriptor = self._file.fileno()
        while length > 0:
            chunk = await asyncio.to_thread(os.pread, descriptor, min(CHUNK, length), offset)
            if not chunk:
                raise ObjectMissing("a form ended early")
            offset, length = offset + len(chunk), length - len(chunk)
            yield chunk

    async def close(self) -> None:
        """Close it."""
        self._file.close()


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, each so that a crash does not lose it."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
