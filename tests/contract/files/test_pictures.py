"""Pictures: their size, their smaller forms, and what happens to hostile ones."""

import io
import struct
import sys
import time
import zlib
from pathlib import Path

import psutil
import pytest
from PIL import Image

from chorus.files.v1 import files_pb2
from services.chassis.errors import Reason
from services.chassis.metrics import Metrics
from services.files.metrics import FilesMetrics
from services.files.pictures.pool import Pictures
from tests.contract.files.conftest import Files, picture
from tests.contract.served import refused

THUMBNAIL, PREVIEW = files_pb2.FILE_VARIANT_THUMBNAIL, files_pb2.FILE_VARIANT_PREVIEW


async def test_a_photo_has_its_size_as_shown_and_smaller_forms(files: Files, member: str, channel: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    info = await files.upload(member, channel, "photo.jpg", picture("JPEG", (2000, 1000), exif=exif))
    assert (info.mime_type, info.width, info.height, info.has_preview_image) == ("image/jpeg", 1000, 2000, True)
    with Image.open(io.BytesIO(info.mini_preview)) as mini:
        assert (mini.format, mini.size) == ("JPEG", (16, 16))
    for variant, size in ((THUMBNAIL, (50, 100)), (PREVIEW, (1000, 2000))):
        header, content = await files.download(member, info.id, variant)
        assert (header.content_type, header.total_size) == ("image/jpeg", len(content))
        with Image.open(io.BytesIO(content)) as form:
            assert (form.format, form.size) == ("JPEG", size)


async def test_a_wide_picture_is_shrunk_and_a_png_stays_one(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "x.jpg", picture("PNG", (3840, 500), "RGBA"))
    assert (info.mime_type, info.width, info.height) == ("image/png", 3840, 500)
    header, content = await files.download(member, info.id, PREVIEW)
    with Image.open(io.BytesIO(content)) as form:
        assert (header.content_type, form.format, form.size, form.mode) == ("image/png", "PNG", (1920, 250), "RGBA")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "BMP", "TIFF"])
async def test_other_pictures(files: Files, member: str, channel: str, kind: str) -> None:
    info = await files.upload(member, channel, f"x.{kind.lower()}", picture(kind, (300, 200)))
    assert (info.mime_type, info.width, info.height) == (f"image/{kind.lower()}", 300, 200)
    assert info.has_preview_image == (kind != "GIF")
    assert (await files.download(member, info.id, PREVIEW))[0].content_type == "image/jpeg"


async def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    files: Files, member: str, channel: str
) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    with refused(Reason.IMAGE_TOO_LARGE):
        await files.upload(member, channel, "bomb.png", bomb)
    assert files.kept() == []


async def test_a_broken_picture_is_a_file_without_preview(files: Files, member: str, channel: str) -> None:
    broken = picture("JPEG", (800, 600))[:400]
    info = await files.upload(member, channel, "x.jpg", broken)
    assert (info.width, info.has_preview_image, info.mini_preview) == (0, False, b"")
    assert (await files.download(member, info.id))[1] == broken
    with refused(Reason.NO_THUMBNAIL):
        await files.download(member, info.id, THUMBNAIL)
    with refused(Reason.NO_PREVIEW):
        await files.download(member, info.id, PREVIEW)
    assert len(files.kept()) == 1


async def test_an_svg_says_its_size_and_has_no_preview(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "x.svg", b'<svg width="10" height="20"><script/></svg>')
    assert (info.mime_type, info.width, info.height, info.has_preview_image) == ("image/svg+xml", 10, 20, False)


async def test_a_worker_that_overruns_its_time_is_killed_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(picture("PNG", (10, 10)))
    metrics = FilesMetrics(Metrics("test"))
    stuck = (sys.executable, "-c", "import time; time.sleep(60)")
    pool = Pictures(metrics, max_pixels=1000, workers=1, seconds=0.3, command=stuck)
    started = time.monotonic()
    assert await pool.render(tmp_path) is None
    assert await pool.render(tmp_path) is None
    assert time.monotonic() - started < 5
    await pool.close()
    pool = Pictures(metrics, max_pixels=1000, workers=1)
    first, second = await pool.render(tmp_path), await pool.render(tmp_path)
    assert first == second
    assert first is not None
    await pool.close()


async def test_a_worker_that_ended_while_it_was_idle_costs_nobody_a_preview(tmp_path: Path) -> None:
    (tmp_path / "original").write_bytes(picture("PNG", (10, 10)))
    pool = Pictures(FilesMetrics(Metrics("test")), max_pixels=1000, workers=1)
    first = await pool.render(tmp_path)
    for worker in psutil.Process().children():
        if "services.files.pictures.worker" in worker.cmdline():
            worker.kill()
    assert await pool.render(tmp_path) == first is not None
    await pool.close()
