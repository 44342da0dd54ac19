"""Bytes pass through unchanged, in whatever order a form names them, and never beyond the limit."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, cast

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer

from chorus.common.v1 import files_pb2 as common_pb2
from chorus.files.v1 import files_pb2
from services.chassis.admin import Readiness
from services.chassis.config import Settings
from services.chassis.config.sections import FileSettings
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.edge.caller import Caller
from services.edge.clients.files import FileClient
from services.edge.metrics import RestMetrics
from services.edge.rest.application import Application
from services.edge.rest.files import Files
from services.edge.sessions import Sessions
from tests.unit.edge.rest.conftest import TOKEN, KnownTokens

Client = TestClient[Any, Any]
CHANNEL, FILE = "c" * 26, "f" * 26
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LIMIT = 200_000
BYTES = bytes(range(256)) * 400


class FileStore:
    """Stands for the files service."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, str, int, bytes]] = []
        self.breaks = False

    async def upload(
        self, caller: Caller, channel_id: str, name: str, size: int, chunks: AsyncIterator[bytes]
    ) -> common_pb2.FileInfo:
        whole = b"".join([chunk async for chunk in chunks])
        self.stored.append((channel_id, name, size, whole))
        return common_pb2.FileInfo(id=FILE, channel_id=channel_id, name=name, size=len(whole))

    async def download(
        self, caller: Caller, request: files_pb2.DownloadFileRequest
    ) -> AsyncGenerator[files_pb2.DownloadFileResponse, None]:
        if request.id != FILE:
            raise DomainError(Reason.FILE_NOT_FOUND)
        info = common_pb2.FileInfo(id=FILE, name="a.png", update_at_ms=1_700_000_000_000)
        header = files_pb2.DownloadHeader(info=info, total_size=len(BYTES), content_type="image/png")
        yield files_pb2.DownloadFileResponse(header=header)
        wanted = BYTES[request.offset : request.offset + request.length if request.length else None]
        for start in range(0, len(wanted), 30_000):
            yield files_pb2.DownloadFileResponse(chunk=wanted[start : start + 30_000])
            if self.breaks:
                raise DomainError(Reason.UNAVAILABLE)


@pytest.fixture
def store() -> FileStore:
    return FileStore()


@pytest.fixture
async def client(store: FileStore) -> AsyncIterator[Client]:
    settings = Settings(FileSettings=FileSettings(MaxFileSize=LIMIT))
    application = Application(
        [Files(cast(FileClient, store), settings)],
        cast(Sessions, KnownTokens()),
        Readiness(),
        RestMetrics(Metrics("edge")),
        version="",
        body_limit=1000,
    )
    async with TestClient(TestServer(application.build())) as made:
        yield made


def form(*fields: tuple[str, str | bytes]) -> FormData:
    made = FormData(default_to_multipart=True)
    for name, value in fields:
        if isinstance(value, bytes):
            made.add_field(name, value, filename=f"{len(value)}.bin")
        else:
            made.add_field(name, value)
    return made


@pytest.mark.parametrize("channel_first", [True, False])
async def test_forms_in_either_order(client: Client, store: FileStore, channel_first: bool) -> None:
    channel: list[tuple[str, str | bytes]] = [("channel_id", CHANNEL)]
    files: list[tuple[str, str | bytes]] = [("files", BYTES), ("files", b"xyz")]
    ids: list[tuple[str, str | bytes]] = [("client_ids", "1"), ("client_ids", "2")]
    fields = [*channel, *ids, *files] if channel_first else [*files, *ids, *channel]
    response = await client.post("/api/v4/files", headers=BEARER, data=form(*fields))
    told = await response.json()
    assert response.status == 201
    assert told["client_ids"] == ["1", "2"]
    assert [info["size"] for info in told["file_infos"]] == [len(BYTES), 3]
    assert [(channel, name, data) for channel, name, _, data in store.stored] == [
        (CHANNEL, f"{len(BYTES)}.bin", BYTES),
        (CHANNEL, "3.bin", b"xyz"),
    ]


async def test_a_body_that_is_the_file(client: Client, store: FileStore) -> None:
    url = f"/api/v4/files?channel_id={CHANNEL}&filename=a%20b.bin&client_id=7"
    response = await client.post(url, headers=BEARER, data=BYTES)
    assert (await response.json())["client_ids"] == ["7"]
    assert store.stored == [(CHANNEL, "a b.bin", len(BYTES), BYTES)]


