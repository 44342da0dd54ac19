"""Posts in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.chassis.database import Row, Statement, Transaction
from services.messaging.domain.posts import Post

COLUMNS: Final = (
    "id, channel_id, user_id, root_id, original_id, message, type, props, hashtags, files, file_count, create_at, "
    "update_at, edit_at, delete_at, is_pinned, has_reactions, reply_count, last_reply_at, participants, preview, "
    "previewed_id"
)

# On a reply, reply_count is its thread's: what clients show under either.
_SHOWN: Final = """
p.id, p.channel_id, p.user_id, p.root_id, p.original_id, p.message, p.type, p.props, p.hashtags, p.files, p.file_count,
p.create_at, p.update_at, p.edit_at, p.delete_at, p.is_pinned, p.has_reactions,
COALESCE(r.reply_count, p.reply_count) AS reply_count, p.last_reply_at, p.participants, p.preview,
p.previewed_id"""
_WITH_ROOT: Final = "LEFT JOIN posts r ON p.root_id <> '' AND r.id = p.root_id"

_CLAIM: Final = """
INSERT INTO post_claims (user_id, pending_post_id, post_id, claimed_at)
SELECT * FROM unnest(%(users)s::text[], %(pendings)s::text[], %(posts)s::text[], %(ats)s::bigint[])
ORDER BY 1, 2
ON CONFLICT (user_id, pending_post_id) DO UPDATE SET post_id = excluded.post_id, claimed_at = excluded.claimed_at
WHERE post_claims.claimed_at < %(expired)s"""
_CLAIMED: Final = """
SELECT c.user_id, c.pending_post_id, c.post_id
FROM unnest(%(users)s::text[], %(pendings)s::text[]) AS asked (user_id, pending_post_id)
JOIN post_claims c USING (user_id, pending_post_id)"""
_FREE: Final = """
DELETE FROM post_claims c USING unnest(%(users)s::text[], %(pendings)s::text[]) AS freed (user_id, pending_post_id)
WHERE c.user_id = freed.user_id AND c.pending_post_id = freed.pending_post_id"""
# OFFSET 0 lets nothing but the id find them. Left to itself PostgreSQL takes all posts that are no former versions, by
# the index of these, wherever it thinks them few, as before its first ANALYZE.
_BY_ID: Final = f"""
SELECT {_SHOWN} FROM (SELECT {COLUMNS} FROM posts WHERE id = ANY(%(ids)s) OFFSET 0) AS p {_WITH_ROOT}
WHERE p.original_id = ''"""
_INSERT: Final = f"""
INSERT INTO posts ({COLUMNS}, mentioned)
SELECT id, channel_id, user_id, root_id, '', message, type, props, hashtags, files, file_count, at, at, 0, 0,
       false, false, 0, 0, '{{}}', preview, previewed, string_to_array(mentioned, ' ')
FROM unnest(%(ids)s::text[], %(channels)s::text[], %(users)s::text[], %(roots)s::text[], %(messages)s::text[],
            %(types)s::text[], %(props)s::text[], %(hashtags)s::text[], %(files)s::bytea[], %(file_counts)s::smallint[],
            %(ats)s::bigint[], %(previews)s::bytea[], %(previewed)s::text[], %(mentioned)s::text[])
     AS new (id, channel_id, user_id, root_id, message, type, props, hashtags, files, file_count, at, preview,
             previewed, mentioned)"""
_COUNT: Final = """
UPDATE channels c SET
  last_post_at = greatest(c.last_post_at, new.last_at),
  last_root_post_at = greatest(c.last_root_post_at, new.last_root_at),
  total_msg_count = c.total_msg_count + new.total,
  total_msg_count_root = c.total_msg_count_root + new.total_root
FROM unnest(%(channels)s::text[], %(last_ats)s::bigint[], %(last_root_ats)s::bigint[], %(totals)s::bigint[],
            %(total_roots)s::bigint[]) AS new (channel_id, last_at, last_root_at, total, total_root)
WHERE c.id = new.channel_id"""
_REPLIED: Final = """
UPDATE posts p SET reply_count = new.reply_count, last_reply_at = new.at, update_at = greatest(p.update_at, new.at),
                   participants = string_to_array(new.participants, ' ')
FROM unnest(%(roots)s::text[], %(counts)s::bigint[], %(ats)s::bigint[], %(participants)s::text[])
     AS new (id, reply_count, at, participants)
