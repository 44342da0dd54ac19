"""Files: bytes pass through, from client to service and back, and are never held as a whole."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from aiohttp import hdrs, web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.edge.clients.files import FileClient
from services.edge.dialect import files
from services.edge.rest.kit import JSON, Call, Route, answer, created
from services.edge.rest.uploads import Upload, parts_of

_INFO_HEADERS: Final = JSON | {hdrs.CACHE_CONTROL: "max-age=2592000, private"}


class Files:
    """The operations on files."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/files", self.upload, streams=True),
            Route("GET", "/files/{file_id}", self.download, streams=True),
            Route("HEAD", "/files/{file_id}", self.download, streams=True),
            Route("GET", "/files/{file_id}/thumbnail", self.thumbnail, streams=True),
            Route("HEAD", "/files/{file_id}/thumbnail", self.thumbnail, streams=True),
            Route("GET", "/files/{file_id}/preview", self.preview, streams=True),
            Route("HEAD", "/files/{file_id}/preview", self.preview, streams=True),
            Route("GET", "/files/{file_id}/info", self.info),
            Route("GET", "/files/{file_id}/link", self.link),
        )

    def __init__(self, client: FileClient, settings: Settings) -> None:
        """`settings` say whether files are taken at all, and how large."""
        self._files, self._settings = client, settings.FileSettings

    async def upload(self, call: Call) -> web.StreamResponse:
        """Take files, as parts of a form or one as the body itself."""
        if not self._settings.EnableFileAttachments:
            raise DomainError(Reason.FILE_ATTACHMENTS_DISABLED)
        if call.request.content_length == 0:
            raise DomainError(Reason.FILE_EMPTY)
        if call.request.content_type.startswith("multipart/"):
            return await self._upload_form(call)
        upload = Upload(call.query_id("channel_id"), call.query("filename"), call.request.content_length or 0)
        info = await self._store(call, upload, call.request.content.iter_chunked(files.CHUNK_BYTES))
        client_id = call.query("client_id")
        return created({"file_infos": [files.file_json(info)], "client_ids": [client_id] if client_id else []})

    async def _upload_form(self, call: Call) -> web.StreamResponse:
        infos, client_ids = [], list[str]()
        async with aclosing(parts_of(call.request, call.query_id("channel_id"), self._settings.MaxFileSize)) as parts:
            async for part in parts:
                if isinstance(part, str):
                    client_ids.append(part)
                else:
                    upload, chunks = part
                    infos.append(files.file_json(await self._store(call, upload, chunks)))
        if not infos:
            raise DomainError(Reason.FILE_EMPTY)
        if client_ids and len(client_ids) != len(infos):
            raise DomainError(Reason.CLIENT_IDS_MISMATCH)
        return created({"file_infos": infos, "client_ids": client_ids})

    async def _store(self, call: Call, upload: Upload, chunks: AsyncIterator[bytes]) -> files.FileInfo:
        if not upload.channel_id:
            raise DomainError(Reason.INVALID_ARGUMENT, field="channel_id")
        if not upload.name:
            raise DomainError(Reason.INVALID_ARGUMENT, field="filename")
        if upload.size > self._settings.MaxFileSize:
            raise DomainError(Reason.FILE_TOO_LARGE, limit=self._settings.MaxFileSize)
        bounded = _bounded(chunks, self._settings.MaxFileSize)
        return await self._files.upload(call.caller, upload.channel_id, upload.name, upload.size, bounded)

    async def info(self, call: Call) -> web.StreamResponse:
        """Return a file's description."""
        info = await self._files.info(call.caller, call.id("file_id"))
        return answer(files.file_json(info), headers=_INFO_HEADERS)

    async def link(self, call: Call) -> web.StreamResponse:
        """Refuse a link that anybody could follow: there are none, and the client config says so (EnablePublicLink)."""
        await self._files.info(call.caller, call.id("file_id"))
        raise DomainError(Reason.PUBLIC_LINKS_DISABLED)

    async def download(self, call: Call) -> web.StreamResponse:
        """Send a file, or the part of it that is asked for."""
        return await self._send(call, files.Variant.ORIGINAL)

    async def thumbnail(self, call: Call) -> web.StreamResponse:
        """Send a small picture of a file."""
        return await self._send(call, files.Variant.THUMBNAIL)

    async def preview(self, call: Call) -> web.StreamResponse:
        """Send a large picture of a file."""
        return await self._send(call, files.Variant.PREVIEW)

    async def _send(self, call: Call, variant: files.Variant) -> web.StreamResponse:
        """Open the whole form, which says its size; a part of it is then asked for by a call of its own."""
        file_id, request = call.id("file_id"), call.request
        async with aclosing(self._files.download(call.caller, files.download(file_id, variant))) as parts:
            header = files.header(await anext(parts))
            headers = files.headers(header, variant, as_attachment=call.flag("download"))
            if files.is_unchanged(header, request.headers.get(hdrs.IF_MODIFIED_SINCE, "")):
                return web.Response(status=304, headers=headers)
            try:
                span = files.span(request.headers.get(hdrs.RANGE, ""), header.total_size)
            except ValueError:
                headers[hdrs.CONTENT_RANGE] = f"bytes */{header.total_size}"
                return web.Response(status=416, headers=headers)
            if span is None:
                return await _stream(call, 200, headers, header.total_size, files.chunks(parts))
        headers[hdrs.CONTENT_RANGE] = f"bytes {span.first}-{span.last}/{header.total_size}"
        async with aclosing(self._files.download(call.caller, files.download(file_id, variant, span))) as parts:
            await anext(parts)
            return await _stream(call, 206, headers, span.length, files.chunks(parts))


async def _stream(
    call: Call, status: int, headers: dict[str, str], length: int, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send bytes as they come. A failure in the middle cuts the connection: the client must not take less for all."""
    request = call.request
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = length
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        async for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
    except DomainError as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError(str(error)) from error
    return response


async def _bounded(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise DomainError(Reason.FILE_TOO_LARGE, limit=most)
        yield chunk
