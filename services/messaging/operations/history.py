"""Reading posts: one, some, pages, threads. Each answer is one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.messaging.domain.access import READ_CONTENT
from services.messaging.domain.adornments import Adornments, names_in
from services.messaging.domain.posts import Post
from services.messaging.operations.adornments import adorned
from services.messaging.operations.fresh_reads import FreshReads, View
from services.messaging.store import access as access_store
from services.messaging.store import followed_threads
from services.messaging.store import history as store
from services.messaging.store import memberships as member_store
from services.messaging.store import posts as post_store


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which page of a channel's history; since, after and before count in this order."""

    channel_id: str
    page: int = 0
    per_page: int = 60
    since_ms: int = 0
    before: str = ""
    after: str = ""
    include_deleted: bool = False
    skip_threads: bool = False
    roots_only: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its posts newest first, the rest of their threads, its neighbours, and the seq that it shows."""

    posts: Sequence[Post]
    thread_posts: Sequence[Post]
    adornments: Adornments
    next_post_id: str
    prev_post_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class ThreadQuery:
    """Which part of a thread: `per_page` replies (0 for all) behind (from_create_at, from_post) in the direction."""

    post_id: str
    per_page: int = 0
    from_post: str = ""
    from_create_at: int = 0
    from_update_at: int = 0
    up: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """The root, then the replies in the asked direction, and the seq that it shows."""

    posts: Sequence[Post]
    adornments: Adornments
    has_next: bool
    seq: int


@dataclass(frozen=True, slots=True)
class UnreadQuery:
    """How much of a channel's history on both sides of what is unseen; `after` counts the first unseen post."""

    channel_id: str
    before: int
    after: int
    skip_threads: bool = False
    roots_only: bool = False


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """Which of somebody's saved posts: those of one channel, or of a team's and of direct and group channels."""

    ids: Sequence[str]
    team_id: str
    channel_id: str
    page: int
    per_page: int


_ALL_REPLIES = 10_000