WHERE p.id = new.id"""
# Members' rows come last in the lock order; a statement over several of them takes their locks sorted.
_LOCK_MEMBERS: Final = """
SELECT 1 FROM channel_members m
JOIN unnest(%(channels)s::text[], %(users)s::text[]) AS touched (channel_id, user_id) USING (channel_id, user_id)
ORDER BY m.channel_id, m.user_id FOR NO KEY UPDATE OF m"""
_SEE: Final = """
UPDATE channel_members m SET
  msg_count      = CASE WHEN new.viewed_at > 0 THEN new.seen ELSE m.msg_count END,
  msg_count_root = CASE WHEN new.viewed_at > 0 THEN new.seen_root ELSE m.msg_count_root END,
  last_viewed_at = greatest(m.last_viewed_at, new.viewed_at),
  marked_unread_at = CASE WHEN new.viewed_at > 0 THEN 0 ELSE m.marked_unread_at END,
  mention_count      = CASE WHEN new.viewed_at > 0 THEN 0 ELSE m.mention_count END + new.mentions,
  mention_count_root = CASE WHEN new.viewed_at > 0 THEN 0 ELSE m.mention_count_root END + new.mentions_root,
  last_update_at = %(now)s
FROM unnest(%(channels)s::text[], %(users)s::text[], %(viewed_ats)s::bigint[], %(seens)s::bigint[],
            %(seen_roots)s::bigint[], %(mentions)s::bigint[], %(mentions_roots)s::bigint[])
     AS new (channel_id, user_id, viewed_at, seen, seen_root, mentions, mentions_root)
WHERE m.channel_id = new.channel_id AND m.user_id = new.user_id"""

# Only where users read replies in channels: no part of what every post is stored by.
_CONCERN: Final = """
UPDATE posts SET concerned = string_to_array(new.users, ' ')
FROM unnest(%(ids)s::text[], %(users)s::text[]) AS new (id, users) WHERE posts.id = new.id"""
_EDIT: Final = """
UPDATE posts SET message = %(message)s, props = %(props)s, hashtags = %(hashtags)s, files = %(files)s,
                 file_count = %(file_count)s, preview = %(preview)s, previewed_id = %(previewed_id)s,
                 is_pinned = %(is_pinned)s, edit_at = %(edit_at)s, update_at = %(update_at)s
WHERE id = %(id)s"""
_KEEP_VERSION: Final = f"""
INSERT INTO posts ({COLUMNS})
SELECT %(version_id)s, channel_id, user_id, root_id, id, message, type, props, hashtags, files, file_count, create_at,
       %(at)s, edit_at, %(at)s, is_pinned, has_reactions, 0, 0, '{{}}', preview, previewed_id
FROM posts WHERE id = %(id)s"""
_TOUCH: Final = "UPDATE posts SET update_at = greatest(update_at, %(at)s) WHERE id = %(id)s"
_DELETE: Final = """
UPDATE posts SET delete_at = %(at)s, update_at = %(at)s, is_pinned = false
WHERE (id = %(id)s OR root_id = %(id)s) AND original_id = '' AND delete_at = 0"""
_UNREPLY: Final = """
UPDATE posts r SET
  update_at = %(at)s,
  (reply_count, last_reply_at, participants) = (
    SELECT count(*), COALESCE(max(last), 0), COALESCE(array_agg(user_id ORDER BY last DESC), '{}')
    FROM (SELECT user_id, max(create_at) AS last, count(*) AS n FROM posts
          WHERE root_id = %(root)s AND original_id = '' AND delete_at = 0 GROUP BY user_id) AS repliers
  )
WHERE r.id = %(root)s"""
_RECOUNT: Final = """
UPDATE posts SET reply_count =
  (SELECT count(*) FROM posts WHERE root_id = %(root)s AND original_id = '' AND delete_at = 0)
WHERE id = %(root)s"""
_EXISTING: Final = "SELECT id FROM posts WHERE id = ANY(%(ids)s)"
_CHANNEL_OF: Final = "SELECT channel_id FROM posts WHERE id = %(id)s AND original_id = ''"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a batch changes in one membership: the author has seen the channel, others were mentioned."""

    channel_id: str
    user_id: str
    viewed_at: int = 0
    seen: int = 0
    seen_root: int = 0
    mentions: int = 0
    mentions_root: int = 0


def post(row: Row) -> Post:
    """Return a row of COLUMNS as a post."""
    return Post(*row)


def claiming(claims: Sequence[tuple[str, str, str]], now_ms: int, kept_ms: int) -> tuple[Statement, Statement]:
    """Return the statements that claim (user, pending id, post id), and then read who holds them."""
    users, pendings, ids = ([c[i] for c in claims] for i in range(3))
    return (
        (
            _CLAIM,
            {
                "users": users,
                "pendings": pendings,
                "posts": ids,
                "ats": [now_ms] * len(ids),
                "expired": now_ms - kept_ms,
            },
        ),
        (_CLAIMED, {"users": users, "pendings": pendings}),
    )


def freeing(claims: Sequence[tuple[str, str]]) -> Statement:
    """Return the statement that gives claims back."""
    return _FREE, {"users": [c[0] for c in claims], "pendings": [c[1] for c in claims]}


def reading(ids: Sequence[str]) -> Statement:
    """Return the statement that reads live posts by id, deleted ones included; see `by_id`."""
    return _BY_ID, {"ids": list(ids)}


def by_id(rows: Sequence[Row]) -> dict[str, Post]:
    """Read what the statement answered."""
    return {row.id: Post(*row) for row in rows}


