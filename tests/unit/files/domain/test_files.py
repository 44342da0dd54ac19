"""Names, ranges, and who may have what."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import DomainError, Reason
from services.files.domain.files import (
    Actor,
    Form,
    StoredFile,
    byte_range,
    clean_name,
    extension_of,
    folder,
    may_claim,
    require_readable,
)

OWNER, OTHER = Actor("o" * 26, ()), Actor("x" * 26, ())
CHANNEL, POST = "c" * 26, "p" * 26
FILE = StoredFile("f" * 26, OWNER.user_id, CHANNEL, 1, 1, "a.txt", "txt", 3, "text/plain", "d/f")


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.JPG", "photo.JPG"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("u\u0308.txt", "ü.txt"),
        ("", "file"),
        ("..", "file"),
        ("folder/", "file"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
    ],
)
def test_a_name_is_shown_and_never_trusted(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@given(st.text(max_size=600))
def test_any_name_becomes_one_that_fits(name: str) -> None:
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= 255
    assert not set(cleaned) & set("/\\\0\r\n")


@pytest.mark.parametrize(("name", "extension"), [("a.TAR.GZ", "gz"), ("none", ""), (".bashrc", ""), ("x.", "")])
def test_extensions(name: str, extension: str) -> None:
    assert extension_of(name) == extension


def test_a_folder_is_made_of_ids() -> None:
    assert folder(1_700_000_000_000, CHANNEL, OWNER.user_id, FILE.id) == (
        f"20231114/channels/{CHANNEL}/users/{OWNER.user_id}/{FILE.id}"
    )


@pytest.mark.parametrize(
    ("asked", "given"),
    [((0, 0), (0, 10)), ((3, 0), (3, 7)), ((3, 2), (3, 2)), ((3, 100), (3, 7)), ((10, 0), (10, 0))],
)
def test_ranges(asked: tuple[int, int], given: tuple[int, int]) -> None:
    assert byte_range(*asked, 10) == given


@pytest.mark.parametrize("asked", [(-1, 0), (11, 0), (0, -1)])
def test_ranges_outside_are_refused(asked: tuple[int, int]) -> None:
    with pytest.raises(DomainError) as caught:
        byte_range(*asked, 10)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("file", "actor", "readable", "reason"),
    [
        (FILE, OWNER, False, None),
        (FILE, OTHER, True, None),
        (FILE, OTHER, False, Reason.PERMISSION_DENIED),
        (None, OWNER, True, Reason.FILE_NOT_FOUND),
        (dataclasses.replace(FILE, delete_at=1), OWNER, True, Reason.FILE_DELETED),
    ],
)
def test_who_may_read(file: StoredFile | None, actor: Actor, readable: bool, reason: Reason | None) -> None:
    if reason is None:
        assert require_readable(file, actor, channel_readable=readable) is file
        return
    with pytest.raises(DomainError) as caught:
        require_readable(file, actor, channel_readable=readable)
    assert caught.value.reason is reason


def test_who_may_claim() -> None:
    assert may_claim(FILE, OWNER, POST, CHANNEL)
    assert may_claim(dataclasses.replace(FILE, post_id=POST), OWNER, POST, CHANNEL)
    assert not may_claim(dataclasses.replace(FILE, post_id="q" * 26), OWNER, POST, CHANNEL)
    assert not may_claim(FILE, OTHER, POST, CHANNEL)
    assert not may_claim(FILE, OWNER, POST, "d" * 26)
    assert not may_claim(dataclasses.replace(FILE, delete_at=1), OWNER, POST, CHANNEL)


def test_a_form_that_does_not_exist_is_named() -> None:
    for form, reason in ((Form.THUMBNAIL, Reason.NO_THUMBNAIL), (Form.PREVIEW, Reason.NO_PREVIEW)):
        with pytest.raises(DomainError) as caught:
            FILE.content_type(form)
        assert caught.value.reason is reason
