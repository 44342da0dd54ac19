"""Promise 6 at the moment of posting: by the channel's own order nobody posts behind their removal."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from chorus.messaging.v1 import posts_pb2
from services.chassis.config import Settings
from services.chassis.ids import new_id
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene, until_ready
from tests.contract.messaging.test_posts import create
from tests.contract.served import Served, serving

ROUNDS = 40
AT_ONCE = 6
"""Posts under way when the removal comes, at each instance."""


@pytest.fixture
async def second(scene: Scene, grounds: Grounds, settings: Settings) -> AsyncIterator[Served]:
    async with serving("messaging", wire, grounds, settings, ordinal=2) as served:
        await until_ready(served)
        yield served


async def test_who_is_removed_while_posting_has_no_post_behind_the_removal(scene: Scene, second: Served) -> None:
    """Posts and removals race through two instances, so that neither knows of what the other has under way."""
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = (await scene.channel(alice, team.id)).id
    edges, chance = [scene.caller, second.caller("edge")], random.Random(4)
    other = Scene(second, scene.auth, scene.dsn)
    written, refused = set(), 0

    async def post(edge_number: int) -> None:
        nonlocal refused
        one = posts_pb2.PostDraft(actor=scene.actor(bob), id=new_id(), channel_id=channel, message="still here")
        (result,) = await create(edges[edge_number], one)
        if result.HasField("post"):
            written.add(one.id)
        else:
            assert result.error.reason == "permission_denied"
            refused += 1

    for number in range(ROUNDS):
        await scene.enter(channel, bob, by=alice)
        removing = (scene, other)[number % 2]
        work = [post(n % 2) for n in range(2 * AT_ONCE)]
        work.insert(chance.randrange(len(work) + 1), removing.exit(channel, bob, by=alice))
        await asyncio.gather(*work)
    inside, posts = False, []
    for kind, body in await scene.events(f"channel:{channel}"):
        if kind == "member_added" and body.user_id == bob:
            inside = True
        elif kind == "member_removed" and body.user_id == bob:
            inside = False
        elif kind == "post_created" and body.post.user_id == bob and not body.post.type:
            assert inside, f"{body.post.id} is behind its author's removal"
            posts.append(body.post.id)
    assert set(posts) == written
    assert refused > 0, "no post met a removal: nothing was tried here"
    assert len(posts) > ROUNDS
    assert scene.deadlocks() == 0
