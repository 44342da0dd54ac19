"""Preferences as rows."""

from collections.abc import Sequence
from typing import Final

from services.auth.domain.preferences import Preference
from services.auth.store.users import Reads
from services.chassis.database import Transaction

_LIST: Final = """
SELECT category, name, value FROM preferences
WHERE user_id = %(user_id)s AND (%(category)s = '' OR category = %(category)s)
  AND (%(name)s::text IS NULL OR name = %(name)s)
ORDER BY category, name"""
_SAVE: Final = """
INSERT INTO preferences (user_id, category, name, value)
SELECT * FROM unnest(%(user_ids)s::text[], %(categories)s::text[], %(names)s::text[], %(values)s::text[])
ON CONFLICT (user_id, category, name) DO UPDATE SET value = excluded.value
WHERE preferences.value <> excluded.value"""
_DELETE: Final = """
DELETE FROM preferences WHERE user_id = %(user_id)s
  AND (category, name) IN (SELECT * FROM unnest(%(categories)s::text[], %(names)s::text[]))"""


async def find(reads: Reads, user_id: str, category: str, name: str | None) -> list[Preference]:
    """Return a user's preferences by category and name; an empty category and no name leave out nothing."""
    rows = await reads.fetch(_LIST, user_id=user_id, category=category, name=name)
    return [Preference(user_id, row.category, row.name, row.value) for row in rows]


async def save(tx: Transaction, preferences: Sequence[Preference]) -> None:
    """Set preferences, no two of which share a name."""
    await tx.fetch(
        _SAVE,
        user_ids=[each.user_id for each in preferences],
        categories=[each.category for each in preferences],
        names=[each.name for each in preferences],
        values=[each.value for each in preferences],
    )


async def delete(tx: Transaction, user_id: str, preferences: Sequence[Preference]) -> None:
    """Remove a user's preferences."""
    await tx.fetch(
        _DELETE,
        user_id=user_id,
        categories=[each.category for each in preferences],
        names=[each.name for each in preferences],
    )
