"""Promise 5 with a replica that is late, delayed, stopped or gone: nothing old, no error, and what it has it serves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count

import pytest

from chorus.messaging.v1 import emoji_pb2, emoji_pb2_grpc, posts_pb2, posts_pb2_grpc
from services.chassis.config import Settings
from services.chassis.ids import new_id
from services.messaging.__main__ import wire
from tests.contract import standby as standbys
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft
from tests.contract.served import Caller, Served, eventually, serving
from tests.contract.standby import Standby

WRITES = 40
"""Acknowledged before the trouble, and again in it."""
READERS = 6
OLD = 5
"""Posts of the channel that nobody touches."""


@pytest.fixture(scope="module")
def grounds(grounds_to_copy: Grounds) -> Grounds:
    return grounds_to_copy


@pytest.fixture(scope="module")
def standby(grounds: Grounds) -> Iterator[Standby]:
    with standbys.standby(grounds) as made:
        yield made


@pytest.fixture(scope="module")
def settings(grounds: Grounds, standby: Standby) -> Settings:
    return standby.read_by(grounds.settings("messaging"))


@pytest.fixture
async def instances(messaging: Served, grounds: Grounds, settings: Settings) -> AsyncIterator[list[Served]]:
    """Two instances, so that what one wrote is read through the other."""
    async with serving("messaging", wire, grounds, settings, ordinal=2) as second:
        yield [messaging, second]


async def read(edge: Caller, ground: Ground, user_id: str, channel_id: str) -> list[posts_pb2.Post]:
    request = posts_pb2.ListPostsRequest(actor=ground.actor(user_id), channel_id=channel_id, per_page=10)
    return list((await edge.call(posts_pb2_grpc.PostServiceStub(edge.channel).ListPosts, request)).page.posts)


class Talk:
    """A channel that is written, one post after the other, each edited once, and read all the time by many."""

    def __init__(self, ground: Ground, edges: list[Caller]) -> None:
        self.ground, self.edges = ground, edges
        self.acknowledged = 0
        self.reads = 0
        self.enough = asyncio.Event()

    async def write(self, times: int) -> None:
        """Every text is the number of its write; so a page is as new as its highest number."""
        for _ in range(times):
            number = self.acknowledged + 1
            edge, other = self.edges[number % 2], self.edges[(number + 1) % 2]
            (made,) = await create(edge, draft(self.ground, self.ground.alice, str(number)))
            assert made.HasField("post"), made
            self.acknowledged = number
            patch = posts_pb2.PatchPostRequest(
                actor=self.ground.actor(self.ground.alice), id=made.post.id, message=str(number + 1)
            )
            await other.call(posts_pb2_grpc.PostServiceStub(other.channel).PatchPost, patch)
            self.acknowledged = number + 1
            await asyncio.sleep(0)

    async def reader(self, number: int) -> None:
        """Never see less than was acknowledged before, nor less than before."""
        user_id = (self.ground.alice, self.ground.bob, self.ground.carol)[number % 3]
        for turn in count(number):
            if self.enough.is_set():
                return
            known = self.acknowledged
            posts = await read(self.edges[turn % 2], self.ground, user_id, self.ground.channel)
            shown = max((int(post.message) for post in posts), default=0)
            assert shown >= known, f"a read that began after write {known} was acknowledged shows {shown}"
            self.acknowledged = max(self.acknowledged, shown)  # who was shown it, others must not be shown less
            self.reads += 1


def served(instances: list[Served], server: str, *why: str) -> float:
    """How many reads this server answered, for these reasons."""
    return sum(
        instance.process.metrics.registry.get_sample_value(
            "chorus_messaging_reads_total", {"server": server, "why": each}
        )
        or 0.0
        for instance in instances
        for each in why
    )


@pytest.mark.parametrize("trouble", [Standby.delay, Standby.pause_replay, Standby.freeze, Standby.kill])
async def test_nothing_old_is_read_whatever_becomes_of_the_replica(
    instances: list[Served], ground: Ground, standby: Standby, trouble: Callable[[Standby], None]
) -> None:
    edges = [instance.caller() for instance in instances]
    old = [draft(ground, ground.alice, str(n), channel_id=ground.private) for n in range(OLD)]
    await create(edges[0], *old)
    await asyncio.to_thread(standby.catch_up)

    async def read_untouched() -> None:
        for edge in edges:
            shown = await read(edge, ground, ground.bob, ground.private)
            assert [post.id for post in reversed(shown)] == [each.id for each in old]

    talk = Talk(ground, edges)
    reading = [asyncio.create_task(talk.reader(number)) for number in range(READERS)]
    await talk.write(WRITES)
    try:
        await asyncio.to_thread(trouble, standby)
        writing, reads = asyncio.create_task(talk.write(WRITES)), talk.reads
        while not writing.done():
            await read_untouched()
        await writing
        talk.enough.set()
        await asyncio.gather(*reading)
        assert talk.reads > reads
        if trouble in (Standby.delay, Standby.pause_replay):
            by_replica, behind = served(instances, "replica", "fresh"), served(instances, "primary", "behind")
            for _ in range(WRITES):
                await read_untouched()
                await read(edges[0], ground, ground.bob, ground.channel)
            assert served(instances, "replica", "fresh") - by_replica == WRITES * len(edges)
            assert served(instances, "primary", "behind") - behind == WRITES
        else:
            assert served(instances, "primary", "away", "none") > 0
    finally:
        talk.enough.set()
        await asyncio.wait(reading)
        standby.heal()

    async def replica_serves_it_again() -> bool:
        before = served(instances, "replica", "fresh")
        await read(edges[0], ground, ground.bob, ground.channel)
        return served(instances, "replica", "fresh") > before

    # A killed one has to start first, which takes a busy machine its time.
    await eventually(replica_serves_it_again, "the replica has caught up and is asked again", 30)


async def test_an_emoji_that_came_or_went_is_shown_so_though_no_channel_moved(
    instances: list[Served], ground: Ground, standby: Standby
) -> None:
    edge, stub = instances[0].caller(), emoji_pb2_grpc.EmojiServiceStub(instances[0].caller().channel)
    actor = ground.actor(ground.alice)
    await create(edge, draft(ground, ground.alice, "look: :late_parrot:"))
    await create(edge, draft(ground, ground.alice, "nothing to see", channel_id=ground.private))
    await asyncio.to_thread(standby.catch_up)
    await asyncio.to_thread(standby.pause_replay)

    async def shown() -> list[list[str]]:
        found = []
        for instance in instances:
            (newest, *_) = await read(instance.caller(), ground, ground.bob, ground.channel)
            found.append([emoji.id for emoji in newest.emoji])
        return found

    try:
        for _ in range(2):
            made, by_replica = new_id(), served(instances, "replica", "fresh")
            await edge.call(stub.CreateEmoji, emoji_pb2.CreateEmojiRequest(actor=actor, id=made, name="late_parrot"))
            assert await shown() == [[made], [made]]
            await edge.call(stub.DeleteEmoji, emoji_pb2.DeleteEmojiRequest(actor=actor, id=made))
            assert await shown() == [[], []]
            assert served(instances, "replica", "fresh") == by_replica
            await read(edge, ground, ground.bob, ground.private)
            assert served(instances, "replica", "fresh") == by_replica + 1
    finally:
        standby.heal()
