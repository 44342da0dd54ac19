"""Sidebar categories: SQL over arrays, on the transaction it is given."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Row, Statement, Transaction
from services.messaging.domain.categories import Category, Placed

_CATEGORIES: Final = """
SELECT id, user_id, team_id, type, display_name, sorting, sort_order, muted, collapsed FROM sidebar_categories
WHERE user_id = %(user)s AND team_id = %(team)s"""
_PLACED: Final = """
SELECT c.id, c.type, coalesce(s.category_id, '') FROM channel_members m
JOIN channels c ON c.id = m.channel_id AND c.team_id IN (%(team)s, '')
LEFT JOIN sidebar_channels s ON s.user_id = m.user_id AND s.team_id = %(team)s AND s.channel_id = m.channel_id
WHERE m.user_id = %(user)s AND (c.delete_at = 0 OR s.category_id IS NOT NULL)
ORDER BY s.place NULLS LAST, c.display_name, c.id"""
_PUT: Final = """
INSERT INTO sidebar_categories (user_id, team_id, id, type, display_name, sorting, sort_order, muted, collapsed)
SELECT %(user)s, %(team)s, * FROM unnest(%(ids)s::text[], %(types)s::text[], %(names)s::text[], %(sortings)s::text[],
  %(orders)s::bigint[], %(muted)s::boolean[], %(collapsed)s::boolean[])
ON CONFLICT (user_id, team_id, id) DO UPDATE SET display_name = excluded.display_name, sorting = excluded.sorting,
  sort_order = excluded.sort_order, muted = excluded.muted, collapsed = excluded.collapsed"""
_EMPTY: Final = """
DELETE FROM sidebar_channels WHERE user_id = %(user)s AND team_id = %(team)s AND category_id = ANY(%(ids)s)"""
_PLACE: Final = """
INSERT INTO sidebar_channels (user_id, team_id, channel_id, category_id, place)
SELECT %(user)s, %(team)s, * FROM unnest(%(channels)s::text[], %(categories)s::text[], %(places)s::integer[])
ON CONFLICT (user_id, team_id, channel_id) DO UPDATE SET category_id = excluded.category_id, place = excluded.place"""
_DELETE: Final = """
DELETE FROM sidebar_categories WHERE user_id = %(user)s AND team_id = %(team)s AND id = %(id)s"""
_FORGET_CATEGORIES: Final = "DELETE FROM sidebar_categories WHERE user_id = %(user)s AND team_id = %(team)s"
_FORGET_CHANNELS: Final = "DELETE FROM sidebar_channels WHERE user_id = %(user)s AND team_id = %(team)s"


async def read(tx: Transaction, user_id: str, team_id: str) -> tuple[list[Category], list[Placed]]:
    """Read the stored headings and the user's channels; those that were put under one first, in their order."""
    whose = {"user": user_id, "team": team_id}
    categories, placed = await tx.pipelined((_CATEGORIES, whose), (_PLACED, whose))
    return [_category(row) for row in categories], [Placed(*row) for row in placed]


async def put(tx: Transaction, user_id: str, team_id: str, categories: Sequence[Category]) -> None:
    """Store headings, whether they are new or not."""
    await tx.pipelined(_putting(user_id, team_id, categories))


async def fill(tx: Transaction, user_id: str, team_id: str, categories: Sequence[Category]) -> None:
    """Put exactly their channels under headings; a channel leaves the one that it was under."""
    # Of a channel that is listed twice the last heading has it.
    placed = {
        channel: (category.id, place) for category in categories for place, channel in enumerate(category.channel_ids)
    }
    await tx.pipelined(
        (_EMPTY, {"user": user_id, "team": team_id, "ids": [category.id for category in categories]}),
        (
            _PLACE,
            {
                "user": user_id,
                "team": team_id,
                "channels": list(placed),
                "categories": [category_id for category_id, _ in placed.values()],
                "places": [place for _, place in placed.values()],
            },
        ),
    )


async def delete(tx: Transaction, user_id: str, team_id: str, category_id: str) -> None:
    """Remove a heading; its channels are under none."""
    whose = {"user": user_id, "team": team_id}
    await tx.pipelined((_EMPTY, {**whose, "ids": [category_id]}), (_DELETE, {**whose, "id": category_id}))


async def forget(tx: Transaction, user_id: str, team_id: str) -> None:
    """Remove all that a user has arranged in a team."""
    whose = {"user": user_id, "team": team_id}
    await tx.pipelined((_FORGET_CHANNELS, whose), (_FORGET_CATEGORIES, whose))


def _putting(user_id: str, team_id: str, categories: Sequence[Category]) -> Statement:
    return _PUT, {
        "user": user_id,
        "team": team_id,
        "ids": [c.id for c in categories],
        "types": [c.type for c in categories],
        "names": [c.display_name for c in categories],
        "sortings": [c.sorting for c in categories],
        "orders": [c.sort_order for c in categories],
        "muted": [c.muted for c in categories],
        "collapsed": [c.collapsed for c in categories],
    }


def _category(row: Row) -> Category:
    return Category(*row)
