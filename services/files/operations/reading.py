"""Handing out descriptions and bytes to those who may have them."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.files.domain import files as domain
from services.files.domain.files import Actor, Form, StoredFile
from services.files.metrics import FilesMetrics
from services.files.operations.messaging import Messaging
from services.files.store import files as store
from services.files.store.objects import ObjectMissing, Objects, Opened

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """A form of a file, or a range of it, ready to be sent. `total_size` is the whole form's, in bytes."""

    file: StoredFile
    content_type: str
    total_size: int
    chunks: AsyncIterator[bytes]


class Reading:
    """Reads files."""

    def __init__(self, database: Database, objects: Objects, messaging: Messaging, metrics: FilesMetrics) -> None:
        """Read from these."""
        self._database, self._objects, self._messaging, self._metrics = database, objects, messaging, metrics

    async def infos(self, actor: Actor, ids: Sequence[str]) -> list[StoredFile | DomainError]:
        """Return each file, or why the actor does not get it: file_not_found, permission_denied, file_deleted."""
        files = await self._database.transact(lambda tx: store.get(tx, ids))
        others = sorted({file.channel_id for file in files.values() if file.user_id != actor.user_id})
        allowed = await self._messaging.allowed(actor, others, domain.READ_CHANNEL_CONTENT) if others else []
        readable = {channel for channel, yes in zip(others, allowed, strict=True) if yes}
        answers: list[StoredFile | DomainError] = []
        for file_id in ids:
            file = files.get(file_id)
            try:
                answers.append(
                    domain.require_readable(
                        file, actor, channel_readable=file is not None and file.channel_id in readable
                    )
                )
            except DomainError as error:
                answers.append(error)
        return answers

    @asynccontextmanager
    async def download(
        self, actor: Actor, file_id: str, form: Form, offset: int, length: int
    ) -> AsyncIterator[Download]:
        """Open a form of a file for reading from `offset`, `length` bytes or (0) to its end.

        Raises file_not_found, permission_denied, file_deleted, no_thumbnail, no_preview, invalid_argument.
        """
        (file,) = await self.infos(actor, [file_id])
        if isinstance(file, DomainError):
            raise file
        content_type = file.content_type(form)
        try:
            opened = await self._objects.open(file.folder, form.value)
        except ObjectMissing as error:
            self._metrics.missing_objects.inc()
            _log.error("the object store has lost a file", extra={"file": file_id, "form": form.value})
            raise DomainError(Reason.FILE_NOT_FOUND) from error
        try:
            offset, length = domain.byte_range(offset, length, opened.size)
            yield Download(file, content_type, opened.size, self._counted(opened, offset, length))
        finally:
            await opened.close()

    async def _counted(self, opened: Opened, offset: int, length: int) -> AsyncIterator[bytes]:
        async for chunk in opened.chunks(offset, length):
            self._metrics.downloaded_bytes.inc(len(chunk))
            yield chunk