async def read(tx: Transaction, ids: Sequence[str]) -> dict[str, Post]:
    """Return live posts by id, deleted ones included."""
    return by_id((await tx.pipelined(reading(ids)))[0])


def inserting(posts: Sequence[Post], mentioned: Mapping[str, Sequence[str]]) -> Statement:
    """Return the statement that stores new posts; `mentioned` says by post id whom they mention."""
    return _INSERT, {
        "ids": [p.id for p in posts],
        "channels": [p.channel_id for p in posts],
        "users": [p.user_id for p in posts],
        "roots": [p.root_id for p in posts],
        "messages": [p.message for p in posts],
        "types": [p.type for p in posts],
        "props": [p.props for p in posts],
        "hashtags": [p.hashtags for p in posts],
        "files": [p.files for p in posts],
        "file_counts": [p.file_count for p in posts],
        "ats": [p.create_at for p in posts],
        "previews": [p.preview for p in posts],
        "previewed": [p.previewed_id for p in posts],
        "mentioned": [" ".join(mentioned.get(p.id, ())) for p in posts],
    }


def concerning(concerned: Mapping[str, Sequence[str]]) -> Statement:
    """Return the statement that notes, by post, those of the mentioned who are not addressed in it."""
    ids = list(concerned)
    return _CONCERN, {"ids": ids, "users": [" ".join(concerned[post_id]) for post_id in ids]}


def counting(changes: Mapping[str, tuple[int, int, int, int]]) -> Statement:
    """Return the statement that moves channels on: id → (last post, last root post, messages, root messages)."""
    rows = sorted(changes.items())
    return _COUNT, {
        "channels": [channel for channel, _ in rows],
        **{
            name: [c[i] for _, c in rows]
            for i, name in enumerate(("last_ats", "last_root_ats", "totals", "total_roots"))
        },
    }


def replying(changes: Mapping[str, tuple[int, int, Sequence[str]]]) -> Statement:
    """Return the statement that moves threads on: root → (replies, time of the last, participants latest first)."""
    rows = sorted(changes.items())
    return _REPLIED, {
        "roots": [root for root, _ in rows],
        "counts": [c[0] for _, c in rows],
        "ats": [c[1] for _, c in rows],
        "participants": [" ".join(c[2]) for _, c in rows],
    }


def seeing(changes: Sequence[Seen], now_ms: int) -> list[Statement]:
    """Return the statements that change memberships; none when nothing changes."""
    if not changes:
        return []
    channels, users = [c.channel_id for c in changes], [c.user_id for c in changes]
    update: Statement = (
        _SEE,
        {
            "now": now_ms,
            "channels": channels,
            "users": users,
            "viewed_ats": [c.viewed_at for c in changes],
            "seens": [c.seen for c in changes],
            "seen_roots": [c.seen_root for c in changes],
            "mentions": [c.mentions for c in changes],
            "mentions_roots": [c.mentions_root for c in changes],
        },
    )
    if len(changes) < 2:
        return [update]
    return [(_LOCK_MEMBERS, {"channels": channels, "users": users}), update]


async def channel_of(tx: Transaction, post_id: str) -> str | None:
    """Return the channel of a live post, which never changes; None for an unknown one."""
    rows = await tx.fetch(_CHANNEL_OF, id=post_id)
    return rows[0].channel_id if rows else None


async def edit(tx: Transaction, changed: Post, version_id: str | None) -> None:
    """Store a changed post; keep the version before as `version_id`. A reply moves its root on."""
    statements: list[Statement] = []
    if version_id is not None:
        statements.append((_KEEP_VERSION, {"version_id": version_id, "id": changed.id, "at": changed.update_at}))
    parameters: dict[str, Any] = {
        name: getattr(changed, name)
        for name in (
            "id",
            "message",
            "props",
            "hashtags",
            "files",
            "file_count",
            "preview",
            "previewed_id",
            "is_pinned",
            "edit_at",
            "update_at",
        )
    }
    statements.append((_EDIT, parameters))
    if changed.root_id:
        statements.append((_TOUCH, {"id": changed.root_id, "at": changed.update_at}))
    await tx.pipelined(*statements)


async def delete(tx: Transaction, deleted: Post, at: int) -> None:
    """Mark a post and its replies deleted; a reply leaves its thread's counters."""
    statements: list[Statement] = [(_DELETE, {"id": deleted.id, "at": at})]
    if deleted.root_id:
        statements.append((_UNREPLY, {"root": deleted.root_id, "at": at}))
        statements.append((_RECOUNT, {"root": deleted.root_id}))
    await tx.pipelined(*statements)


async def touch(tx: Transaction, post_id: str, at: int) -> None:
    """Move a post's update time on."""
    await tx.pipelined((_TOUCH, {"id": post_id, "at": at}))


async def existing(tx: Transaction, ids: Sequence[str]) -> list[str]:
    """Return which posts exist, deleted or not."""
    return [row.id for row in await tx.fetch(_EXISTING, ids=list(ids))]
