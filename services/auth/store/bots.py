"""Bots as rows: users with an owner."""

from typing import Final

from services.auth.domain.bots import Bot
from services.auth.store.users import _COLUMNS, Reads, _user
from services.chassis.database import Row, Transaction

_GET: Final = f"SELECT {_COLUMNS}, bot_owner_id FROM users WHERE id = %(id)s AND is_bot"
_PAGE: Final = f"""
SELECT {_COLUMNS}, bot_owner_id FROM users u WHERE is_bot
  AND (delete_at = 0 OR %(inactive)s) AND (%(owner)s = '' OR bot_owner_id = %(owner)s)
  AND (NOT %(orphaned)s OR EXISTS (SELECT FROM users o WHERE o.id = u.bot_owner_id AND o.delete_at > 0))
ORDER BY create_at, id LIMIT %(limit)s OFFSET %(offset)s"""
_MARK: Final = """
UPDATE users SET is_bot = true, bot_description = %(description)s, bot_owner_id = %(owner)s WHERE id = %(id)s"""


def _bot(row: Row) -> Bot:
    return Bot(_user(row), row.bot_owner_id)


async def get(reads: Reads, user_id: str) -> Bot | None:
    """Return a bot."""
    rows = await reads.fetch(_GET, id=user_id)
    return _bot(rows[0]) if rows else None


async def page(reads: Reads, owner_id: str, limit: int, offset: int, *, inactive: bool, orphaned: bool) -> list[Bot]:
    """Return a page of a user's bots, or of all, oldest first."""
    rows = await reads.fetch(_PAGE, owner=owner_id, limit=limit, offset=offset, inactive=inactive, orphaned=orphaned)
    return [_bot(row) for row in rows]


async def mark(tx: Transaction, bot: Bot) -> None:
    """Store of a user that it is this bot."""
    await tx.fetch(_MARK, id=bot.user.id, description=bot.user.bot_description, owner=bot.owner_id)
