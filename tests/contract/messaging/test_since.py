"""Promise 2 to a client that asks for what has changed: `since=` misses nothing in a channel at full speed."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import psycopg
import pytest

from chorus.messaging.v1 import posts_pb2, posts_pb2_grpc
from services.chassis.config import Settings
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, page
from tests.contract.served import Caller, Served, serving

WRITERS = 8
EACH = 60
"""Posts of a writer; of three one is edited, one deleted, one left."""


@pytest.fixture
async def second(messaging: Served, grounds: Grounds, settings: Settings) -> AsyncIterator[Served]:
    async with serving("messaging", wire, grounds, settings, ordinal=2) as served:
        yield served


async def write(edges: list[Caller], ground: Ground, writer: int) -> None:
    """No post is changed twice: whoever missed one change knows the post wrongly for ever."""
    user_id = (ground.alice, ground.bob)[writer % 2]
    earlier: list[posts_pb2.Post] = []
    for number in range(EACH):
        edge, other = edges[(writer + number) % 2], edges[(writer + number + 1) % 2]
        stub = posts_pb2_grpc.PostServiceStub(other.channel)
        actor = ground.actor(user_id)
        earlier.append((await create(edge, draft(ground, user_id, f"{writer} {number}")))[0].post)
        if number % 3 == 1:
            change = posts_pb2.PatchPostRequest(actor=actor, id=earlier[number - 1].id, message="edited")
            await other.call(stub.PatchPost, change)
        elif number % 3 == 2:
            await other.call(stub.DeletePost, posts_pb2.DeletePostRequest(actor=actor, id=earlier[number - 1].id))


Known = dict[str, tuple[str, int, int]]
"""Of each post its text, when it was changed last, and when it was deleted."""


class Poller:
    """Knows of the channel only what came behind the newest time that it has seen."""

    def __init__(self, ground: Ground, edges: list[Caller], since_ms: int) -> None:
        self.known: Known = {}
        self.polls = 0
        self._ground, self._edges, self._since_ms = ground, edges, since_ms

    async def poll(self) -> None:
        self.polls += 1
        found = await page(
            self._edges[self.polls % 2], self._ground, self._ground.bob, since_ms=self._since_ms, skip_threads=True
        )
        for post in found.posts:
            self._since_ms = max(self._since_ms, post.update_at_ms)
            if not post.original_id:
                self.known[post.id] = (post.message, post.update_at_ms, post.delete_at_ms)


async def test_whoever_asks_for_what_changed_since_misses_no_post_edit_or_deletion(
    messaging: Served, second: Served, ground: Ground
) -> None:
    edges = [messaging.caller(), second.caller()]
    (first,) = await create(edges[0], draft(ground, ground.alice, "the first"))
    pollers = [Poller(ground, edges, first.post.create_at_ms) for _ in range(2)]
    writing = asyncio.gather(*(write(edges, ground, writer) for writer in range(WRITERS)))

    async def keep_polling(poller: Poller) -> None:
        for _ in count():
            done = writing.done()  # before the last poll
            await poller.poll()
            if done:
                return

    await asyncio.gather(writing, *map(keep_polling, pollers))
    with psycopg.connect(ground.dsn) as connection:
        rows = connection.execute(
            "SELECT id, message, update_at, delete_at FROM posts WHERE channel_id = %s AND original_id = ''",
            (ground.channel,),
        ).fetchall()
    truth = {row[0]: row[1:] for row in rows if row[0] != first.post.id}
    assert len(truth) == WRITERS * EACH
    assert sum(1 for message, _, _ in truth.values() if message == "edited") == WRITERS * EACH // 3
    for poller in pollers:
        assert poller.polls > 10
        assert poller.known == truth
