"""What authors alone are told of their posts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2, posts_pb2
from services.chassis.bus.redis import RedisBus
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.chassis.topics import user_topic
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft
from tests.contract.served import serving

SECONDS = 10


async def shown(bus: RedisBus, topic: str) -> AsyncIterator[posts_pb2.Post]:
    """The posts that are shown to one user alone, as they come."""
    following = bus.follow([topic])
    await following.start()
    yield posts_pb2.Post()  # from here on nothing is missed
    async with aclosing(following.batches()) as batches:  # type: ignore[type-var]  # an async generator
        async for batch in batches:
            for message in batch:
                entry = log_pb2.LogEntry.FromString(message.data)
                if message.topic == topic and entry.kind == "ephemeral_posted":
                    yield events_pb2.EphemeralPosted.FromString(entry.body).post


async def test_who_writes_to_everybody_where_there_are_too_many_is_told_that_nobody_was_notified(
    grounds: Grounds, ground: Ground, settings: Settings
) -> None:
    few = replace(settings, TeamSettings=replace(settings.TeamSettings, MaxNotificationsPerChannel=2))
    bus = RedisBus(settings, Metrics("test"))
    async with (
        serving("messaging", wire, grounds, few, ordinal=2) as served,
        asyncio.timeout(SECONDS),
        aclosing(shown(bus, user_topic(ground.alice))) as notices,  # type: ignore[type-var]
    ):
        await anext(notices)
        edge = served.caller()
        made = [
            result.post
            for text in ("hello", "to `@all` in code", "@channel look", "and @here")
            for result in await create(edge, draft(ground, ground.alice, text))
        ]
        told = [await anext(notices), await anext(notices)]
    await bus.close()
    for notice, post in zip(told, made[2:], strict=True):
        assert notice.message == "This channel has 2 members or more: @channel, @all and @here notify nobody here."
        assert (notice.type, notice.channel_id, notice.create_at_ms) == (
            "system_ephemeral", ground.channel, post.create_at_ms + 1,
        )  # fmt: skip
