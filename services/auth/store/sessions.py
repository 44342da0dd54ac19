"""Sessions as rows; a token is known by its SHA-256 alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.types.json import Jsonb

from services.auth.domain.sessions import Session
from services.auth.store.users import Reads
from services.chassis.database import Row, Statement, Transaction

_COLUMNS: Final = (
    "s.id, s.user_id, s.create_at, s.expires_at, s.last_activity_at, s.device_id, s.props, u.roles, s.revoked_at"
)
_BY_TOKENS: Final = f"""
SELECT s.token_hash, {_COLUMNS}
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = ANY(%(hashes)s) AND s.revoked_at = 0 AND u.delete_at = 0"""
_BY_TOKEN: Final = f"""
SELECT {_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = %(hash)s"""
_OF_USER: Final = f"""
SELECT {_COLUMNS} FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.user_id = %(user)s AND s.revoked_at = 0 AND (s.expires_at = 0 OR s.expires_at > %(now)s)
ORDER BY s.create_at DESC, s.id LIMIT 1000"""
_INSERT: Final = """
INSERT INTO sessions (token_hash, id, user_id, create_at, expires_at, last_activity_at, device_id, props)
VALUES (%(hash)s, %(id)s, %(user)s, %(at)s, %(expires)s, %(at)s, %(device)s, %(props)s)"""
# Every statement that revokes runs under the lock of the user's topic.
_REVOKE: Final = """
UPDATE sessions SET revoked_at = %(now)s
WHERE user_id = %(user)s AND id = ANY(%(ids)s) AND revoked_at = 0 RETURNING id"""
_REVOKE_ALL: Final = """
UPDATE sessions SET revoked_at = %(now)s
WHERE user_id = %(user)s AND id <> %(but)s AND revoked_at = 0 RETURNING id"""
_REVOKE_DEVICE: Final = """
UPDATE sessions SET revoked_at = %(now)s
WHERE user_id = %(user)s AND device_id = %(device)s AND device_id <> '' AND id <> %(but)s AND revoked_at = 0
RETURNING id"""
_REVOKE_OLDEST: Final = """
UPDATE sessions SET revoked_at = %(now)s WHERE id IN (
  SELECT id FROM sessions WHERE user_id = %(user)s AND revoked_at = 0
  ORDER BY create_at DESC, id OFFSET %(kept)s)
RETURNING id"""
_SWEEP: Final = """
DELETE FROM sessions WHERE user_id = %(user)s
AND ((revoked_at > 0 AND revoked_at < %(before)s) OR (expires_at > 0 AND expires_at < %(before)s))"""
_KNOWN: Final = "SELECT revoked_at FROM sessions WHERE user_id = %(user)s AND id = %(id)s"
# Rows that a revocation holds are left out: it matters more, and waiting for it in another order could deadlock.
_TOUCH: Final = """
WITH used AS (
  SELECT s.id, s.user_id, n.at, n.expires
  FROM unnest(%(ids)s::text[], %(ats)s::bigint[], %(expires)s::bigint[]) AS n (id, at, expires)
  JOIN sessions s ON s.id = n.id WHERE s.revoked_at = 0
  FOR NO KEY UPDATE OF s SKIP LOCKED
), touched AS (
  UPDATE sessions SET last_activity_at = greatest(last_activity_at, used.at),
                      expires_at = greatest(expires_at, used.expires)
  FROM used WHERE sessions.id = used.id
)
SELECT user_id, max(at) AS at FROM used GROUP BY user_id"""
_TOUCH_USERS: Final = """
WITH used AS (
  SELECT u.id, n.at FROM unnest(%(users)s::text[], %(ats)s::bigint[]) AS n (id, at)
  JOIN users u ON u.id = n.id FOR NO KEY UPDATE OF u SKIP LOCKED
)
UPDATE users SET last_activity_at = greatest(last_activity_at, used.at) FROM used WHERE users.id = used.id"""


@dataclass(frozen=True, slots=True)
class Use:
    """That a session was used; `expires_at` as it is, or extended."""

    session_id: str
    at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Known:
    """A session, and whether it was ended on purpose."""

    session: Session
    revoked: bool


def hash_of(token: str) -> bytes:
    """Return what is stored of a token. It holds 250 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def _session(row: Row) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        create_at=row.create_at,
        expires_at=row.expires_at,
        last_activity_at=row.last_activity_at,
        device_id=row.device_id,
        props=row.props,
        roles=tuple(row.roles),
    )


async def by_hashes(reads: Reads, hashes: Sequence[bytes]) -> dict[bytes, Session]:
    """Return the sessions of active users that were not revoked, expired ones too; one statement."""
    rows = await reads.fetch(_BY_TOKENS, hashes=list(hashes))
    return {bytes(row.token_hash): _session(row) for row in rows}


async def by_token(reads: Reads, token: str) -> Known | None:
    """Return the session of a token, whatever its state."""
    rows = await reads.fetch(_BY_TOKEN, hash=hash_of(token))
    return Known(_session(rows[0]), rows[0].revoked_at > 0) if rows else None


async def of_user(reads: Reads, user_id: str, now: int) -> list[Session]:
    """Return a user's live sessions, newest first."""
    return [_session(row) for row in await reads.fetch(_OF_USER, user=user_id, now=now)]


async def is_known(tx: Transaction, user_id: str, session_id: str) -> bool:
    """Say whether the user has or lately had this session."""
    return bool(await tx.fetch(_KNOWN, user=user_id, id=session_id))


def inserting(session: Session, token_hash: bytes) -> Statement:
    """Return the statement that stores a new session."""
    return _INSERT, {
        "hash": token_hash,
        "id": session.id,
        "user": session.user_id,
        "at": session.create_at,
        "expires": session.expires_at,
        "device": session.device_id,
        "props": Jsonb(dict(session.props)),
    }


def making_room(session: Session, kept: int, now: int, gone_before: int) -> list[Statement]:
    """Return the statements that end what a new session replaces: same device, beyond the limit. The last sweeps."""
    user = session.user_id
    return [
        (_REVOKE_DEVICE, {"user": user, "device": session.device_id, "but": session.id, "now": now}),
        (_REVOKE_OLDEST, {"user": user, "kept": kept, "now": now}),
        (_SWEEP, {"user": user, "before": gone_before}),
    ]


async def revoke(tx: Transaction, user_id: str, session_ids: Sequence[str], now: int) -> list[str]:
    """End sessions; return the ids of those that had not ended before."""
    return [row.id for row in await tx.fetch(_REVOKE, user=user_id, ids=list(session_ids), now=now)]


async def revoke_all(tx: Transaction, user_id: str, now: int, *, but: str = "") -> list[str]:
    """End all sessions of a user, but for one; return the ids of those that had not ended before."""
    return [row.id for row in await tx.fetch(_REVOKE_ALL, user=user_id, now=now, but=but)]


async def touch(tx: Transaction, uses: Sequence[Use]) -> None:
    """Note uses, and extend what they extend."""
    users = await tx.fetch(
        _TOUCH,
        ids=[use.session_id for use in uses],
        ats=[use.at for use in uses],
        expires=[use.expires_at for use in uses],
    )
    await tx.fetch(_TOUCH_USERS, users=[row.user_id for row in users], ats=[row.at for row in users])
