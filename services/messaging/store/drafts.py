"""Drafts in the database."""

from dataclasses import asdict
from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.drafts import Draft

_COLUMNS: Final = (
    "d.user_id, d.channel_id, d.root_id, d.message, d.type, d.props, d.files, d.priority, d.create_at, d.update_at"
)
_SAVE: Final = f"""
INSERT INTO drafts AS d (user_id, channel_id, root_id, message, type, props, files, priority, create_at, update_at)
VALUES (%(user_id)s, %(channel_id)s, %(root_id)s, %(message)s, %(type)s, %(props)s, %(files)s, %(priority)s,
        %(update_at)s, %(update_at)s)
ON CONFLICT (user_id, channel_id, root_id) DO UPDATE SET message = excluded.message, type = excluded.type,
  props = excluded.props, files = excluded.files, priority = excluded.priority, update_at = excluded.update_at
RETURNING {_COLUMNS}"""
_DELETE: Final = f"""
DELETE FROM drafts d WHERE d.user_id = %(user)s AND d.channel_id = %(channel)s AND d.root_id = %(root)s
RETURNING {_COLUMNS}"""
_OF_USER: Final = f"""
SELECT {_COLUMNS} FROM drafts d
JOIN channels c ON c.id = d.channel_id AND c.team_id IN (%(team)s, '') AND c.delete_at = 0
JOIN channel_members m ON m.channel_id = d.channel_id AND m.user_id = d.user_id
WHERE d.user_id = %(user)s AND (d.root_id = '' OR EXISTS (
  SELECT FROM posts r WHERE r.id = d.root_id AND r.delete_at = 0))
ORDER BY d.update_at DESC, d.channel_id, d.root_id LIMIT 1000"""


async def save(tx: Transaction, draft: Draft) -> Draft:
    """Store a draft; return it as it is now: an earlier one of the same place keeps when it was begun."""
    return Draft(*(await tx.fetch(_SAVE, **asdict(draft)))[0])


async def delete(tx: Transaction, user_id: str, channel_id: str, root_id: str) -> Draft | None:
    """Remove a draft; return it, None when there was none."""
    rows = await tx.fetch(_DELETE, user=user_id, channel=channel_id, root=root_id)
    return Draft(*rows[0]) if rows else None


async def of_user(tx: Transaction, user_id: str, team_id: str) -> list[Draft]:
    """Read a user's drafts in a team's channels and direct and group ones that it is in, newest first."""
    return [Draft(*row) for row in await tx.fetch(_OF_USER, user=user_id, team=team_id)]
