"""Users as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from psycopg.types.json import Jsonb

from services.auth.domain.preferences import THREADS, Preference
from services.auth.domain.users import User
from services.chassis.database import Row, Statement, Transaction

_COLUMNS: Final = (
    "id, create_at, update_at, delete_at, username, email, email_verified, nickname, first_name, last_name, position,"
    " roles, props, notify_props, timezone, locale, last_password_update, last_picture_update, failed_attempts, is_bot,"
    " bot_description, mfa_active, auth_service"
)
_BY_ID: Final = f"SELECT {_COLUMNS}, password_hash FROM users WHERE id = %(id)s"
_BY_ID_LOCKED: Final = f"{_BY_ID} FOR NO KEY UPDATE"
_BY_USERNAME: Final = f"SELECT {_COLUMNS}, password_hash FROM users WHERE username = %(name)s"
_BY_EMAIL: Final = f"SELECT {_COLUMNS}, password_hash FROM users WHERE email = %(name)s"
_MANY: Final = f"""
SELECT {_COLUMNS} FROM users
WHERE (id = ANY(%(ids)s) OR username = ANY(%(usernames)s) OR email = ANY(%(emails)s)) AND update_at > %(since)s"""
_TAKEN: Final = """
SELECT EXISTS (SELECT FROM users WHERE username = %(username)s AND id <> %(id)s) AS username,
       EXISTS (SELECT FROM users WHERE email = %(email)s AND id <> %(id)s) AS email"""
_INSERT: Final = """
INSERT INTO users (id, create_at, update_at, username, email, email_verified, nickname, first_name, last_name,
                   position, roles, props, notify_props, timezone, locale, password_hash, last_password_update)
VALUES (%(id)s, %(create_at)s, %(update_at)s, %(username)s, %(email)s, %(email_verified)s, %(nickname)s,
        %(first_name)s, %(last_name)s, %(position)s, %(roles)s, %(props)s, %(notify_props)s, %(timezone)s,
        %(locale)s, %(password_hash)s, %(last_password_update)s)"""
_UPDATE: Final = """
UPDATE users SET update_at = %(update_at)s, username = %(username)s, email = %(email)s,
                 email_verified = %(email_verified)s, nickname = %(nickname)s, first_name = %(first_name)s,
                 last_name = %(last_name)s, position = %(position)s, props = %(props)s,
                 notify_props = %(notify_props)s, timezone = %(timezone)s, locale = %(locale)s
WHERE id = %(id)s"""
_STANDING: Final = """
UPDATE users SET roles = %(roles)s, delete_at = %(delete_at)s, last_picture_update = %(picture)s,
                 update_at = %(update_at)s
WHERE id = %(id)s"""
_NEW_HASH: Final = """
UPDATE users SET password_hash = %(hash)s, last_password_update = %(at)s, failed_attempts = 0 WHERE id = %(id)s"""
_ADMINS: Final = "SELECT count(*) AS total FROM users WHERE roles @> ARRAY['system_admin'] AND delete_at = 0"
_ANY: Final = "SELECT EXISTS (SELECT FROM users WHERE NOT is_bot) AS there"
_COUNT: Final = "SELECT count(*) AS total FROM users WHERE delete_at = 0 AND NOT is_bot"
_SNAPSHOT: Final = f"SELECT {_COLUMNS} FROM users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s"
_CHOICES: Final = """
SELECT user_id, category, name, value FROM preferences WHERE (category, name) = (%(category)s, %(name)s)
  AND user_id IN (SELECT id FROM users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s)"""
_ONE_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_FAILED: Final = "UPDATE users SET failed_attempts = failed_attempts + 1 WHERE id = %(id)s"
# A count that a crash of the server loses harms nobody; and the wait for the disk would tell that the user exists.
_UNFLUSHED: Final = "SET LOCAL synchronous_commit TO off"
_SIGNED_IN: Final = """
UPDATE users SET failed_attempts = 0, last_activity_at = greatest(last_activity_at, %(now)s) WHERE id = %(id)s"""

_FILTER: Final = """
(delete_at = 0 OR NOT %(active_only)s) AND (delete_at > 0 OR NOT %(inactive_only)s)
AND (%(role)s = '' OR roles @> ARRAY[%(role)s])"""
# The page's ids come from an index; whole rows are read for them alone.
_PAGE: Final = {
    "": f"""
SELECT {_COLUMNS} FROM users WHERE id IN (
  SELECT id FROM users WHERE {_FILTER} ORDER BY username LIMIT %(limit)s OFFSET %(offset)s) ORDER BY username""",
    "create_at": f"""
