"""A files service with a real database, a real directory and real workers; messaging is a value in the test's hand."""

import io
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from PIL import Image

from chorus.common.v1.actor_pb2 import Actor
from chorus.common.v1.files_pb2 import FileInfo
from chorus.files.v1 import files_pb2, files_pb2_grpc
from services.chassis.config import Settings
from services.chassis.ids import new_id
from services.chassis.rpc.errors import from_rpc_error
from services.files.__main__ import wiring
from services.files.domain import files as domain
from tests.contract.grounds import Grounds
from tests.contract.served import Caller, Served, serving
from tests.manual_clock import ManualClock

CHUNK = 64 * 1024


@dataclass
class Messaging:
    """What messaging would say: who holds what where, and which posts exist."""

    grants: set[tuple[str, str, str]] = field(default_factory=set)
    posts: set[str] = field(default_factory=set)

    def join(self, user: str, channel: str) -> None:
        """Make the user a member, as far as files can tell."""
        self.grants |= {(user, channel, "upload_file"), (user, channel, "read_channel_content")}

    async def allowed(self, actor: domain.Actor, channel_ids: Sequence[str], permission: str) -> list[bool]:
        return [(actor.user_id, channel, permission) in self.grants for channel in channel_ids]

    async def existing_posts(self, post_ids: Sequence[str]) -> set[str]:
        return self.posts & set(post_ids)


class Files:
    """The service, as an edge calls it."""

    def __init__(self, served: Served, directory: Path) -> None:
        self.caller: Caller = served.caller()
        self.served = served
        self.stub = files_pb2_grpc.FileServiceStub(self.caller.channel)
        self.directory = directory

    async def send(self, parts: AsyncIterator[files_pb2.UploadFileRequest]) -> FileInfo:
        try:
            answer = await self.stub.UploadFile(parts, timeout=30, metadata=self.caller.metadata)
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        return answer.info

    async def upload(
        self, user: str, channel: str, name: str, content: bytes | Iterable[bytes], size: int = 0
    ) -> FileInfo:
        chunks = (
            [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
            if isinstance(content, bytes)
            else content
        )

        async def parts() -> AsyncIterator[files_pb2.UploadFileRequest]:
            yield files_pb2.UploadFileRequest(
                header=files_pb2.UploadHeader(actor=Actor(user_id=user), channel_id=channel, name=name, size=size)
            )
            for chunk in chunks:
                yield files_pb2.UploadFileRequest(chunk=chunk)

        return await self.send(parts())

    async def download(
        self,
        user: str,
        file_id: str,
        variant: files_pb2.FileVariant.ValueType = files_pb2.FILE_VARIANT_UNSPECIFIED,
        offset: int = 0,
        length: int = 0,
    ) -> tuple[files_pb2.DownloadHeader, bytes]:
        request = files_pb2.DownloadFileRequest(
            actor=Actor(user_id=user), id=file_id, variant=variant, offset=offset, length=length
        )
        try:
            parts = [p async for p in self.stub.DownloadFile(request, timeout=30, metadata=self.caller.metadata)]
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from error
        assert parts[0].WhichOneof("part") == "header"
        return parts[0].header, b"".join(part.chunk for part in parts[1:])

    async def infos(self, user: str, *ids: str) -> list[files_pb2.FileInfoResult]:
        request = files_pb2.GetFileInfosRequest(actor=Actor(user_id=user), ids=ids)
        return list((await self.caller.call(self.stub.GetFileInfos, request)).results)

    async def claim(self, user: str, post: str, channel: str, *ids: str) -> list[FileInfo]:
        request = files_pb2.ClaimFilesRequest(actor=Actor(user_id=user), post_id=post, channel_id=channel, file_ids=ids)
        return list((await self.caller.call(self.stub.ClaimFiles, request)).infos)

    def kept(self) -> list[Path]:
        """Every file below the directory."""
        return [path for path in self.directory.rglob("*") if path.is_file()]


@pytest.fixture
def messaging() -> Messaging:
    """Messaging."""
    return Messaging()


@pytest.fixture
def clock() -> ManualClock:
    """The service's clock."""
    return ManualClock()


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    """An empty database and an empty directory for each test; limits that a test can reach."""
    return grounds.settings("files", FileSettings={"MaxFileSize": 6_000_000, "MaxImageResolution": 4_000_000})


@pytest.fixture
async def files(grounds: Grounds, settings: Settings, messaging: Messaging, clock: ManualClock) -> AsyncIterator[Files]:
    """A running service that sweeps all the time."""
    wire = wiring(messaging, sweep_seconds=0.05)
    async with serving("files", wire, grounds, settings, clock=clock) as served:
        yield Files(served, Path(settings.FileSettings.Directory))


@pytest.fixture
def channel() -> str:
    """A channel."""
    return new_id()


@pytest.fixture
def member(messaging: Messaging, channel: str) -> str:
    """A member of the channel."""
    user = new_id()
    messaging.join(user, channel)
    return user


def picture(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    """Return an image file."""
    made = io.BytesIO()
    Image.new(mode, size, "red").save(made, kind, **options)
    return made.getvalue()
