"""Calls of files."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

from chorus.common.v1 import files_pb2 as common_pb2
from chorus.files.v1 import files_pb2, files_pb2_grpc
from services.chassis.rpc.client import Peer
from services.chassis.rpc.errors import from_item
from services.edge.caller import Caller
from services.edge.clients.actor import actor

CHUNK_BYTES: Final = 64 * 1024


class FileClient:
    """Uploads, descriptions and bytes of files."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is files."""
        self._peer = peer
        self._files = files_pb2_grpc.FileServiceStub(peer.channel)

    async def upload(
        self, caller: Caller, channel_id: str, name: str, size: int, chunks: AsyncIterator[bytes]
    ) -> common_pb2.FileInfo:
        """Store a file as its bytes come; `size` is 0 when it isn't known beforehand."""

        async def parts() -> AsyncIterator[files_pb2.UploadFileRequest]:
            header = files_pb2.UploadHeader(actor=actor(caller), channel_id=channel_id, name=name, size=size)
            yield files_pb2.UploadFileRequest(header=header)
            async for chunk in chunks:
                for start in range(0, len(chunk), CHUNK_BYTES):
                    yield files_pb2.UploadFileRequest(chunk=chunk[start : start + CHUNK_BYTES])

        return (await self._peer.upload(self._files.UploadFile, parts())).info

    async def info(self, caller: Caller, file_id: str) -> common_pb2.FileInfo:
        """Return a file's description."""
        request = files_pb2.GetFileInfosRequest(actor=actor(caller), ids=(file_id,))
        result = (await self._peer.call(self._files.GetFileInfos, request)).results[0]
        if result.HasField("error"):
            raise from_item(result.error)
        return result.info

    async def own(self, caller: Caller, file_ids: Sequence[str]) -> list[common_pb2.FileInfo]:
        """Return those of the files that exist and are the caller's own, in order."""
        request = files_pb2.GetFileInfosRequest(actor=actor(caller), ids=file_ids)
        results = (await self._peer.call(self._files.GetFileInfos, request)).results
        infos = [result.info for result in results if not result.HasField("error")]
        return [info for info in infos if info.user_id == caller.user_id]

    async def claim(
        self, caller: Caller, post_id: str, channel_id: str, file_ids: Sequence[str]
    ) -> Sequence[common_pb2.FileInfo]:
        """Tie files to a post that is about to be made; those that cannot be tied are left out."""
        request = files_pb2.ClaimFilesRequest(
            actor=actor(caller), post_id=post_id, channel_id=channel_id, file_ids=file_ids
        )
        return (await self._peer.call(self._files.ClaimFiles, request)).infos

    def download(
        self, caller: Caller, request: files_pb2.DownloadFileRequest
    ) -> AsyncGenerator[files_pb2.DownloadFileResponse, None]:
        """Return the description, then the bytes, as they come. Closing it ends the call."""
        request.actor.CopyFrom(actor(caller))
        return self._peer.download(self._files.DownloadFile, request)