SELECT {_COLUMNS} FROM users WHERE id IN (
  SELECT id FROM users WHERE {_FILTER} ORDER BY create_at DESC, id LIMIT %(limit)s OFFSET %(offset)s)
ORDER BY create_at DESC, id""",
    "last_activity_at": f"""
SELECT {_COLUMNS} FROM users WHERE id IN (
  SELECT id FROM users WHERE {_FILTER} ORDER BY last_activity_at DESC, id LIMIT %(limit)s OFFSET %(offset)s)
ORDER BY last_activity_at DESC, id""",
}


def _branch(expression: str, condition: str = "true") -> str:
    """Return one branch of a prefix search: a range of one index, in its order, cut after enough.

    A range, and not LIKE: it uses the index in a generic plan too, and nothing in the term is special.
    """
    return (
        f'(SELECT id FROM users WHERE {condition} AND {expression} >= lower(%(term)s) COLLATE "C"'
        f" AND {expression} < (lower(%(term)s) || U&'\\+10FFFF') COLLATE \"C\" AND {_FILTER}"
        f" ORDER BY {expression} LIMIT %(limit)s)"
    )


_USERNAME_BRANCH: Final = _branch("username")
_NICKNAME_BRANCH: Final = _branch("""lower(nickname) COLLATE "C\"""", "nickname <> ''")
_EMAIL_BRANCH: Final = _branch("email")
_NAME_BRANCHES: Final = (
    _branch("""lower(first_name) COLLATE "C\"""", "first_name <> ''"),
    _branch("""lower(last_name) COLLATE "C\"""", "last_name <> ''"),
    _branch("""lower(first_name || ' ' || last_name) COLLATE "C\"""", "first_name <> '' AND last_name <> ''"),
)


def _search_sql(*, names: bool, email: bool) -> str:
    branches = [
        _USERNAME_BRANCH,
        _NICKNAME_BRANCH,
        *(_NAME_BRANCHES if names else ()),
        *([_EMAIL_BRANCH] if email else ()),
    ]
    found = " UNION ".join(branches)
    return f"SELECT {_COLUMNS} FROM users WHERE id IN ({found}) ORDER BY username LIMIT %(limit)s"


_SEARCH: Final = {(n, e): _search_sql(names=n, email=e) for n in (False, True) for e in (False, True)}


class Reads(Protocol):
    """A transaction, or the database itself for a statement that stands alone."""

    async def fetch(self, sql: str, **parameters: Any) -> list[Row]:
        """Return a statement's rows."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """A user with what its password is checked against."""

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which users a list or search shows."""

    active_only: bool = False
    inactive_only: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Some users, who of them chose how it reads replies (in threads?), and the seq of the topic that shows them."""

    users: list[User]
    collapsed: Mapping[str, bool]
    seq: int


def _user(row: Row) -> User:
    return User(
        id=row.id,
        create_at=row.create_at,
        update_at=row.update_at,
        delete_at=row.delete_at,
        username=row.username,
        email=row.email,
        email_verified=row.email_verified,
        nickname=row.nickname,
        first_name=row.first_name,
        last_name=row.last_name,
        position=row.position,
        roles=tuple(row.roles),
        props=row.props,
        notify_props=row.notify_props,
        timezone=row.timezone,
        locale=row.locale,
        last_password_update=row.last_password_update,
        last_picture_update=row.last_picture_update,
        failed_attempts=row.failed_attempts,
        is_bot=row.is_bot,
        bot_description=row.bot_description,
        mfa_active=row.mfa_active,
        auth_service=row.auth_service,
    )


def _account(rows: Sequence[Row]) -> Account | None:
    return Account(_user(rows[0]), rows[0].password_hash) if rows else None


async def by_id(reads: Reads, user_id: str) -> Account | None:
    """Return a user with its password's hash."""
    return _account(await reads.fetch(_BY_ID, id=user_id))


async def by_username(reads: Reads, username: str) -> Account | None:
    """Return a user with its password's hash; `username` in lower case."""
    return _account(await reads.fetch(_BY_USERNAME, name=username))


async def by_email(reads: Reads, email: str) -> Account | None:
    """Return a user with its password's hash; `email` in lower case."""
    return _account(await reads.fetch(_BY_EMAIL, name=email))


async def lock(tx: Transaction, user_id: str) -> Account | None:
    """Return a user whose row stays as it is until the transaction ends."""
    return _account(await tx.fetch(_BY_ID_LOCKED, id=user_id))


