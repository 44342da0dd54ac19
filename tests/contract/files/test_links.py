"""Looking at links, against a stranger who does his worst: nothing inside is ever reached, and all is bounded."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from chorus.common.v1 import links_pb2 as common_pb2
from chorus.files.v1 import links_pb2, links_pb2_grpc
from services.chassis.config import Settings
from services.chassis.errors import Reason
from services.files.clients import web
from services.files.operations import links as operations
from tests.contract.files.conftest import Files
from tests.contract.files.stranger import INSIDE, OPEN, Stranger
from tests.contract.grounds import Grounds
from tests.contract.served import eventually, refused

SECONDS = 1.0
NOTHING = common_pb2.LinkMetadata()


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    """The stranger's one address is allowed, and he has a second for all he does."""
    return grounds.settings(
        "files",
        ServiceSettings={"AllowedUntrustedInternalConnections": f"{OPEN} wiki.internal"},
        ExperimentalSettings={"LinkMetadataTimeoutMilliseconds": round(SECONDS * 1000)},
    )


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    async with Stranger().serving() as made:
        yield made


async def describe(files: Files, url: str) -> common_pb2.LinkMetadata:
    caller = files.served.caller("messaging")
    stub = links_pb2_grpc.LinkServiceStub(caller.channel)
    return (await caller.call(stub.DescribeLink, links_pb2.DescribeLinkRequest(url=url))).metadata


async def test_a_page_is_described_with_the_sizes_of_its_first_pictures(files: Files, stranger: Stranger) -> None:
    link = stranger.url("/page")
    found = await describe(files, link)
    assert found.kind == common_pb2.LINK_KIND_OPENGRAPH
    page = found.opengraph
    assert (page.url, page.title, page.type) == (link, "A & B", "article")
    assert [image.url for image in page.images] == [stranger.url(p) for p in ("/wide.png", "/gone.png", "/third.png")]
    wide = common_pb2.ImageSize(url=stranger.url("/wide.png"), width=300, height=100, format="png")
    assert list(found.images) == [wide]
    assert (OPEN, "/third.png") not in stranger.hits


@pytest.mark.parametrize(
    ("path", "title"), [("/old-page", "Ähre"), ("/said-page", "Ähre"), ("/packed", "A & B"), ("/endless", "A & B")]
)
async def test_pages_are_read_whatever_they_are_written_in(
    files: Files, stranger: Stranger, path: str, title: str
) -> None:
    assert (await describe(files, stranger.url(path))).opengraph.title == title


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/wide.png", (300, 100, "png", 0)),
        ("/moving.gif", (30, 20, "gif", 3)),
        ("/sideways.jpg", (20, 40, "jpeg", 0)),
    ],
)
async def test_a_picture_is_measured_as_it_is_shown(
    files: Files, stranger: Stranger, path: str, size: tuple[int, int, str, int]
) -> None:
    found = await describe(files, stranger.url(path))
    assert found.kind == common_pb2.LINK_KIND_IMAGE
    (image,) = found.images
    assert (image.url, image.width, image.height, image.format, image.frame_count) == (stranger.url(path), *size)


@pytest.mark.parametrize(
    "path",
    [
        "/plain-page", "/nonsense", "/picture-bomb", "/broken-pack", "/svg", "/no-picture",
        "/text", "/error", "/loop", "/silent", "/dripping", "/gone",
    ],
)  # fmt: skip
async def test_what_cannot_be_shown_is_nothing(files: Files, stranger: Stranger, path: str) -> None:
    assert await describe(files, stranger.url(path)) == NOTHING


