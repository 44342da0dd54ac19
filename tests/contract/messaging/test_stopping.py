"""Promise 8 for what is on its way to the bus: an instance that is told to stop publishes before it lets the bus go."""

import asyncio
from typing import Any

import redis

from services.chassis.config import Settings
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft
from tests.contract.served import Served, eventually

HELD_MS = 60_000
"""Longer than the test needs."""


def published(client: Any, ids: list[str]) -> set[str]:
    """Which of the posts are in the streams."""
    bodies = [fields[b"d"] for key in client.keys("ev:*") for _, fields in client.xrange(key)]
    return {post_id for post_id in ids if any(post_id.encode() in body for body in bodies)}


async def test_what_was_committed_is_published_before_an_instance_ends(
    grounds: Grounds, settings: Settings, messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    client: Any = redis.Redis(
        port=grounds.ports.redis, password=grounds.secrets.redis, db=settings.RedisSettings.RedisDB
    )
    client.execute_command("CLIENT", "PAUSE", HELD_MS, "WRITE")
    try:
        ids = [(await create(edge, draft(ground, ground.alice, str(n))))[0].post.id for n in range(20)]
        stopping = asyncio.create_task(messaging.close())

        async def has_come_to_the_bus() -> bool:
            return {"grpc", "users"}.isdisjoint(name for name, _ in messaging.process._stops)

        await eventually(has_come_to_the_bus, "calls have ended")
        assert not published(client, ids)
    finally:
        client.execute_command("CLIENT", "UNPAUSE")
    await stopping
    assert published(client, ids) == set(ids)
    client.close()
