"""`Changed`, held by a real service: told of what is committed, and let go before the service stops."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chorus.common.v1 import events_pb2
from services.chassis.config import Settings
from services.chassis.topics import HELD_SECONDS, team_topic
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene, playing

WAIT_MS = round(HELD_SECONDS * 1000)


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("messaging")


@pytest.fixture
async def scene(grounds: Grounds, settings: Settings) -> AsyncIterator[Scene]:
    async with playing(grounds, settings) as scene:
        yield scene


async def hold(scene: Scene) -> "asyncio.Task[events_pb2.ChangedResponse]":
    """Return a call that is held: everything up to now is told."""
    known = await scene.call(scene.log.Changed, events_pb2.ChangedRequest())
    request = events_pb2.ChangedRequest(cursor=known.cursor, incarnation=known.incarnation, wait_ms=WAIT_MS)
    return asyncio.create_task(scene.call(scene.log.Changed, request))


async def test_who_waits_is_told_what_was_committed(scene: Scene) -> None:
    call = await hold(scene)
    team = await scene.team(await scene.user())
    async with asyncio.timeout(HELD_SECONDS / 2):
        told = await call
    assert team_topic(team.id) in {position.topic for position in told.seqs}


async def test_who_waits_is_let_go_before_the_instance_stops(scene: Scene) -> None:
    call = await hold(scene)
    await asyncio.wait({call}, timeout=0.2)
    assert not call.done()
    scene.served.process.readiness.drain()
    async with asyncio.timeout(HELD_SECONDS / 2):
        told = await call
    assert not told.seqs
    assert told.cursor
