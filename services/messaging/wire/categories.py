"""Sidebar categories between the domain and the contract."""

from chorus.messaging.v1 import categories_pb2
from services.messaging.domain.categories import Category


def category(value: Category) -> categories_pb2.Category:
    """Return a heading's message."""
    return categories_pb2.Category(
        id=value.id,
        user_id=value.user_id,
        team_id=value.team_id,
        sort_order=value.sort_order,
        sorting=value.sorting,
        type=value.type,
        display_name=value.display_name,
        muted=value.muted,
        collapsed=value.collapsed,
        channel_ids=value.channel_ids,
    )


def asked(message: categories_pb2.Category, user_id: str, team_id: str) -> Category:
    """Return a heading that somebody asks for."""
    return Category(
        id=message.id,
        user_id=user_id,
        team_id=team_id,
        type=message.type,
        display_name=message.display_name,
        sorting=message.sorting,
        sort_order=message.sort_order,
        muted=message.muted,
        collapsed=message.collapsed,
        channel_ids=tuple(message.channel_ids),
    )
