"""Tying files to posts.

A claim comes before its post: the edge claims, then creates the post with the files' descriptions in it. The post's
event confirms the claim; when neither event nor post comes, the sweep sets the files free again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.files.domain import files as domain
from services.files.domain.files import Actor, StoredFile
from services.files.metrics import FilesMetrics
from services.files.operations.messaging import Messaging
from services.files.store import files as store
from services.files.store.objects import Objects

CLAIM_MS: Final = 10 * 60_000
"""How long a claim waits for its post; longer than any create is tried again."""

UPLOAD_MS: Final = 2 * 3_600_000
"""Longer than any upload's deadline."""

_PAGE: Final = 500


class Attaching:
    """Claims files for posts."""

    def __init__(
        self, database: Database, objects: Objects, messaging: Messaging, clock: Clock, metrics: FilesMetrics
    ) -> None:
        """Keep claims in `database`."""
        self._database, self._objects, self._messaging = database, objects, messaging
        self._clock, self._metrics = clock, metrics

    async def claim(self, actor: Actor, post_id: str, channel_id: str, file_ids: Sequence[str]) -> list[StoredFile]:
        """Tie files to a post that is about to be made; return those that are tied, in order, without repetition.

        Left out is what is not the actor's own, of another channel, deleted, or tied to another post. Asked again for
        the same post, the answer is the same.
        """
        ids = list(dict.fromkeys(file_ids))
        now = self._clock.now_ms()

        async def work(tx: Transaction) -> list[StoredFile]:
            files = await store.lock(tx, ids)
            mine = [i for i in ids if i in files and domain.may_claim(files[i], actor, post_id, channel_id)]
            await store.claim(tx, mine, post_id, now)
            after = await store.get(tx, mine)
            return [after[i] for i in mine]

        return await self._database.transact(work) if ids else []

    async def posts_created(self, posts: Mapping[str, str]) -> None:
        """Confirm the claims of posts that exist; `posts` is their ids and the roots that they reply to."""
        if posts:
            await self._database.transact(lambda tx: store.confirm(tx, dict(posts), self._clock.now_ms()))

    async def post_deleted(self, post_id: str, at_ms: int) -> None:
        """Mark the files of a post and of its replies as deleted."""
        await self._database.transact(lambda tx: store.delete_of_post(tx, post_id, at_ms))

    async def sweep(self) -> None:
        """Confirm or release claims whose post was not heard of, and remove what broken uploads left."""
        before = self._clock.now_ms() - CLAIM_MS
        while posts := await self._database.transact(lambda tx: store.unconfirmed_posts(tx, before, _PAGE)):
            existing = await self._messaging.existing_posts(posts)
            await self.posts_created(dict.fromkeys(existing, ""))
            absent = [post for post in posts if post not in existing]
            released = await self._database.transact(lambda tx, absent=absent: store.release(tx, absent, before))  # type: ignore[misc]
            self._metrics.claims_released.inc(released)
        await self._remove_unfinished()
        await self._objects.discard_abandoned(UPLOAD_MS / 1000)

    async def _remove_unfinished(self) -> None:
        before = self._clock.now_ms() - UPLOAD_MS
        for file_id, folder in await self._database.transact(lambda tx: store.unfinished_uploads(tx, before, _PAGE)):
            await self._objects.delete(folder)
            await self._database.transact(lambda tx, file_id=file_id: store.end_upload(tx, file_id))  # type: ignore[misc]
