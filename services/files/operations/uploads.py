"""Receiving files."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id, new_id
from services.files.domain import files as domain
from services.files.domain import sniffing
from services.files.domain.files import Actor, StoredFile
from services.files.metrics import FilesMetrics
from services.files.operations.messaging import Messaging, require
from services.files.pictures.pool import Picture, Pictures
from services.files.store import files as store
from services.files.store.objects import Incoming, Objects

_NO_PICTURE: Final = Picture(0, 0, b"", "", "")


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What is accepted: whether anything is, and up to how many bytes."""

    enabled: bool
    max_size: int


class Uploads:
    """Receives files."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        pictures: Pictures,
        messaging: Messaging,
        clock: Clock,
        metrics: FilesMetrics,
        rules: UploadRules,
    ) -> None:
        """Keep bytes in `objects` and descriptions in `database`."""
        self._database, self._objects, self._pictures, self._messaging = database, objects, pictures, messaging
        self._clock, self._metrics, self._rules = clock, metrics, rules

    async def upload(
        self, actor: Actor, channel_id: str, name: str, size: int, chunks: AsyncIterator[bytes]
    ) -> StoredFile:
        """Store what `chunks` yield; `size` in bytes if known beforehand, else 0. Nothing is left when it fails.

        Raises file_attachments_disabled, permission_denied, file_too_large, file_empty, image_too_large, and
        invalid_argument when the bytes end before `size`.
        """
        if not self._rules.enabled:
            raise DomainError(Reason.FILE_ATTACHMENTS_DISABLED)
        for field, value in (("channel_id", channel_id), ("user_id", actor.user_id)):
            if not is_valid_id(value):
                raise DomainError(Reason.INVALID_ARGUMENT, field=field)
        self._check_size(size)
        await require(self._messaging, actor, channel_id, domain.UPLOAD_FILE)

        file_id, now = new_id(), self._clock.now_ms()
        name = domain.clean_name(name)
        folder = domain.folder(now, channel_id, actor.user_id, file_id)
        async with self._objects.incoming(file_id) as incoming:
            received, head = await self._receive(chunks, incoming, size)
            kind = sniffing.sniff(head, domain.extension_of(name))
            picture = await self._render(incoming, kind, head)
            await self._database.transact(lambda tx: store.begin_upload(tx, file_id, folder, now))
            await incoming.keep(folder)
        file = StoredFile(
            id=file_id,
            user_id=actor.user_id,
            channel_id=channel_id,
            create_at=now,
            update_at=now,
            name=name,
            extension=domain.extension_of(name),
            size=received,
            mime_type=kind,
            folder=folder,
            width=picture.width,
            height=picture.height,
            # Clients show the GIF itself, which moves; its preview exists all the same.
            has_preview_image=bool(picture.preview_type) and kind != "image/gif",
            mini_preview=picture.mini_preview,
            thumbnail_type=picture.thumbnail_type,
            preview_type=picture.preview_type,
        )

        async def record(tx: Transaction) -> None:
            await store.insert(tx, file)
            await store.end_upload(tx, file_id)

        await self._database.transact(record)
        self._metrics.uploaded.inc()
        self._metrics.uploaded_bytes.inc(received)
        return file

    async def _receive(self, chunks: AsyncIterator[bytes], incoming: Incoming, size: int) -> tuple[int, bytes]:
        """Write what comes; return how many bytes that was, and the first of them."""
        received, head = 0, b""
        async for chunk in chunks:
            received += len(chunk)
            self._check_size(received)
            if len(head) < sniffing.HEAD:
                head += chunk[: sniffing.HEAD - len(head)]
            await incoming.write(chunk)
        if size and received != size:
            raise DomainError(Reason.INVALID_ARGUMENT, field="size")
        if not received:
            raise DomainError(Reason.FILE_EMPTY)
        await incoming.finish()
        return received, head

    async def _render(self, incoming: Incoming, kind: str, head: bytes) -> Picture:
        if kind == sniffing.SVG:
            width, height = sniffing.svg_size(head)
            return Picture(width, height, b"", "", "")
        if kind not in sniffing.PICTURES:
            return _NO_PICTURE
        return await self._pictures.render(incoming.folder) or _NO_PICTURE

    def _check_size(self, size: int) -> None:
        if size > self._rules.max_size:
            raise DomainError(Reason.FILE_TOO_LARGE, limit=self._rules.max_size)