class History:
    """Reads of posts."""

    def __init__(self, database: Database, reads: FreshReads) -> None:
        """`database` is the primary; `reads` finds who may answer for one channel."""
        self._database, self._reads = database, reads

    async def get(
        self, post_id: str, user_id: str, roles: Sequence[str], *, include_deleted: bool = False
    ) -> tuple[Post, Adornments]:
        """Return a post and what is shown with it. Raises post_not_found, permission_denied."""
        if include_deleted:
            _require_administrator(roles)

        async def read(tx: Transaction, view: View) -> tuple[Post, Adornments]:
            post = (await post_store.read(tx, [post_id])).get(post_id)
            if post is None or (post.delete_at and not include_deleted):
                raise DomainError(Reason.POST_NOT_FOUND)
            return post, await adorned(tx, [post], view.emoji_seq)

        return await self._reads.of_channel(await self._channel_of(post_id), user_id, roles, read)

    async def get_many(self, ids: Sequence[str], user_id: str, roles: Sequence[str]) -> tuple[list[Post], Adornments]:
        """Return those of the posts that exist and may be read, in the order of their ids."""

        async def read(tx: Transaction) -> tuple[list[Post], Adornments]:
            found = {i: p for i, p in (await post_store.read(tx, ids)).items() if not p.delete_at}
            channel_ids = sorted({post.channel_id for post in found.values()})
            access = dict(
                zip(channel_ids, await access_store.read(tx, [(user_id, c) for c in channel_ids]), strict=True)
            )
            readable = {c for c, a in access.items() if a is not None and a.may(READ_CONTENT, roles)}
            posts = [found[i] for i in dict.fromkeys(ids) if i in found and found[i].channel_id in readable]
            return posts, await adorned(tx, posts)

        return await self._database.snapshot(read)

    async def page(self, query: PageQuery, user_id: str, roles: Sequence[str]) -> Page:
        """Return a page of a channel's history. Raises channel_not_found, permission_denied."""
        if query.include_deleted:
            _require_administrator(roles)
        return await self._reads.of_channel(query.channel_id, user_id, roles, lambda tx, view: _page(tx, query, view))

    async def pinned(self, channel_id: str, user_id: str, roles: Sequence[str]) -> tuple[list[Post], Adornments]:
        """Return a channel's pinned posts, oldest first. Raises channel_not_found, permission_denied."""

        async def read(tx: Transaction, view: View) -> tuple[list[Post], Adornments]:
            posts = await store.pinned(tx, channel_id)
            return posts, await adorned(tx, posts, view.emoji_seq)

        return await self._reads.of_channel(channel_id, user_id, roles, read)

    async def saved(self, query: SavedQuery, user_id: str, roles: Sequence[str]) -> tuple[list[Post], Adornments]:
        """Return a page of those of some posts that may be read, newest first."""

        async def read(tx: Transaction) -> tuple[list[Post], Adornments]:
            places = await store.placed(tx, query.ids, query.team_id, query.channel_id)
            channel_ids = sorted({channel_id for _, channel_id in places})
            access = await access_store.read(tx, [(user_id, channel_id) for channel_id in channel_ids])
            readable = {a.channel_id for a in access if a is not None and a.may(READ_CONTENT, roles)}
            ids = [post_id for post_id, channel_id in places if channel_id in readable]
            shown = ids[query.page * query.per_page :][: query.per_page]
            found = await post_store.read(tx, shown)
            posts = [found[post_id] for post_id in shown]
            return posts, await adorned(tx, posts)

        return await self._database.snapshot(read)

    async def unread(self, query: UnreadQuery, user_id: str, roles: Sequence[str], *, last_viewed_at: int) -> Page:
        """Return the history around the first post behind `last_viewed_at`, in ms; the latest page if there is none."""

        async def read(tx: Transaction, view: View) -> Page:
            first = await store.first_after(tx, query.channel_id, last_viewed_at, roots_only=query.roots_only)
            if first is None or not last_viewed_at:
                latest = PageQuery(
                    query.channel_id, per_page=query.before, skip_threads=query.skip_threads,
                    roots_only=query.roots_only,
                )  # fmt: skip
                return await _page(tx, latest, view)
            older, newer = [
                await store.page(
                    tx, query.channel_id, before=before, after=after, limit=limit, offset=0,
                    roots_only=query.roots_only, include_deleted=False,
                )
                for before, after, limit in ((first.id, "", query.before), ("", first.id, query.after - 1))
            ]  # fmt: skip
            posts = [*newer, first, *older]
            next_id, prev_id = await store.neighbours(
                tx, query.channel_id, posts[0].create_at, posts[-1].create_at, roots_only=query.roots_only
            )
            others = [] if query.skip_threads or query.roots_only else await store.threads(tx, posts)
            adornments = await adorned(tx, [*posts, *others], view.emoji_seq)
            return Page(posts, others, adornments, next_id, prev_id, view.seq)

        return await self._reads.of_channel(query.channel_id, user_id, roles, read)

    async def last_viewed_at(self, actor_id: str, roles: Sequence[str], user_id: str, channel_id: str) -> int:
        """Return when a user last looked at a channel, in ms; 0 for never, and for who is no member.

        Raises permission_denied for somebody else's, but to system administrators.
        """
        if actor_id != user_id:
            _require_administrator(roles)
        found = await self._database.transact(lambda tx: member_store.read(tx, channel_id, [user_id]))
        return found[0].last_viewed_at if found else 0

    async def following(self, user_id: str, posts: Sequence[Post]) -> dict[str, bool]:
        """Return for those of the roots with whose thread the user has to do whether it follows.

        Asked of the primary: following moves no channel's seq, so that a replica could not prove to be fresh.
        """
        roots = [post.id for post in posts if not post.root_id]
        if not roots:
            return {}
        states = await self._database.transact(lambda tx: followed_threads.states(tx, user_id, roots))
        return {root_id: state.following for root_id, state in states.items()}

    async def adornments(self, posts: Sequence[Post]) -> Adornments:
        """Return what is shown with posts that were just written; nothing is asked when there can be nothing."""
        if not (any(post.has_reactions for post in posts) or names_in(posts, ())):
            return Adornments()
        return await self._database.transact(lambda tx: adorned(tx, posts))

    async def thread(self, query: ThreadQuery, user_id: str, roles: Sequence[str]) -> Thread:
        """Return a thread, given any of its posts. Raises post_not_found, permission_denied."""

        async def read(tx: Transaction, view: View) -> Thread:
            post = (await post_store.read(tx, [query.post_id])).get(query.post_id)
            if post is None or post.delete_at:
                raise DomainError(Reason.POST_NOT_FOUND)
            root = post if not post.root_id else (await post_store.read(tx, [post.root_id])).get(post.root_id)
            if root is None:
                raise DomainError(Reason.POST_NOT_FOUND)
            limit = query.per_page or _ALL_REPLIES
            replies = await store.replies(
                tx, root.id, up=query.up, from_at=query.from_create_at, from_post=query.from_post,
                updated_after=query.from_update_at, limit=limit + 1,
            )  # fmt: skip
            posts = [root, *replies[:limit]]
            return Thread(posts, await adorned(tx, posts, view.emoji_seq), len(replies) > limit, view.seq)

        return await self._reads.of_channel(await self._channel_of(query.post_id), user_id, roles, read)

    async def existing(self, ids: Sequence[str]) -> list[str]:
        """Return which posts exist, deleted or not."""
        return await self._database.transact(lambda tx: post_store.existing(tx, ids))

    async def _channel_of(self, post_id: str) -> str:
        channel_id = await self._database.transact(lambda tx: post_store.channel_of(tx, post_id))
        if channel_id is None:
            raise DomainError(Reason.POST_NOT_FOUND)
        return channel_id


async def _page(tx: Transaction, query: PageQuery, view: View) -> Page:
    if query.since_ms:
        posts = await store.since(tx, query.channel_id, query.since_ms, roots_only=query.roots_only)
        next_id = prev_id = ""
    else:
        posts = await store.page(
            tx, query.channel_id, before=query.before, after=query.after, limit=query.per_page,
            offset=query.page * query.per_page, roots_only=query.roots_only, include_deleted=query.include_deleted,
        )  # fmt: skip
        next_id, prev_id = await _neighbours(tx, query, posts)
    thread_posts = [] if query.skip_threads or query.roots_only else await store.threads(tx, posts)
    adornments = await adorned(tx, [*posts, *thread_posts], view.emoji_seq)
    return Page(posts, thread_posts, adornments, next_id, prev_id, view.seq)


async def _neighbours(tx: Transaction, query: PageQuery, posts: Sequence[Post]) -> tuple[str, str]:
    """Return the next newer and the next older post; an anchor that was asked for is its side's answer on page 0."""
    if not posts:
        return "", ""
    newer, older = await store.neighbours(
        tx, query.channel_id, posts[0].create_at, posts[-1].create_at, roots_only=query.roots_only
    )
    if query.after:
        return newer, query.after if query.page == 0 else older
    if query.before:
        return query.before if query.page == 0 else newer, older
    return newer if query.page else "", older


def _require_administrator(roles: Sequence[str]) -> None:
    if not granted(roles, "manage_system"):
        raise DomainError(Reason.PERMISSION_DENIED, permission="manage_system")