@pytest.mark.parametrize(
    ("fields", "status", "error_id"),
    [
        ([("files", b"x")], 400, "api.context.invalid_body_param.app_error"),
        ([("channel_id", "short"), ("files", b"x")], 400, "api.context.invalid_body_param.app_error"),
        ([("channel_id", CHANNEL)], 400, "api.file.upload_file.read_request.app_error"),
        (
            [("channel_id", CHANNEL), ("client_ids", "1"), ("client_ids", "2"), ("files", b"x")],
            400,
            "api.file.upload_file.incorrect_number_of_client_ids.app_error",
        ),
        (
            [("channel_id", CHANNEL), ("files", b"x" * (LIMIT + 1))],
            413,
            "api.file.upload_file.too_large_detailed.app_error",
        ),
        (
            [("files", b"x" * (LIMIT + 1)), ("channel_id", CHANNEL)],
            413,
            "api.file.upload_file.too_large_detailed.app_error",
        ),
        (
            [("channel_id", CHANNEL), *[("files", b"x")] * 11],
            400,
            "api.context.invalid_body_param.app_error",
        ),
        ([("channel_id", CHANNEL), *[("client_ids", "x")] * 100], 400, "api.context.invalid_body_param.app_error"),
    ],
)
async def test_forms_that_are_refused(
    client: Client, fields: list[tuple[str, str | bytes]], status: int, error_id: str
) -> None:
    response = await client.post("/api/v4/files", headers=BEARER, data=form(*fields))
    assert (response.status, (await response.json())["id"]) == (status, error_id)


@pytest.mark.parametrize(
    "body", [b"", b"nothing of a form", b"--b\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\nxyz"]
)
async def test_bodies_that_are_no_form(client: Client, body: bytes) -> None:
    headers = BEARER | {"Content-Type": "multipart/form-data; boundary=b"}
    response = await client.post("/api/v4/files", headers=headers, data=body)
    assert response.status == 400


async def test_an_empty_body_and_a_large_one_are_refused_by_their_size(client: Client) -> None:
    url = f"/api/v4/files?channel_id={CHANNEL}&filename=a"
    assert (await client.post(url, headers=BEARER, data=b"")).status == 400
    assert (await client.post(url, headers=BEARER, data=b"x" * (LIMIT + 1))).status == 413


async def test_a_download_is_the_file(client: Client) -> None:
    response = await client.get(f"/api/v4/files/{FILE}", headers=BEARER)
    assert (response.status, await response.read()) == (200, BYTES)
    assert response.headers["Content-Length"] == str(len(BYTES))
    assert response.headers["Cache-Control"] == "private, max-age=86400"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_part_of_a_file(client: Client) -> None:
    response = await client.get(f"/api/v4/files/{FILE}", headers=BEARER | {"Range": "bytes=50000-50009"})
    assert (response.status, await response.read()) == (206, BYTES[50000:50010])
    assert response.headers["Content-Range"] == f"bytes 50000-50009/{len(BYTES)}"
    beyond = await client.get(f"/api/v4/files/{FILE}", headers=BEARER | {"Range": "bytes=999999-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(BYTES)}")


async def test_a_head_has_no_body(client: Client) -> None:
    response = await client.head(f"/api/v4/files/{FILE}/thumbnail", headers=BEARER)
    assert (response.status, await response.read()) == (200, b"")
    assert response.headers["Content-Length"] == str(len(BYTES))


async def test_a_file_that_did_not_change_is_not_sent_again(client: Client) -> None:
    headers = BEARER | {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"}
    response = await client.get(f"/api/v4/files/{FILE}", headers=headers)
    assert (response.status, await response.read()) == (304, b"")


async def test_an_unknown_file(client: Client) -> None:
    response = await client.get(f"/api/v4/files/{'x' * 26}", headers=BEARER)
    assert (response.status, (await response.json())["id"]) == (404, "app.file_info.get.app_error")


async def test_a_download_that_breaks_is_not_taken_for_the_whole(client: Client, store: FileStore) -> None:
    store.breaks = True
    response = await client.get(f"/api/v4/files/{FILE}", headers=BEARER)
    with pytest.raises(Exception, match=r"(?i)payload|reset|disconnect"):
        await response.read()
