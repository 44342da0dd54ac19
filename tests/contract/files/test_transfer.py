"""Bytes in, the same bytes out, to those who may have them; nothing half."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chorus.common.v1.actor_pb2 import Actor
from chorus.files.v1 import files_pb2
from services.chassis.config import ConfigError
from services.chassis.database import Database
from services.chassis.database.naming import service_dsn
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from services.chassis.metrics import Metrics
from services.files.__main__ import wiring
from tests.contract.files.conftest import Files, Messaging
from tests.contract.grounds import Grounds
from tests.contract.served import eventually, refused, serving
from tests.manual_clock import ManualClock


async def test_five_megabytes_come_back_as_they_were(files: Files, member: str, channel: str) -> None:
    content = random.Random(1).randbytes(5_000_000)
    info = await files.upload(member, channel, "../../data.bin", content, len(content))
    assert (info.name, info.extension, info.size, info.mime_type) == (
        "data.bin",
        "bin",
        len(content),
        "application/octet-stream",
    )
    assert (info.user_id, info.channel_id, info.post_id, info.delete_at_ms) == (member, channel, "", 0)
    header, back = await files.download(member, info.id)
    assert header.total_size == len(content)
    assert header.info == info
    assert back == content


async def test_ranges(files: Files, member: str, channel: str) -> None:
    content = random.Random(2).randbytes(300_000)
    info = await files.upload(member, channel, "data", content)
    for offset, length in ((0, 1), (65_535, 70_000), (299_999, 0), (100, 10**9), (300_000, 0)):
        header, part = await files.download(member, info.id, offset=offset, length=length)
        assert part == content[offset : offset + length if length else None]
        assert header.total_size == len(content)
    with refused(Reason.INVALID_ARGUMENT, field="offset"):
        await files.download(member, info.id, offset=300_001)


async def test_names_are_never_paths(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "/etc/cron.d/evil.sh", b"#!/bin/sh\n")
    (kept,) = files.kept()
    assert "evil" not in str(kept)
    assert kept.parent.name == info.id
    for wrong in ("../" * 8 + "ab", "A" * 26):
        with refused(Reason.INVALID_ARGUMENT, field="channel_id"):
            await files.upload(member, wrong, "x", b"x")


async def test_limits(files: Files, member: str, channel: str) -> None:
    stranger = new_id()
    with refused(Reason.PERMISSION_DENIED, permission="upload_file"):
        await files.upload(stranger, channel, "x.txt", b"x")
    with refused(Reason.FILE_EMPTY):
        await files.upload(member, channel, "x.txt", b"")
    with refused(Reason.FILE_TOO_LARGE, limit="6000000"):
        await files.upload(member, channel, "x.txt", b"x", size=6_000_001)
    with refused(Reason.FILE_TOO_LARGE, limit="6000000"):
        await files.upload(member, channel, "x.txt", b"x" * 6_000_001)
    assert files.kept() == []


async def test_an_upload_that_ends_early_leaves_nothing(files: Files, member: str, channel: str) -> None:
    with refused(Reason.INVALID_ARGUMENT, field="size"):
        await files.upload(member, channel, "x.bin", b"x" * 100_000, size=200_000)
    assert list((files.directory / ".incoming").iterdir()) == []

    hold = asyncio.Event()

    async def broken() -> AsyncIterator[files_pb2.UploadFileRequest]:
        yield files_pb2.UploadFileRequest(
            header=files_pb2.UploadHeader(actor=Actor(user_id=member), channel_id=channel, name="x.bin")
        )
        for _ in range(30):
            yield files_pb2.UploadFileRequest(chunk=b"x" * 65_536)
        await hold.wait()

    call = files.stub.UploadFile(broken(), timeout=30, metadata=files.caller.metadata)

    async def receiving() -> bool:
        return len(files.kept()) == 1

    async def nothing() -> bool:
        return list((files.directory / ".incoming").iterdir()) == []

    await eventually(receiving, "the upload has begun")
    call.cancel()
    await eventually(nothing, "the cancelled upload is removed")
    with pytest.raises(asyncio.CancelledError):
        await call
    assert files.kept() == []


async def test_parts_in_the_wrong_order_are_refused(files: Files, member: str, channel: str) -> None:
    header = files_pb2.UploadFileRequest(
        header=files_pb2.UploadHeader(actor=Actor(user_id=member), channel_id=channel, name="x")
    )
    chunk = files_pb2.UploadFileRequest(chunk=b"x")

    async def parts(*given: files_pb2.UploadFileRequest) -> AsyncIterator[files_pb2.UploadFileRequest]:
        for part in given:
            yield part

    for wrong in ((), (chunk,), (header, header), (header, chunk, header)):
        with refused(Reason.INVALID_ARGUMENT):
            await files.send(parts(*wrong))
    assert files.kept() == []


async def test_the_uploader_and_the_channels_readers_may_have_it_and_nobody_else(
    files: Files, messaging: Messaging, member: str, channel: str
) -> None:
    info = await files.upload(member, channel, "x.txt", b"hello")
    reader, stranger = new_id(), new_id()
    messaging.grants.add((reader, channel, "read_channel_content"))
    assert (await files.download(reader, info.id))[1] == b"hello"
    with refused(Reason.PERMISSION_DENIED, permission="read_channel_content"):
        await files.download(stranger, info.id)
    results = await files.infos(stranger, info.id, new_id())
    assert [r.error.reason for r in results] == ["permission_denied", "file_not_found"]
    messaging.grants.clear()
    assert (await files.download(member, info.id))[1] == b"hello"
    assert (await files.infos(member, info.id))[0].info == info


async def test_a_reader_that_leaves_early_is_no_trouble(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "x.bin", b"x" * 5_000_000)
    request = files_pb2.DownloadFileRequest(actor=Actor(user_id=member), id=info.id)
    for _ in range(20):
        call = files.stub.DownloadFile(request, timeout=30, metadata=files.caller.metadata)
        first = await call.read()
        assert isinstance(first, files_pb2.DownloadFileResponse)
        assert first.header.total_size == 5_000_000
        call.cancel()
    assert (await files.download(member, info.id, offset=4_999_990))[1] == b"x" * 10

    def open_files() -> int:
        return sum(1 for fd in Path("/proc/self/fd").iterdir() if str(info.id) in _target(fd))

    async def all_closed() -> bool:
        return open_files() == 0

    await eventually(all_closed, "no file of the download is open")


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


async def test_attachments_can_be_switched_off(grounds: Grounds, messaging: Messaging) -> None:
    settings = grounds.settings("files", FileSettings={"EnableFileAttachments": False})
    user, channel = new_id(), new_id()
    messaging.join(user, channel)
    async with serving("files", wiring(messaging), grounds, settings) as served:
        with refused(Reason.FILE_ATTACHMENTS_DISABLED):
            await Files(served, Path()).upload(user, channel, "x", b"x")


async def test_an_object_store_that_is_not_there_yet_refuses_the_start(grounds: Grounds) -> None:
    settings = grounds.settings("files", FileSettings={"DriverName": "amazons3", "AmazonS3Bucket": "b"})
    with pytest.raises(ConfigError, match="amazons3"):
        async with serving("files", wiring(Messaging()), grounds, settings):
            pass


async def test_what_a_killed_process_left_is_swept(files: Files, member: str, channel: str, clock: ManualClock) -> None:
    kept = await files.upload(member, channel, "x.txt", b"kept")
    folder = files.kept()[0].parent
    orphan_id = new_id()
    orphan = folder.parent / orphan_id
    orphan.mkdir()
    (orphan / "original").write_bytes(b"bytes without a row")
    database = Database("test", service_dsn(files.served.process.settings, "files"), Metrics("test"))
    await database.fetch(
        "INSERT INTO uploads (id, folder, started_at) VALUES (%(id)s, %(folder)s, %(at)s)",
        id=orphan_id,
        folder=str(orphan.relative_to(files.directory)),
        at=clock.now_ms(),
    )
    clock.advance(2 * 3600 + 1)

    async def gone() -> bool:
        return not orphan.exists()

    await eventually(gone, "the orphan is removed")
    assert (await files.download(member, kept.id))[1] == b"kept"
    await database.close()


async def test_a_lost_object_is_said_to_be_not_found(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "x.txt", b"x")
    files.kept()[0].unlink()
    with refused(Reason.FILE_NOT_FOUND):
        await files.download(member, info.id)
