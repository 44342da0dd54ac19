"""What links led to, posts that wait for it, and what posts show of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from services.chassis.database import Row, Statement, Transaction

_KNOWN: Final = """
SELECT url, metadata FROM link_metadata WHERE url = ANY(%(urls)s) AND fetched_at > %(after)s"""
_KEEP: Final = """
INSERT INTO link_metadata (url, fetched_at, metadata) VALUES (%(url)s, %(at)s, %(metadata)s)
ON CONFLICT (url) DO UPDATE SET fetched_at = excluded.fetched_at, metadata = excluded.metadata"""
# Skipping what another instance removes, or keeps anew, right now: no order of locks to keep.
_FORGET: Final = """
DELETE FROM link_metadata WHERE url IN (
  SELECT url FROM link_metadata WHERE fetched_at <= %(until)s ORDER BY fetched_at LIMIT 100 FOR UPDATE SKIP LOCKED)"""
# A post that already waits is looked at again from the beginning: it has other links now.
_AWAIT: Final = """
INSERT INTO awaited_previews (post_id, asked_at)
SELECT post_id, %(at)s FROM unnest(%(posts)s::text[]) AS post_id
ON CONFLICT (post_id) DO UPDATE SET asked_at = excluded.asked_at, leased_until = 0"""
_TAKE: Final = """
UPDATE awaited_previews SET leased_until = %(until)s WHERE post_id IN (
  SELECT post_id FROM awaited_previews WHERE leased_until <= %(now)s
  ORDER BY leased_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING post_id"""
_GIVE_UP: Final = "DELETE FROM awaited_previews WHERE leased_until <= %(now)s AND asked_at < %(before)s"
_DONE: Final = "DELETE FROM awaited_previews WHERE post_id = ANY(%(posts)s)"
_SHOW: Final = """
UPDATE posts SET preview = new.preview, update_at = greatest(update_at, new.at)
FROM unnest(%(posts)s::text[], %(previews)s::bytea[], %(ats)s::bigint[]) AS new (id, preview, at)
WHERE posts.id = new.id"""


def knowing(urls: Collection[str], after: int) -> Statement:
    """Return the statement that reads what is known of links since a time, in ms; see `known`."""
    return _KNOWN, {"urls": list(urls), "after": after}


def known(rows: Sequence[Row]) -> dict[str, bytes]:
    """Read what the statement answered, by URL."""
    return {row.url: row.metadata for row in rows}


async def keep(tx: Transaction, url: str, metadata: bytes, at: int, *, forget_until: int) -> None:
    """Keep what a link led to; forget some of what is as old as `forget_until`, in ms."""
    await tx.pipelined(
        (_KEEP, {"url": url, "metadata": metadata, "at": at}),
        (_FORGET, {"until": forget_until}),
    )


def awaiting(post_ids: Sequence[str], at: int) -> Statement:
    """Return the statement that lets posts wait for what their links lead to."""
    return _AWAIT, {"posts": list(post_ids), "at": at}


async def take(tx: Transaction, limit: int, now: int, until: int, *, given_up_before: int) -> list[str]:
    """Take some of the posts that wait and that nobody has: they are the caller's until `until`, in ms.

    Those that have waited since before `given_up_before` wait no more.
    """
    _, taken = await tx.pipelined(
        (_GIVE_UP, {"now": now, "before": given_up_before}),
        (_TAKE, {"now": now, "until": until, "limit": limit}),
    )
    return [row.post_id for row in taken]


def done(post_ids: Sequence[str]) -> Statement:
    """Return the statement by which posts wait no more."""
    return _DONE, {"posts": list(post_ids)}


def showing(previews: Mapping[str, tuple[bytes, int]]) -> Statement:
    """Return the statement that changes previews: post id → (preview, time of the change)."""
    return _SHOW, {
        "posts": list(previews),
        "previews": [preview for preview, _ in previews.values()],
        "ats": [at for _, at in previews.values()],
    }
