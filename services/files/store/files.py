"""Files and uploads in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Row, Transaction
from services.files.domain.files import StoredFile

_COLUMNS: Final = (
    "id, user_id, channel_id, create_at, update_at, name, extension, size, mime_type, folder, width, height, "
    "has_preview_image, mini_preview, thumbnail_type, preview_type, post_id, delete_at"
)
_BEGIN: Final = "INSERT INTO uploads (id, folder, started_at) VALUES (%(id)s, %(folder)s, %(now)s)"
_END: Final = "DELETE FROM uploads WHERE id = %(id)s"
_INSERT: Final = """
INSERT INTO files (id, user_id, channel_id, create_at, update_at, name, extension, size, mime_type, folder, width,
  height, has_preview_image, mini_preview, thumbnail_type, preview_type, post_id, delete_at)
VALUES (%(id)s, %(user_id)s, %(channel_id)s, %(create_at)s, %(update_at)s, %(name)s, %(extension)s, %(size)s,
  %(mime_type)s, %(folder)s, %(width)s, %(height)s, %(has_preview_image)s, %(mini_preview)s, %(thumbnail_type)s,
  %(preview_type)s, %(post_id)s, %(delete_at)s)"""
_GET: Final = """
SELECT id, user_id, channel_id, create_at, update_at, name, extension, size, mime_type, folder, width, height,
  has_preview_image, mini_preview, thumbnail_type, preview_type, post_id, delete_at
FROM files WHERE id = ANY(%(ids)s)"""
_LOCK: Final = _GET + " ORDER BY id FOR UPDATE"
_CLAIM: Final = """
UPDATE files SET post_id = %(post_id)s, claimed_at = %(now)s WHERE id = ANY(%(ids)s) AND post_id = ''"""
_CONFIRM: Final = """
UPDATE files SET confirmed_at = %(now)s, root_id = new.root_id
FROM unnest(%(posts)s::text[], %(roots)s::text[]) AS new (post_id, root_id)
WHERE files.post_id = new.post_id AND files.post_id <> '' AND confirmed_at = 0"""
_DELETE: Final = """
UPDATE files SET delete_at = %(at)s, update_at = %(at)s
WHERE post_id <> '' AND post_id = %(post)s AND delete_at = 0"""
_DELETE_REPLIES: Final = """
UPDATE files SET delete_at = %(at)s, update_at = %(at)s
WHERE root_id <> '' AND root_id = %(post)s AND delete_at = 0"""
_UNCONFIRMED: Final = """
SELECT DISTINCT post_id FROM files WHERE post_id <> '' AND confirmed_at = 0 AND claimed_at < %(before)s
LIMIT %(limit)s"""
_RELEASE: Final = """
UPDATE files SET post_id = '', claimed_at = 0
WHERE post_id = ANY(%(posts)s) AND post_id <> '' AND confirmed_at = 0 AND claimed_at < %(before)s RETURNING id"""
_UNFINISHED: Final = "SELECT id, folder FROM uploads WHERE started_at < %(before)s LIMIT %(limit)s"


async def begin_upload(tx: Transaction, file_id: str, folder: str, now: int) -> None:
    """Note that bytes are about to be kept in `folder`."""
    await tx.fetch(_BEGIN, id=file_id, folder=folder, now=now)


async def end_upload(tx: Transaction, file_id: str) -> None:
    """Forget an upload: its file has a row, or its bytes are gone."""
    await tx.fetch(_END, id=file_id)


async def unfinished_uploads(tx: Transaction, before: int, limit: int) -> list[tuple[str, str]]:
    """Return id and folder of uploads that began before `before` ms and never got a row."""
    return [(row.id, row.folder) for row in await tx.fetch(_UNFINISHED, before=before, limit=limit)]


async def insert(tx: Transaction, file: StoredFile) -> None:
    """Insert a file."""
    await tx.fetch(_INSERT, **{name: getattr(file, name) for name in _COLUMNS.split(", ")})


async def get(tx: Transaction, ids: Sequence[str]) -> dict[str, StoredFile]:
    """Return the files that there are, deleted ones too."""
    return {row.id: _file(row) for row in await tx.fetch(_GET, ids=list(ids))}


async def lock(tx: Transaction, ids: Sequence[str]) -> dict[str, StoredFile]:
    """Lock the files that there are, in the order of their ids."""
    return {row.id: _file(row) for row in await tx.fetch(_LOCK, ids=list(ids))}


async def claim(tx: Transaction, ids: Sequence[str], post_id: str, now: int) -> None:
    """Tie locked files that are free to a post."""
    await tx.fetch(_CLAIM, ids=list(ids), post_id=post_id, now=now)


async def confirm(tx: Transaction, posts: dict[str, str], now: int) -> None:
    """Note that posts exist; `posts` is their ids and the roots that they reply to."""
    await tx.fetch(_CONFIRM, posts=list(posts), roots=list(posts.values()), now=now)


async def delete_of_post(tx: Transaction, post_id: str, at: int) -> None:
    """Mark the files of a post and of its replies as deleted."""
    await tx.pipelined((_DELETE, {"post": post_id, "at": at}), (_DELETE_REPLIES, {"post": post_id, "at": at}))


async def unconfirmed_posts(tx: Transaction, before: int, limit: int) -> list[str]:
    """Return posts that claimed files before `before` ms and were not seen since."""
    return [row.post_id for row in await tx.fetch(_UNCONFIRMED, before=before, limit=limit)]


async def release(tx: Transaction, posts: Sequence[str], before: int) -> int:
    """Free the files that the posts claimed before `before` ms; return how many."""
    return len(await tx.fetch(_RELEASE, posts=list(posts), before=before))


def _file(row: Row) -> StoredFile:
    return StoredFile(*row)
