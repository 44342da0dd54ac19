"""Clocks that step (promise 2): a channel's time never goes back, and one that is far ahead of the clock is refused."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chorus.messaging.v1 import (
    memberships_pb2,
    memberships_pb2_grpc,
    posts_pb2,
    posts_pb2_grpc,
    reactions_pb2,
    reactions_pb2_grpc,
)
from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, entries, page
from tests.contract.served import Caller, Served, serving
from tests.manual_clock import ManualClock

HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def messaging(grounds: Grounds, settings: Settings, clock: ManualClock) -> AsyncIterator[Served]:
    async with serving("messaging", wire, grounds, settings, clock=clock) as served:
        yield served


def changes(edge: Caller, ground: Ground, post_id: str) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every kind of change in a channel."""
    posts, reactions = (
        posts_pb2_grpc.PostServiceStub(edge.channel),
        reactions_pb2_grpc.ReactionServiceStub(edge.channel),
    )
    members, actor = memberships_pb2_grpc.MembershipServiceStub(edge.channel), ground.actor(ground.alice)

    async def post() -> None:
        (result,) = await create(edge, draft(ground, ground.alice))
        if result.HasField("error"):
            raise DomainError(Reason(result.error.reason), **result.error.facts)

    return {
        "post": post,
        "edit": lambda: edge.call(
            posts.PatchPost, posts_pb2.PatchPostRequest(actor=actor, id=post_id, message="edited")
        ),
        "react": lambda: edge.call(
            reactions.AddReaction, reactions_pb2.AddReactionRequest(actor=actor, post_id=post_id, emoji_name="+1")
        ),
        "remove": lambda: edge.call(
            members.RemoveMember,
            memberships_pb2.RemoveMemberRequest(actor=actor, channel_id=ground.channel, user_id=ground.bob),
        ),
        "delete": lambda: edge.call(posts.DeletePost, posts_pb2.DeletePostRequest(actor=actor, id=post_id)),
    }


async def test_after_a_step_back_by_an_hour_nothing_is_written_and_it_is_told_until_when(
    messaging: Served, ground: Ground, clock: ManualClock
) -> None:
    edge = messaging.caller()
    made = (await create(edge, draft(ground, ground.alice)))[0].post
    before, shown = await entries(edge, ground), await page(edge, ground, ground.alice)
    clock.set_wall(clock.now_ms() - HOUR_MS)
    for name, change in changes(edge, ground, made.id).items():
        with pytest.raises(DomainError) as refused:
            await change()
        assert (name, refused.value.reason) == (name, Reason.CHANNEL_RATE_EXCEEDED)
        assert int(refused.value.facts["retry_after_s"]) in (3598, 3599)
    assert await entries(edge, ground) == before
    assert await page(edge, ground, ground.alice) == shown
    clock.advance(3_599)
    for change in changes(edge, ground, made.id).values():
        await change()
    times = [entry.at_ms for entry in await entries(edge, ground)]
    assert len(times) >= len(before) + 5
    assert times == sorted(times)


async def test_create_at_strictly_increases_whatever_the_clock_does(
    messaging: Served, ground: Ground, clock: ManualClock
) -> None:
    edge = messaging.caller()
    start, written = clock.now_ms(), []
    for step in (0, -1_500, 700, HOUR_MS, HOUR_MS - 1_900, HOUR_MS + 1, -HOUR_MS, 3 * HOUR_MS, 2 * HOUR_MS):
        clock.set_wall(start + step)
        for result in await create(edge, *(draft(ground, ground.alice, str(n)) for n in range(3))):
            if result.HasField("post"):
                written.append(result.post)
            else:
                assert (result.error.reason, step) in {
                    (Reason.CHANNEL_RATE_EXCEEDED.value, -HOUR_MS),
                    (Reason.CHANNEL_RATE_EXCEEDED.value, 2 * HOUR_MS),
                }
    assert len(written) == 7 * 3
    times = [post.create_at_ms for post in written]
    assert times == sorted(set(times))
    shown = await page(edge, ground, ground.bob)
    assert [post.id for post in reversed(shown.posts)] == [post.id for post in written]
    assert [entry.seq for entry in await entries(edge, ground)] == [*range(1, len(written) + 1)]


async def test_a_channel_that_changes_faster_than_the_clock_is_refused_at_two_seconds_ahead(
    messaging: Served, ground: Ground, clock: ManualClock
) -> None:
    """The clock stands still, so each change is one ms ahead of it."""
    edge = messaging.caller()
    drafts = [draft(ground, ground.alice, str(n)) for n in range(2_200)]
    answers = [r for first in range(0, len(drafts), 200) for r in await create(edge, *drafts[first : first + 200])]
    assert [r.WhichOneof("result") for r in answers] == ["post"] * 2_001 + ["error"] * 199
    assert {(r.error.reason, r.error.facts["retry_after_s"]) for r in answers[2_001:]} == {
        (Reason.CHANNEL_RATE_EXCEEDED.value, "1")
    }
    clock.advance(1)
    (again,) = await create(edge, drafts[-1])
    assert again.post.create_at_ms == answers[2_000].post.create_at_ms + 1