async def taken(tx: Transaction, user: User) -> tuple[bool, bool]:
    """Say whether another user has this username, and this address. Certain under the lock of `auth/cluster`."""
    row = (await tx.fetch(_TAKEN, id=user.id, username=user.username, email=user.email))[0]
    return row.username, row.email


async def there_are_any(reads: Reads) -> bool:
    """Say whether a first account has been made."""
    return bool((await reads.fetch(_ANY))[0].there)


def _values(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "update_at": user.update_at,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "nickname": user.nickname,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "position": user.position,
        "props": _json(user.props),
        "notify_props": _json(user.notify_props),
        "timezone": _json(user.timezone),
        "locale": user.locale,
    }


def _json(entries: Mapping[str, str]) -> Jsonb:
    return Jsonb(dict(entries))


async def insert(tx: Transaction, user: User, password_hash: str) -> None:
    """Store a new user."""
    await tx.fetch(
        _INSERT,
        **_values(user),
        create_at=user.create_at,
        roles=list(user.roles),
        password_hash=password_hash,
        last_password_update=user.last_password_update,
    )


async def update(tx: Transaction, user: User) -> None:
    """Store what a patch may change."""
    await tx.fetch(_UPDATE, **_values(user))


async def set_standing(tx: Transaction, user: User) -> None:
    """Store the user's roles, whether it may sign in, and which picture it has."""
    await tx.fetch(
        _STANDING,
        id=user.id,
        roles=list(user.roles),
        delete_at=user.delete_at,
        picture=user.last_picture_update,
        update_at=user.update_at,
    )


async def set_password(tx: Transaction, user_id: str, password_hash: str, at: int) -> None:
    """Store a new password; failures with the old one are forgotten."""
    await tx.fetch(_NEW_HASH, id=user_id, hash=password_hash, at=at)


async def count_admins(tx: Transaction) -> int:
    """Count the active system administrators. Certain under the lock of `auth/cluster`."""
    return int((await tx.fetch(_ADMINS))[0].total)


async def count_failure(tx: Transaction, user_id: str) -> None:
    """Count a failed sign-in; for no user ("") it does as much and changes nothing."""
    await tx.pipelined((_UNFLUSHED, {}), (_FAILED, {"id": user_id}))


def signed_in(user_id: str, now: int) -> Statement:
    """Return the statement that forgets the failures and notes the activity."""
    return _SIGNED_IN, {"id": user_id, "now": now}


async def many(
    reads: Reads, ids: Sequence[str], usernames: Sequence[str], emails: Sequence[str], since: int
) -> list[User]:
    """Return the users that exist, in no order."""
    rows = await reads.fetch(_MANY, ids=list(ids), usernames=list(usernames), emails=list(emails), since=since)
    return [_user(row) for row in rows]


async def page(reads: Reads, sort: str, offset: int, limit: int, which: Filter) -> list[User]:
    """Return a page by username, or newest first by `create_at` or `last_activity_at`."""
    rows = await reads.fetch(_PAGE[sort], offset=offset, limit=limit, **_which(which))
    return [_user(row) for row in rows]


async def search(reads: Reads, term: str, limit: int, which: Filter, *, names: bool, email: bool) -> list[User]:
    """Return users with a name that starts with the term, by username; of too many any `limit` of them."""
    rows = await reads.fetch(_SEARCH[names, email], term=term, limit=limit, **_which(which))
    return [_user(row) for row in rows]


def _which(which: Filter) -> dict[str, Any]:
    return {"active_only": which.active_only, "inactive_only": which.inactive_only, "role": which.role}


async def count(reads: Reads) -> int:
    """Return how many people are active."""
    return int((await reads.fetch(_COUNT))[0].total)


async def snapshot(tx: Transaction, topic_seq: Statement, after: str, limit: int) -> Snapshot:
    """Return a chunk by id, all of one moment. Must be the transaction's first statement."""
    chunk, (category, name) = {"after": after, "limit": limit}, THREADS
    _, seqs, rows, choices = await tx.pipelined(
        (_ONE_SNAPSHOT, {}),
        topic_seq,
        (_SNAPSHOT, chunk),
        (_CHOICES, {**chunk, "category": category, "name": name}),
    )
    collapsed = {row.user_id: Preference(*row).collapsed for row in choices}
    return Snapshot([_user(row) for row in rows], collapsed, seqs[0].seq if seqs else 0)
