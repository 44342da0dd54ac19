"""The projection of users: rows in, rows out; written by its consumer alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from services.chassis.database import Row, Statement, Transaction
from services.messaging.domain.users import User

_READ: Final = """
SELECT id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props, update_at, delete_at,
       timezone, collapsed_threads
FROM users WHERE id = ANY(%(ids)s)"""
# An older state never replaces a newer one: events are applied again after a snapshot and by every instance.
_PUT: Final = """
INSERT INTO users AS u
  (id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props, update_at, delete_at,
   timezone)
SELECT id, username, nickname, first_name, last_name, email, locale, string_to_array(roles, ' '), is_bot, notify_props,
       update_at, delete_at, timezone
FROM unnest(%(ids)s::text[], %(usernames)s::text[], %(nicknames)s::text[], %(first_names)s::text[],
            %(last_names)s::text[], %(emails)s::text[], %(locales)s::text[], %(roles)s::text[], %(bots)s::boolean[],
            %(notify)s::jsonb[], %(updates)s::bigint[], %(deletes)s::bigint[], %(timezones)s::text[])
  AS new (id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props,
          update_at, delete_at, timezone)
ORDER BY id
ON CONFLICT (id) DO UPDATE SET
  username = excluded.username, nickname = excluded.nickname, first_name = excluded.first_name,
  last_name = excluded.last_name, email = excluded.email, locale = excluded.locale, roles = excluded.roles,
  is_bot = excluded.is_bot, notify_props = excluded.notify_props, update_at = excluded.update_at,
  delete_at = excluded.delete_at, timezone = excluded.timezone
WHERE u.update_at <= excluded.update_at"""
_CHOOSE: Final = """
UPDATE users u SET collapsed_threads = new.collapsed
FROM unnest(%(ids)s::text[], %(collapsed)s::boolean[]) AS new (id, collapsed) WHERE u.id = new.id"""
_CHOICES: Final = "SELECT id, collapsed_threads FROM users WHERE id = ANY(%(ids)s) AND collapsed_threads IS NOT NULL"
_BEGIN: Final = """
INSERT INTO projections (source, incarnation, seq) VALUES (%(source)s, '', 0) ON CONFLICT DO NOTHING"""
_LOCK: Final = "SELECT incarnation, seq FROM projections WHERE source = %(source)s FOR UPDATE"
_POSITION: Final = "SELECT incarnation, seq FROM projections WHERE source = %(source)s"
_MOVE: Final = "UPDATE projections SET incarnation = %(incarnation)s, seq = %(seq)s WHERE source = %(source)s"
_CLEAR: Final = "DELETE FROM users"
_CLEAR_KEYWORDS: Final = "DELETE FROM mention_keywords"
_FORGET_KEYWORDS: Final = "DELETE FROM mention_keywords WHERE user_id = ANY(%(ids)s)"
_PUT_KEYWORDS: Final = """
INSERT INTO mention_keywords (user_id, keyword, exact, seq)
SELECT user_id, keyword, exact, %(seq)s
FROM unnest(%(ids)s::text[], %(words)s::text[], %(exacts)s::boolean[]) AS new (user_id, keyword, exact)
ORDER BY 1, 2, 3"""
_KEYWORDS: Final = "SELECT DISTINCT keyword FROM mention_keywords WHERE seq > %(seq)s"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a projection has come in the log that feeds it; no incarnation means that it was never filled."""

    incarnation: str
    seq: int


def reading(ids: Sequence[str]) -> Statement:
    """Return the statement that reads users, for pipelines; see `found`."""
    return _READ, {"ids": list(ids)}


def found(rows: Sequence[Row]) -> dict[str, User]:
    """Read what the statement answered, by id."""
    return {row.id: User(*row) for row in rows}


async def read(tx: Transaction, ids: Sequence[str]) -> dict[str, User]:
    """Read those of the users that exist, by id."""
    return found((await tx.pipelined(reading(ids)))[0])


async def put(tx: Transaction, users: Sequence[User]) -> None:
    """Store users as they are now, each at most once; but what they chose is left to `choose`."""
    parameters: dict[str, Any] = {
        "ids": [u.id for u in users],
        "usernames": [u.username for u in users],
        "nicknames": [u.nickname for u in users],
        "first_names": [u.first_name for u in users],
        "last_names": [u.last_name for u in users],
        "emails": [u.email for u in users],
        "locales": [u.locale for u in users],
        "roles": [" ".join(u.roles) for u in users],
        "bots": [u.is_bot for u in users],
        "notify": [Jsonb(dict(u.notify_props)) for u in users],
        "updates": [u.update_at for u in users],
        "deletes": [u.delete_at for u in users],
        "timezones": [u.timezone for u in users],
    }
    await tx.fetch(_PUT, **parameters)


async def choose(tx: Transaction, collapsed: Mapping[str, bool | None]) -> None:
    """Store how users read replies: in threads of their own, in channels, or (None) as usual."""
    if collapsed:
        await tx.fetch(_CHOOSE, ids=list(collapsed), collapsed=list(collapsed.values()))


async def choices(tx: Transaction, ids: Iterable[str]) -> dict[str, bool]:
    """Read who of the users chose how it reads replies: whether in threads of their own."""
    return {row.id: row.collapsed_threads for row in await tx.fetch(_CHOICES, ids=list(ids))}


async def put_keywords(tx: Transaction, users: Sequence[User], seq: int) -> None:
    """Store the words by which users are mentioned, as of a position in auth's log."""
    words = [(user.id, *word) for user in users for word in user.keywords]
    statements: list[Statement] = [(_FORGET_KEYWORDS, {"ids": [user.id for user in users]})]
    if words:
        given = {"ids": [w[0] for w in words], "words": [w[1] for w in words], "exacts": [w[2] for w in words]}
        statements.append((_PUT_KEYWORDS, given | {"seq": seq}))
    await tx.pipelined(*statements)


async def keywords(tx: Transaction, after_seq: int) -> list[str]:
    """Read the words that came behind a position in auth's log."""
    return [row.keyword for row in await tx.fetch(_KEYWORDS, seq=after_seq)]


async def clear(tx: Transaction) -> None:
    """Forget all users, before they are read anew in the same transaction."""
    await tx.pipelined((_CLEAR, {}), (_CLEAR_KEYWORDS, {}))


async def lock_position(tx: Transaction, source: str) -> Position:
    """Lock the projection's position until the transaction ends: several instances feed the same tables."""
    rows = (await tx.pipelined((_BEGIN, {"source": source}), (_LOCK, {"source": source})))[1]
    return Position(rows[0].incarnation, rows[0].seq)


async def read_position(tx: Transaction, source: str) -> Position:
    """Read how far the projection has come."""
    rows = await tx.fetch(_POSITION, source=source)
    return Position(rows[0].incarnation, rows[0].seq) if rows else Position("", 0)


async def move(tx: Transaction, source: str, position: Position) -> None:
    """Store how far the projection has come."""
    await tx.fetch(_MOVE, source=source, incarnation=position.incarnation, seq=position.seq)
