"""Personal access tokens as rows; a token is known by its SHA-256 alone, as sessions are."""

from collections.abc import Sequence
from typing import Final

from services.auth.domain.access_tokens import AccessToken
from services.auth.store.users import Reads
from services.chassis.database import Transaction

_COLUMNS: Final = "t.id, t.user_id, t.description, t.is_active"
_SIGNING_IN: Final = f"""
SELECT t.token_hash, u.roles, {_COLUMNS} FROM access_tokens t JOIN users u ON u.id = t.user_id
WHERE t.token_hash = ANY(%(hashes)s) AND t.is_active AND u.delete_at = 0"""
_GET: Final = f"SELECT {_COLUMNS} FROM access_tokens t WHERE t.id = %(id)s"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM access_tokens t WHERE %(user)s = '' OR t.user_id = %(user)s
ORDER BY t.create_at, t.id LIMIT %(limit)s OFFSET %(offset)s"""
_INSERT: Final = """
INSERT INTO access_tokens (id, token_hash, user_id, description, create_at)
VALUES (%(id)s, %(hash)s, %(user)s, %(description)s, %(at)s)"""
# Under the lock of the user's topic, like whatever ends sessions.
_SET_ACTIVE: Final = "UPDATE access_tokens SET is_active = %(active)s WHERE id = %(id)s"
_DELETE: Final = "DELETE FROM access_tokens WHERE id = %(id)s RETURNING id"


async def signing_in(reads: Reads, hashes: Sequence[bytes]) -> dict[bytes, tuple[AccessToken, tuple[str, ...]]]:
    """Return the tokens that sign an active user in, with its system roles, by hash."""
    rows = await reads.fetch(_SIGNING_IN, hashes=list(hashes))
    return {bytes(row.token_hash): (AccessToken(*row[2:]), tuple(row.roles)) for row in rows}


async def get(reads: Reads, token_id: str) -> AccessToken | None:
    """Return a token."""
    rows = await reads.fetch(_GET, id=token_id)
    return AccessToken(*rows[0]) if rows else None


async def page(reads: Reads, user_id: str, limit: int, offset: int) -> list[AccessToken]:
    """Return a page of a user's tokens, or of everybody's, oldest first."""
    return [AccessToken(*row) for row in await reads.fetch(_PAGE, user=user_id, limit=limit, offset=offset)]


async def insert(tx: Transaction, token: AccessToken, token_hash: bytes, at: int) -> None:
    """Store a new token."""
    await tx.fetch(_INSERT, id=token.id, hash=token_hash, user=token.user_id, description=token.description, at=at)


async def set_active(tx: Transaction, token_id: str, active: bool) -> None:
    """Let a token sign in, or no longer."""
    await tx.fetch(_SET_ACTIVE, id=token_id, active=active)


async def delete(tx: Transaction, token_id: str) -> bool:
    """Remove a token; return whether there was one."""
    return bool(await tx.fetch(_DELETE, id=token_id))
