"""Reactions in the database."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.reactions import Reaction

_OF_POSTS: Final = """
SELECT user_id, post_id, emoji_name, create_at FROM reactions WHERE post_id = ANY(%(posts)s) ORDER BY create_at"""
_ADD: Final = """
INSERT INTO reactions (post_id, user_id, emoji_name, create_at) VALUES (%(post)s, %(user)s, %(emoji)s, %(at)s)"""
_REMOVE: Final = "DELETE FROM reactions WHERE post_id = %(post)s AND user_id = %(user)s AND emoji_name = %(emoji)s"
_MARK: Final = """
UPDATE posts SET update_at = %(at)s, has_reactions = EXISTS (SELECT 1 FROM reactions WHERE post_id = %(post)s)
WHERE id = %(post)s"""


async def of_posts(tx: Transaction, post_ids: Sequence[str]) -> list[Reaction]:
    """Return the reactions to posts, oldest first."""
    return [Reaction(*row) for row in await tx.fetch(_OF_POSTS, posts=list(post_ids))] if post_ids else []


async def add(tx: Transaction, reaction: Reaction) -> None:
    """Store a new reaction and move its post on."""
    await tx.pipelined(
        (
            _ADD,
            {
                "post": reaction.post_id,
                "user": reaction.user_id,
                "emoji": reaction.emoji_name,
                "at": reaction.create_at,
            },
        ),
        (_MARK, {"post": reaction.post_id, "at": reaction.create_at}),
    )


async def remove(tx: Transaction, reaction: Reaction, at: int) -> None:
    """Remove a reaction and move its post on."""
    await tx.pipelined(
        (_REMOVE, {"post": reaction.post_id, "user": reaction.user_id, "emoji": reaction.emoji_name}),
        (_MARK, {"post": reaction.post_id, "at": at}),
    )
