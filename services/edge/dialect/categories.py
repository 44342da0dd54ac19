"""Sidebar categories, in both directions."""

from collections.abc import Sequence
from typing import Any, Final

from chorus.messaging.v1 import categories_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.requests import CategoryBody

Category = categories_pb2.Category
"""A heading with its channels."""

MAX_UPDATED: Final = 200
_MAX_CHANNELS: Final = 5000


def category_json(category: Category) -> dict[str, Any]:
    """Return a heading with its channels."""
    return {
        "id": category.id,
        "user_id": category.user_id,
        "team_id": category.team_id,
        "sort_order": category.sort_order,
        "sorting": category.sorting,
        "type": category.type,
        "display_name": category.display_name,
        "muted": category.muted,
        "collapsed": category.collapsed,
        "channel_ids": list(category.channel_ids),
    }


def categories_json(categories: Sequence[Category]) -> dict[str, Any]:
    """Return headings, and their order by id."""
    return {
        "categories": [category_json(category) for category in categories],
        "order": [category.id for category in categories],
    }


def category(body: CategoryBody, user_id: str, team_id: str) -> Category:
    """Return a heading as it is asked for. Raises invalid_argument when it says to be of another user or team."""
    channel_ids = [*filter(is_valid_id, body.channel_ids or ())]
    if (body.user_id, body.team_id) != (user_id, team_id) or len(channel_ids) > _MAX_CHANNELS:
        raise DomainError(Reason.INVALID_ARGUMENT, field="category")
    return Category(
        id=body.id or "",
        display_name=body.display_name or "",
        sorting=body.sorting or "",
        muted=bool(body.muted),
        collapsed=bool(body.collapsed),
        channel_ids=channel_ids,
    )


def changes(bodies: Sequence[CategoryBody], user_id: str, team_id: str) -> list[Category]:
    """Return headings as they are to be, each once. Raises invalid_argument."""
    if len({body.id for body in bodies}) < len(bodies) or len(bodies) > MAX_UPDATED:
        raise DomainError(Reason.INVALID_ARGUMENT, field="category")
    return [category(body, user_id, team_id) for body in bodies]
