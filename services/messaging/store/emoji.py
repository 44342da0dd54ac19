"""Custom emoji in the database."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Final

from services.chassis.database import Row, Statement, Transaction
from services.chassis.topics import cluster_topic
from services.messaging.domain.access import Roles
from services.messaging.domain.emoji import Emoji

TOPIC: Final = cluster_topic("messaging")
"""Whatever changes an emoji takes a seq here, and nothing else does."""

_SEQ: Final = "SELECT seq FROM topics WHERE topic = %(topic)s"
_COLUMNS: Final = "e.id, e.name, e.creator_id, e.create_at, e.update_at, e.delete_at"
_FIND: Final = f"""
SELECT {_COLUMNS} FROM emoji e
WHERE e.delete_at = 0 AND (e.id = ANY(%(ids)s) OR e.name = ANY(%(names)s)) ORDER BY e.name"""
_BY_ID: Final = f"SELECT {_COLUMNS} FROM emoji e WHERE e.id = %(id)s"
_BY_NAME: Final = f"""
SELECT {_COLUMNS} FROM emoji e WHERE e.delete_at = 0 ORDER BY e.name LIMIT %(limit)s OFFSET %(offset)s"""
_BY_AGE: Final = f"""
SELECT {_COLUMNS} FROM emoji e WHERE e.delete_at = 0 ORDER BY e.create_at, e.id LIMIT %(limit)s OFFSET %(offset)s"""
_SEARCH: Final = f"""
SELECT {_COLUMNS} FROM emoji e WHERE e.delete_at = 0 AND lower(e.name) LIKE %(term)s ORDER BY e.name LIMIT %(limit)s"""
_INSERT: Final = """
INSERT INTO emoji (id, name, creator_id, create_at, update_at, delete_at)
VALUES (%(id)s, %(name)s, %(creator_id)s, %(create_at)s, %(update_at)s, 0)
ON CONFLICT (name) WHERE delete_at = 0 DO NOTHING RETURNING id"""
_DELETE: Final = "UPDATE emoji SET delete_at = %(at)s, update_at = %(at)s WHERE id = %(id)s"
_TEAM_ROLES: Final = """
SELECT DISTINCT scheme_guest, scheme_user, scheme_admin, explicit_roles FROM team_members
WHERE user_id = %(user)s AND delete_at = 0"""


async def find(tx: Transaction, *, ids: Sequence[str] = (), names: Sequence[str] = ()) -> list[Emoji]:
    """Read those of the emoji that exist, by name."""
    return found((await tx.pipelined(finding(ids=ids, names=names)))[0])


def finding(*, ids: Collection[str] = (), names: Collection[str] = ()) -> Statement:
    """Return the statement that reads those of the emoji that exist; see `found`."""
    return _FIND, {"ids": list(ids), "names": list(names)}


def reading_seq() -> Statement:
    """Return the statement that reads the seq of the last change of an emoji; see `seq`."""
    return _SEQ, {"topic": TOPIC}


def seq(rows: Sequence[Row]) -> int:
    """Read what the statement answered."""
    return rows[0].seq if rows else 0


def found(rows: Sequence[Row]) -> list[Emoji]:
    """Read what the statement answered, by name."""
    return [Emoji(*row) for row in rows]


async def read(tx: Transaction, emoji_id: str) -> Emoji | None:
    """Read an emoji, a removed one too."""
    rows = await tx.fetch(_BY_ID, id=emoji_id)
    return Emoji(*rows[0]) if rows else None


async def page(tx: Transaction, *, by_name: bool, limit: int, offset: int) -> list[Emoji]:
    """Read a page of all emoji, by name or by age."""
    rows = await tx.fetch(_BY_NAME if by_name else _BY_AGE, limit=limit, offset=offset)
    return [Emoji(*row) for row in rows]


async def search(tx: Transaction, term: str, *, prefix: bool, limit: int) -> list[Emoji]:
    """Read emoji whose names hold a term, or begin with it, by name."""
    escaped = term.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await tx.fetch(_SEARCH, term=f"{escaped}%" if prefix else f"%{escaped}%", limit=limit)
    return [Emoji(*row) for row in rows]


async def insert(tx: Transaction, emoji: Emoji) -> bool:
    """Store a new emoji; return whether its name was free."""
    return bool(await tx.fetch(_INSERT, **asdict(emoji)))


async def delete(tx: Transaction, emoji_id: str, at: int) -> None:
    """Mark an emoji as removed."""
    await tx.fetch(_DELETE, id=emoji_id, at=at)


async def team_roles(tx: Transaction, user_id: str) -> list[Roles]:
    """Read the roles that a user has in any of its teams."""
    return [Roles(*row) for row in await tx.fetch(_TEAM_ROLES, user=user_id)]