async def test_what_unpacks_to_too_much_is_unpacked_no_further(
    files: Files, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 MB behind a good head, in a megabyte: the head is read, and the rest is never there."""
    unpacked: list[int] = []
    real = zlib.decompressobj

    class Watched:
        def __init__(self, wbits: int) -> None:
            self._real = real(wbits=wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            found: bytes = self._real.decompress(data, most)
            unpacked.append(len(found))
            return found

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    assert (await describe(files, stranger.url("/bomb"))).opengraph.title == "A & B"
    assert unpacked
    assert max(unpacked) <= web.MAX_PAGE + 1


async def test_redirects_are_followed_as_far_as_they_may(files: Files, stranger: Stranger) -> None:
    link = stranger.url(f"/to?url={quote('/page')}")
    found = await describe(files, link)
    assert (found.opengraph.url, found.opengraph.title) == (link, "A & B")
    assert found.opengraph.images[0].url == stranger.url("/wide.png")


@pytest.mark.parametrize(
    "host",
    [INSIDE, "127.2", "2130706434", "0x7f000002", "0177.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", f"u:p@{OPEN}"],
)
async def test_no_way_of_writing_an_address_leads_inside(files: Files, stranger: Stranger, host: str) -> None:
    assert await describe(files, stranger.url("/page", host)) == NOTHING
    redirect = stranger.url(f"/to?url={quote(stranger.url('/page', host))}")
    assert await describe(files, redirect) == NOTHING
    assert {hit for hit in stranger.hits if hit != (OPEN, "/to")} == set()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "//", "http://", "javascript:1"]
)
async def test_only_the_web_is_followed(files: Files, stranger: Stranger, url: str) -> None:
    assert await describe(files, url) == NOTHING
    assert await describe(files, stranger.url(f"/to?url={quote(url)}")) == NOTHING
    assert {address for address, _ in stranger.hits} == {OPEN}


async def test_a_name_is_judged_by_where_it_leads_when_it_is_connected_to(
    files: Files, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that lead inside, that change their mind between two questions, and one that the operator allows."""
    answers = {"inside.example": [INSIDE], "fickle.example": [OPEN, INSIDE], "wiki.internal": [INSIDE]}
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *more: Any, **named: Any) -> Sequence[Any]:
        if host not in answers:
            return real(host, port, *more, **named)
        asked.append(host)
        address = answers[host][min(asked.count(host), len(answers[host])) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert await describe(files, stranger.url("/plain-page", "inside.example")) == NOTHING
    assert stranger.hits == []
    # What was resolved for the check is what is connected to: there is no second question to answer otherwise.
    await describe(files, stranger.url("/plain-page", "fickle.example"))
    assert asked.count("fickle.example") == 1
    assert await describe(files, stranger.url("/page", "fickle.example")) == NOTHING
    assert {address for address, _ in stranger.hits} == {OPEN}
    assert (await describe(files, stranger.url("/page", "wiki.internal"))).opengraph.title == "A & B"


async def test_pictures_of_a_page_are_not_fetched_from_inside(files: Files, stranger: Stranger) -> None:
    app_page = stranger.url("/inside-picture")
    found = await describe(files, app_page)
    assert found.kind == common_pb2.LINK_KIND_OPENGRAPH
    assert list(found.images) == []
    assert {address for address, _ in stranger.hits} == {OPEN}


async def test_too_many_at_once_are_told_to_come_again(files: Files, stranger: Stranger) -> None:
    waiting = [asyncio.ensure_future(describe(files, stranger.url("/silent"))) for _ in range(operations.AT_ONCE)]

    async def full() -> bool:
        return len(stranger.hits) == operations.AT_ONCE

    await eventually(full, "all are being looked at")
    with refused(Reason.BUSY):
        await describe(files, stranger.url("/page"))
    assert await asyncio.gather(*waiting) == [NOTHING] * operations.AT_ONCE


async def test_nobody_but_messaging_may_have_links_looked_at(files: Files, stranger: Stranger) -> None:
    stub = links_pb2_grpc.LinkServiceStub(files.caller.channel)
    with refused(Reason.CALLER_REFUSED):
        await files.caller.call(stub.DescribeLink, links_pb2.DescribeLinkRequest(url=stranger.url("/page")))
    assert stranger.hits == []


def test_this_machine_knows_its_own_addresses() -> None:
    assert web.is_own(socket.AF_INET, INSIDE)
    assert not web.is_own(socket.AF_INET, "8.8.8.8")
    assert not web.is_own(socket.AF_INET6, "2001:4860:4860::8888")
