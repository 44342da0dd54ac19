"""Showing what posts' links lead to. No request waits for it: a post is there at once, and shows more a little later.

Whoever makes a post with links that are not known lets it wait, in the same transaction. Each instance takes posts
that wait, for a while: should it be killed, another takes them again. Once all links of a post are known it is changed,
under its channel's lock and with an event like any other change, so that no page of before is shown any more.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, Protocol

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.batching import Batcher
from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError
from services.chassis.events import Announcement, EventLog, Publisher
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.chassis.topics import channel_topic
from services.messaging.domain.links import FRESH_MS, LinkRules
from services.messaging.domain.posts import Clockwork, Post
from services.messaging.operations.adornments import adorned
from services.messaging.operations.previewed_posts import previewed
from services.messaging.store import posts as post_store
from services.messaging.store import previews as store
from services.messaging.wire import posts as wire
from services.messaging.wire.previews import preview

_log = logging.getLogger(__name__)

AT_ONCE: Final = 16
"""Posts whose links one instance looks at at the same time."""

LOOKS: Final = 8
"""Links that one instance has looked at at the same time: two of them fill one instance of files (`AT_ONCE` there)."""

LEASE_MS: Final = 60_000
"""How long a taken post is left to who took it: longer than looking at its links takes, and until it is tried again."""

GIVEN_UP_MS: Final = 3600_000
"""How long a post waits for links that nobody can look at; then they stay links."""

IDLE_SECONDS: Final = 10.0
"""How often an instance that has nothing to do asks whether another one left something behind."""


class LinkSource(Protocol):
    """Who can say what a link leads to."""

    async def describe(self, url: str) -> bytes:
        """Return what a link leads to, as it is kept. Raises unavailable, busy."""
        ...


class Linking(NamedTuple):
    """Which links posts have, and who is told that one waits for what they lead to."""

    rules: LinkRules
    wake: Callable[[], None]


class LinkPreviews:
    """Looks at the links of posts that wait for it."""

    def __init__(
        self,
        database: Database,
        events: EventLog,
        publisher: Publisher,
        clock: Clock,
        metrics: Metrics,
        tasks: Tasks,
        source: LinkSource,
        rules: LinkRules,
    ) -> None:
        """`source` looks; `rules` say which links a post has."""
        self._database, self._events, self._publisher, self._clock = database, events, publisher, clock
        self._tasks, self._source, self._rules = tasks, source, rules
        self._woken, self._looks = asyncio.Event(), asyncio.Semaphore(LOOKS)
        self._busy: set[asyncio.Task[None]] = set()
        self._flights: dict[str, asyncio.Task[DomainError | None]] = {}
        self._showing: Batcher[Post, None] = Batcher(
            "previews", self._show, tasks, metrics, max_items=AT_ONCE, max_waiting=AT_ONCE
        )

    def start(self) -> None:
        """Begin to look."""
        self._tasks.spawn("previews", self._run(), vital=True)

    def wake(self) -> None:
        """Say that a post waits."""
        self._woken.set()

    async def _run(self) -> None:
        """Take what waits whenever there is room."""
        while True:
            self._woken.clear()
            room = AT_ONCE - len(self._busy)
            taken = await self._take(room) if room else ()
            for post in taken:
                task = self._tasks.spawn("preview", self._serve(post))
                self._busy.add(task)
                task.add_done_callback(self._served)
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def _served(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        self.wake()

    async def _take(self, room: int) -> Sequence[Post]:
        now = self._clock.now_ms()

        async def work(tx: Transaction) -> Sequence[Post]:
            ids = await store.take(tx, room, now, now + LEASE_MS, given_up_before=now - GIVEN_UP_MS)
            return list((await post_store.read(tx, ids)).values()) if ids else ()

        try:
            return await self._database.transact(work)
        except DomainError as error:
            _log.warning("posts cannot be asked for that wait for previews", extra={"why": str(error)})
            return ()

    async def _serve(self, post: Post) -> None:
        """Look at a post's links, and show what they lead to; what fails is tried again when the lease ends."""
        urls = self._rules.links_of(post.message, post.props, post.type).asked
        try:
            await asyncio.gather(*(self._look(url) for url in urls))
            await self._showing.submit(post)
        except DomainError as error:
            _log.info("a post's links wait", extra={"post_id": post.id, "why": str(error)})

    async def _look(self, url: str) -> None:
        """Look at a link that is not known, once for all who want it just now. Raises what keeps it from being so."""
        flight = self._flights.get(url)
        if flight is None:
            flight = self._flights[url] = self._tasks.spawn("link", self._described(url))
            flight.add_done_callback(lambda _: self._flights.pop(url, None))
        error = await asyncio.shield(flight)
        if error is not None:
            raise error

    async def _described(self, url: str) -> DomainError | None:
        # Asked here, not before: whoever wants to know when another look has just ended must see what it found.
        now = self._clock.now_ms()
        try:
            if url in store.known((await self._database.once(store.knowing([url], now - FRESH_MS)))[0]):
                return None
            async with self._looks:
                metadata = await self._source.describe(url)
            now = self._clock.now_ms()
            await self._database.transact(lambda tx: store.keep(tx, url, metadata, now, forget_until=now - FRESH_MS))
        except DomainError as error:
            return error
        return None

    async def _show(self, waiting: Sequence[Post]) -> Sequence[None]:
        self._publisher.publish_soon(await self._database.transact(lambda tx: self._store(tx, waiting)))
        return [None for _ in waiting]

    async def _store(self, tx: Transaction, waiting: Sequence[Post]) -> list[log_pb2.LogEntry]:
        """Change those posts that show more now; each waits no more if all its present links are known."""
        topic_rows, post_rows = await tx.pipelined(
            self._events.locking_existing(channel_topic(post.channel_id) for post in waiting),
            post_store.reading([post.id for post in waiting]),
        )
        topics = self._events.locked(topic_rows)
        posts = list(post_store.by_id(post_rows).values())
        links = {post.id: self._rules.links_of(post.message, post.props, post.type) for post in posts}
        urls = {url for found in links.values() for url in found.asked}
        known = store.known((await tx.pipelined(store.knowing(urls, 0)))[0])
        done = [post.id for post in posts if post.delete_at or known.keys() >= set(links[post.id].asked)]
        now, changed = self._clock.now_ms(), []
        clocks = {topic: Clockwork(state.last_at) for topic, state in topics.items()}
        for post in posts:
            shown = preview(links[post.id], known)
            if shown != post.preview and post.id in done and not post.delete_at:
                at = clocks[channel_topic(post.channel_id)].tick(now)
                changed.append(replace(post, preview=shown, update_at=max(post.update_at, at)))
        if not changed:
            tx.conclude(store.done(done))
            return []
        adornments = await adorned(tx, changed)
        linked = await previewed(tx, (post.previewed_id for post in changed))
        entries, appending = self._events.appending(
            topics,
            [
                Announcement(
                    channel_topic(post.channel_id),
                    "post_edited",
                    events_pb2.PostEdited(post=wire.posts([post], adornments, previewed=linked)[0]).SerializeToString(),
                    post.update_at,
                )
                for post in changed
            ],
        )
        tx.conclude(
            store.showing({post.id: (post.preview, post.update_at) for post in changed}), *appending, store.done(done)
        )
        return entries
