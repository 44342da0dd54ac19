"""Nothing in a file may act in the name of the site that serves it; ranges are what the standard says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.common.v1 import files_pb2 as common_pb2
from chorus.files.v1 import files_pb2
from services.edge.dialect import files
from services.edge.dialect.files import Span, Variant


def told(kind: str, name: str = "a.txt", update_at_ms: int = 1_700_000_000_999) -> files_pb2.DownloadHeader:
    info = common_pb2.FileInfo(name=name, update_at_ms=update_at_ms)
    return files_pb2.DownloadHeader(info=info, total_size=10, content_type=kind)


@pytest.mark.parametrize(
    ("kind", "shown", "disposition"),
    [
        ("image/png", "image/png", "inline"),
        ("video/mp4", "video/mp4", "inline"),
        ("image/svg+xml", "image/svg+xml", "attachment"),
        ("application/pdf", "application/pdf", "attachment"),
        ("text/html; charset=utf-8", "text/plain", "attachment"),
        ("application/xhtml+xml", "text/plain", "attachment"),
        ("text/JavaScript", "text/plain", "attachment"),
        ("", "application/octet-stream", "attachment"),
    ],
)
def test_only_harmless_kinds_are_shown_in_place(kind: str, shown: str, disposition: str) -> None:
    headers = files.headers(told(kind), Variant.ORIGINAL, as_attachment=False)
    assert headers["Content-Type"] == shown
    assert headers["Content-Disposition"].startswith(f"{disposition};filename=")
    assert headers["Content-Security-Policy"] == "Frame-ancestors 'none'"
    assert headers["X-Frame-Options"] == "DENY"
    saved = files.headers(told(kind), Variant.ORIGINAL, as_attachment=True)
    assert saved["Content-Disposition"].startswith("attachment;")


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_a_name_cannot_leave_its_header(name: str) -> None:
    value = files.headers(told("image/png", name), Variant.ORIGINAL, as_attachment=False)["Content-Disposition"]
    assert value.isascii()
    assert value.count('"') == 2
    assert not set("\r\n") & set(value)


@pytest.mark.parametrize(
    ("since", "unchanged"),
    [
        ("", False),
        ("Tue, 14 Nov 2023 22:13:20 GMT", True),  # the second of update_at
        ("Tue, 14 Nov 2023 22:13:19 GMT", False),
        ("yesterday", False),
        ("Tue, 14 Nov 2023 22:13:20", False),
    ],
)
def test_unchanged_since(since: str, unchanged: bool) -> None:
    assert files.is_unchanged(told("image/png"), since) is unchanged


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("", None),
        ("bytes=0-3", Span(0, 3)),
        ("bytes=4-", Span(4, 9)),
        ("bytes=-3", Span(7, 9)),
        ("bytes=-30", Span(0, 9)),
        ("bytes=5-99", Span(5, 9)),
        ("bytes= 0 - 0", Span(0, 0)),
        ("bytes=5-2", None),
        ("bytes=0-1,4-5", None),
        ("lines=0-1", None),
        ("bytes=-", None),
        ("bytes=٣-٤", None),
    ],
)
def test_spans(asked: str, span: Span | None) -> None:
    assert files.span(asked, 10) == span


@pytest.mark.parametrize(
    ("asked", "total"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_spans_that_no_byte_is_in(asked: str, total: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        files.span(asked, total)
