"""FileService: unpack, operation, pack."""

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc

from chorus.common.v1 import actor_pb2
from chorus.common.v1 import files_pb2 as common_pb2
from chorus.files.v1 import files_pb2, files_pb2_grpc
from services.chassis.errors import DomainError, Reason
from services.chassis.rpc.errors import to_item
from services.files.domain.files import Actor, Form, StoredFile
from services.files.operations.attaching import Attaching
from services.files.operations.reading import Reading
from services.files.operations.uploads import Uploads

Context = grpc.aio.ServicerContext[Any, Any]

_FORMS: Final = {
    files_pb2.FILE_VARIANT_UNSPECIFIED: Form.ORIGINAL,
    files_pb2.FILE_VARIANT_THUMBNAIL: Form.THUMBNAIL,
    files_pb2.FILE_VARIANT_PREVIEW: Form.PREVIEW,
}


class FileServicer(files_pb2_grpc.FileServiceServicer):
    """Files, as edges call them."""

    def __init__(self, uploads: Uploads, reading: Reading, attaching: Attaching) -> None:
        """Serve these."""
        self._uploads, self._reading, self._attaching = uploads, reading, attaching

    async def UploadFile(
        self, request_iterator: AsyncIterator[files_pb2.UploadFileRequest], context: Context
    ) -> files_pb2.UploadFileResponse:
        """Store a file."""
        parts = aiter(request_iterator)
        first = await anext(parts, None)
        if first is None or first.WhichOneof("part") != "header":
            raise DomainError(Reason.INVALID_ARGUMENT, field="header")
        header = first.header
        file = await self._uploads.upload(
            _actor(header.actor), header.channel_id, header.name, header.size, _chunks(parts)
        )
        return files_pb2.UploadFileResponse(info=_info(file))

    async def GetFileInfos(
        self, request: files_pb2.GetFileInfosRequest, context: Context
    ) -> files_pb2.GetFileInfosResponse:
        """Return descriptions."""
        answers = await self._reading.infos(_actor(request.actor), request.ids)
        return files_pb2.GetFileInfosResponse(
            results=[
                files_pb2.FileInfoResult(error=to_item(answer))
                if isinstance(answer, DomainError)
                else files_pb2.FileInfoResult(info=_info(answer))
                for answer in answers
            ]
        )

    async def DownloadFile(
        self, request: files_pb2.DownloadFileRequest, context: Context
    ) -> AsyncIterator[files_pb2.DownloadFileResponse]:
        """Send a file's bytes."""
        form = _FORMS.get(request.variant)
        if form is None:
            raise DomainError(Reason.INVALID_ARGUMENT, field="variant")
        async with self._reading.download(
            _actor(request.actor), request.id, form, request.offset, request.length
        ) as download:
            yield files_pb2.DownloadFileResponse(
                header=files_pb2.DownloadHeader(
                    info=_info(download.file), total_size=download.total_size, content_type=download.content_type
                )
            )
            async for chunk in download.chunks:
                yield files_pb2.DownloadFileResponse(chunk=chunk)

    async def ClaimFiles(self, request: files_pb2.ClaimFilesRequest, context: Context) -> files_pb2.ClaimFilesResponse:
        """Tie files to a post."""
        files = await self._attaching.claim(
            _actor(request.actor), request.post_id, request.channel_id, request.file_ids
        )
        return files_pb2.ClaimFilesResponse(infos=[_info(file) for file in files])


def _actor(message: actor_pb2.Actor) -> Actor:
    return Actor(message.user_id, tuple(message.roles))


async def _chunks(parts: AsyncIterator[files_pb2.UploadFileRequest]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("part") != "chunk":
            raise DomainError(Reason.INVALID_ARGUMENT, field="chunk")
        yield part.chunk


def _info(file: StoredFile) -> common_pb2.FileInfo:
    return common_pb2.FileInfo(
        id=file.id,
        user_id=file.user_id,
        post_id=file.post_id,
        channel_id=file.channel_id,
        create_at_ms=file.create_at,
        update_at_ms=file.update_at,
        delete_at_ms=file.delete_at,
        name=file.name,
        extension=file.extension,
        size=file.size,
        mime_type=file.mime_type,
        width=file.width,
        height=file.height,
        has_preview_image=file.has_preview_image,
        mini_preview=file.mini_preview,
    )
