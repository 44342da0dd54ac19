"""Showing posts that others link to, to those who may read them, and to nobody else.

Who may read one is asked of the primary, whoever answered for the channel in which the link stands: that channel's seq
says nothing of another channel and its members.
"""

from collections.abc import Collection, Iterable, Sequence

from services.chassis.database import Database, Transaction
from services.messaging.domain.access import READ_CONTENT
from services.messaging.domain.posts import Post
from services.messaging.domain.previewed_posts import Previewed, Viewing
from services.messaging.operations.adornments import adorned
from services.messaging.store import access as access_store
from services.messaging.store import posts as post_store
from services.messaging.store import previewed_posts as store


async def previewed(tx: Transaction, ids: Iterable[str]) -> dict[str, Previewed]:
    """Read posts that others link to, whoever may read them; deleted ones, and empty ids, are left out.

    For events alone: the edge hands them to those who may.
    """
    ordered = sorted(set(ids) - {""})
    if not ordered:
        return {}
    post_rows, place_rows = await tx.pipelined(post_store.reading(ordered), store.placing(ordered))
    posts = [post for post in post_store.by_id(post_rows).values() if not post.delete_at]
    places = store.places(place_rows)
    adornments = await adorned(tx, posts)
    return {post.id: Previewed(post, adornments, *places[post.id][1:]) for post in posts if post.id in places}


class PreviewedPosts:
    """The posts that others link to, for readers."""

    def __init__(self, database: Database) -> None:
        """`database` is the primary."""
        self._database = database

    async def shown_to(self, user_id: str, roles: Sequence[str], posts: Iterable[Post]) -> dict[str, Previewed]:
        """Return by id those of the posts that these link to which the user may read."""
        viewings = {Viewing(user_id, tuple(roles), post.previewed_id) for post in posts if post.previewed_id}
        return {viewing.post_id: found for viewing, found in (await self.shown(viewings)).items()}

    async def shown(self, viewings: Collection[Viewing]) -> dict[Viewing, Previewed]:
        """Return the posts that may be shown."""
        if not viewings:
            return {}

        async def read(tx: Transaction) -> dict[Viewing, Previewed]:
            found = await previewed(tx, (viewing.post_id for viewing in viewings))
            asked = [viewing for viewing in viewings if viewing.post_id in found]
            pairs = [(viewing.user_id, found[viewing.post_id].post.channel_id) for viewing in asked]
            access = await access_store.read(tx, pairs)
            return {
                viewing: found[viewing.post_id]
                for viewing, known in zip(asked, access, strict=True)
                if known is not None and known.may(READ_CONTENT, viewing.roles)
            }

        return await self._database.snapshot(read)
