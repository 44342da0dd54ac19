"""A file is what its bytes are, and nothing that a browser would run."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.files.domain.sniffing import HEAD, SVG, TEXT, UNKNOWN, sniff, svg_size


@pytest.mark.parametrize(
    ("head", "extension", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "png", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "", "image/png"),
        (b"GIF89a\x01\x00", "gif", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "webp", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "wav", "audio/wav"),
        (b"\x00\x00\x00\x20ftypisom", "mp4", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "mov", "video/quicktime"),
        (b"%PDF-1.7\n", "pdf", "application/pdf"),
        (b"PK\x03\x04\x14\x00", "zip", "application/zip"),
        (b"PK\x03\x04\x14\x00", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04\x14\x00", "png", "application/zip"),
        (b"\x1aE\xdf\xa3\x01", "mkv", "video/x-matroska"),
        (b"ID3\x04\x00", "mp3", "audio/mpeg"),
        (b"\xff\xfb\x90\x00\x00", "mp3", "audio/mpeg"),
        (b"a,b\n1,2\n", "csv", "text/csv"),
        (b"just words", "pdf", TEXT),
        ("Grüße".encode(), "txt", TEXT),
        (b"\xff\xfeh\x00i\x00", "txt", TEXT),
        (b"\x00\x01\x02\x03\x04", "jpg", UNKNOWN),
        (b"", "txt", UNKNOWN),
        (b'<?xml version="1.0"?><!-- x --><svg xmlns="x">', "svg", SVG),
    ],
)
def test_bytes_decide_and_the_extension_only_hints(head: bytes, extension: str, expected: str) -> None:
    assert sniff(head, extension) == expected


@pytest.mark.parametrize("extension", ["html", "htm", "xhtml", "js", "mjs", "svg", "hta", "xml", "json", ""])
@pytest.mark.parametrize("head", [b"<!DOCTYPE html><script>alert(1)</script>", b"alert(1)", b"<html xmlns='x'>"])
def test_html_and_scripts_are_never_active(head: bytes, extension: str) -> None:
    assert sniff(head, extension) in (TEXT, "application/json")


def test_a_text_cut_in_the_middle_of_a_character_is_still_text() -> None:
    assert sniff(("x" * (HEAD - 1) + "ü").encode(), "txt") == TEXT


@given(st.binary(max_size=300), st.sampled_from(["", "html", "js", "png", "docx", "csv"]))
def test_whatever_comes_has_a_type_that_is_not_active(head: bytes, extension: str) -> None:
    kind = sniff(head, extension)
    assert "/" in kind
    assert "html" not in kind
    assert "script" not in kind


@pytest.mark.parametrize("head", [b"<!-- -->" * 512, b"<!--" * 1024, b"<svg" * 1024, b'<svg width="' + b" " * 4080])
def test_no_head_makes_matching_slow(head: bytes) -> None:
    started = time.perf_counter()
    sniff(head, "svg")
    svg_size(head)
    assert time.perf_counter() - started < 0.2


@pytest.mark.parametrize(
    ("svg", "size"),
    [
        (b'<svg width="120" height="80">', (120, 80)),
        (b"<svg height='80px' width='120.6px'>", (120, 80)),
        (b'<svg viewBox="0 0 24 32">', (24, 32)),
        (b'<svg width="100%" height="100%" viewBox="0,0,24,32">', (24, 32)),
        (b"<svg>", (0, 0)),
    ],
)
def test_an_svg_says_its_size(svg: bytes, size: tuple[int, int]) -> None:
    assert svg_size(svg) == size
