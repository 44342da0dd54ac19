"""Pages of history, each by a keyset on the channel's time, so that no query grows with the history."""

from collections.abc import Sequence
from typing import Any, Final

from services.chassis.database import Transaction
from services.messaging.domain.posts import Post
from services.messaging.store.posts import _SHOWN, _WITH_ROOT

MAX_SINCE: Final = 1000

_LIVE: Final = "p.channel_id = %(channel)s AND p.original_id = ''"
_ANCHOR: Final = "(SELECT create_at FROM posts WHERE id = %(anchor)s AND channel_id = %(channel)s AND original_id = '')"


def _page_sql(condition: str, order: str) -> str:
    return f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE {_LIVE} AND (p.delete_at = 0 OR %(deleted)s) AND (NOT %(roots)s OR p.root_id = '') {condition}
ORDER BY p.create_at {order} LIMIT %(limit)s OFFSET %(offset)s"""


_NEWEST: Final = _page_sql("", "DESC")
_BEFORE: Final = _page_sql(f"AND p.create_at < {_ANCHOR}", "DESC")
_AFTER: Final = _page_sql(f"AND p.create_at > {_ANCHOR}", "ASC")
_SINCE: Final = f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE p.channel_id = %(channel)s AND p.update_at > %(since)s AND (NOT %(roots)s OR p.root_id = '')
ORDER BY p.update_at DESC LIMIT {MAX_SINCE}"""
_NEIGHBOURS: Final = f"""
SELECT (SELECT p.id FROM posts p WHERE {_LIVE} AND p.delete_at = 0 AND (NOT %(roots)s OR p.root_id = '')
          AND p.create_at > %(newest)s ORDER BY p.create_at LIMIT 1) AS next,
       (SELECT p.id FROM posts p WHERE {_LIVE} AND p.delete_at = 0 AND (NOT %(roots)s OR p.root_id = '')
          AND p.create_at < %(oldest)s ORDER BY p.create_at DESC LIMIT 1) AS prev"""
_FIRST_AFTER: Final = f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE {_LIVE} AND p.delete_at = 0 AND (NOT %(roots)s OR p.root_id = '') AND p.create_at > %(at)s
ORDER BY p.create_at LIMIT 1"""
_THREADS: Final = f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE (p.id = ANY(%(roots)s) OR p.root_id = ANY(%(roots)s)) AND p.original_id = '' AND p.delete_at = 0
  AND p.id <> ALL(%(known)s)
ORDER BY p.create_at DESC LIMIT 2000"""
_REPLIES: Final = f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE p.root_id = %(root)s AND p.original_id = '' AND (p.delete_at = 0 OR %(updates)s) AND p.update_at > %(updated)s
  AND (%(from_at)s = 0 OR (p.create_at, p.id) {{comparison}} (%(from_at)s, %(from_post)s))
ORDER BY p.create_at {{order}}, p.id {{order}} LIMIT %(limit)s"""
_DOWN: Final = _REPLIES.format(comparison=">", order="ASC")
_UP: Final = _REPLIES.format(comparison="<", order="DESC")
MAX_PINNED: Final = 1000
"""Pinned posts of a channel that are listed, the latest."""
_PINNED: Final = f"""
SELECT {_SHOWN} FROM posts p {_WITH_ROOT}
WHERE {_LIVE} AND p.is_pinned AND p.delete_at = 0 ORDER BY p.create_at DESC LIMIT {MAX_PINNED}"""
_PLACED: Final = """
SELECT p.id, p.channel_id FROM posts p JOIN channels c ON c.id = p.channel_id
WHERE p.id = ANY(%(ids)s) AND p.original_id = '' AND p.delete_at = 0
  AND (%(team)s = '' OR c.team_id IN (%(team)s, '')) AND (%(channel)s = '' OR c.id = %(channel)s)
ORDER BY p.create_at DESC, p.id"""
_SEQ: Final = "SELECT seq FROM topics WHERE topic = 'messaging/channel:' || %(channel)s"


async def page(
    tx: Transaction,
    channel_id: str,
    *,
    before: str = "",
    after: str = "",
    limit: int,
    offset: int,
    roots_only: bool,
    include_deleted: bool,
) -> list[Post]:
    """Return posts newest first: of the whole channel, or the nearest ones before or after an anchor."""
    rows = await tx.fetch(
        _AFTER if after else _BEFORE if before else _NEWEST,
        channel=channel_id, anchor=after or before, limit=limit, offset=offset, roots=roots_only,
        deleted=include_deleted,
    )  # fmt: skip
    posts = [Post(*row) for row in rows]
    return posts[::-1] if after else posts


async def pinned(tx: Transaction, channel_id: str) -> list[Post]:
    """Return a channel's pinned posts, oldest first."""
    return [Post(*row) for row in reversed(await tx.fetch(_PINNED, channel=channel_id))]


async def placed(tx: Transaction, ids: Sequence[str], team_id: str, channel_id: str) -> list[tuple[str, str]]:
    """Return those of the posts that there are with their channels, newest first: of a channel, or a team's channels
    and direct and group ones, or of all."""
    rows = await tx.fetch(_PLACED, ids=list(ids), team=team_id, channel=channel_id)
    return [(row.id, row.channel_id) for row in rows]


async def first_after(tx: Transaction, channel_id: str, at: int, *, roots_only: bool) -> Post | None:
    """Return the oldest post that is younger than a time; None when there is none."""
    rows = await tx.fetch(_FIRST_AFTER, channel=channel_id, at=at, roots=roots_only)
    return Post(*rows[0]) if rows else None


async def since(tx: Transaction, channel_id: str, since_ms: int, *, roots_only: bool) -> list[Post]:
    """Return what changed after a time, deleted posts and earlier versions included, newest first by creation."""
    rows = await tx.fetch(_SINCE, channel=channel_id, since=since_ms, roots=roots_only)
    return sorted((Post(*row) for row in rows), key=lambda post: post.create_at, reverse=True)


async def neighbours(
    tx: Transaction, channel_id: str, newest: int, oldest: int, *, roots_only: bool
) -> tuple[str, str]:
    """Return the ids of the posts next to a page: the nearest newer and the nearest older; empty for none."""
    row = (await tx.fetch(_NEIGHBOURS, channel=channel_id, newest=newest, oldest=oldest, roots=roots_only))[0]
    return row.next or "", row.prev or ""


async def threads(tx: Transaction, posts: Sequence[Post]) -> list[Post]:
    """Return the other posts of the threads that a page touches."""
    roots = {post.root_id or post.id for post in posts if post.root_id or post.reply_count}
    if not roots:
        return []
    rows = await tx.fetch(_THREADS, roots=list(roots), known=[post.id for post in posts])
    return [Post(*row) for row in rows]


async def replies(
    tx: Transaction, root_id: str, *, up: bool, from_at: int, from_post: str, updated_after: int, limit: int
) -> list[Post]:
    """Return a thread's replies behind (from_at, from_post) in the direction; of changes also deleted ones."""
    parameters: dict[str, Any] = {
        "root": root_id, "from_at": from_at, "from_post": from_post, "updated": updated_after,
        "updates": updated_after > 0, "limit": limit,
    }  # fmt: skip
    return [Post(*row) for row in await tx.fetch(_UP if up else _DOWN, **parameters)]


async def seq(tx: Transaction, channel_id: str) -> int:
    """Return the seq of the channel's topic."""
    rows = await tx.fetch(_SEQ, channel=channel_id)
    return rows[0].seq if rows else 0
