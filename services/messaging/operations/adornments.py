"""Reading what is shown with posts and is no part of them."""

from collections.abc import Sequence

from services.chassis.database import Transaction
from services.messaging.domain.adornments import Adornments, by_post, names_in
from services.messaging.domain.posts import Post
from services.messaging.store import emoji as emoji_store
from services.messaging.store import reactions as reaction_store


class Behind(Exception):
    """The snapshot shows the custom emoji as they were, or as they are not known to be yet."""


async def adorned(tx: Transaction, posts: Sequence[Post], emoji_seq: int | None = None) -> Adornments:
    """Read what is shown with the posts: a statement each for reactions and custom emoji, if there may be any.

    A change of an emoji moves no channel's seq, so a snapshot that is to be `emoji_seq` of them is asked for it here.
    Raises Behind when it shows another one.
    """
    reactions = await reaction_store.of_posts(tx, [post.id for post in posts if post.has_reactions])
    names = names_in(posts, reactions)
    if not names:
        return Adornments(by_post(reactions))
    emoji_rows, seq_rows = await tx.pipelined(emoji_store.finding(names=sorted(names)), emoji_store.reading_seq())
    shown = emoji_store.seq(seq_rows)
    if emoji_seq not in (None, shown):
        raise Behind
    return Adornments(by_post(reactions), {one.name: one for one in emoji_store.found(emoji_rows)}, shown)
