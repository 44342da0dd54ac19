"""Drafts travel together by lane; each fails alone; what is lost on the way goes once more under the same id."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from chorus.common.v1 import errors_pb2
from chorus.messaging.v1 import posts_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.rpc.client import Peer
from services.chassis.tasks import Tasks
from services.edge.caller import Caller
from services.edge.clients.posts import PostClient

CALLER = Caller("u" * 26, "s" * 26, ("system_user",), "k" * 26)


class Messaging:
    """Stands for the peer: answers each draft with its post, except for the message `bad`; loses what it is told to."""

    def __init__(self) -> None:
        self.channel = MagicMock()
        self.calls: list[tuple[int | None, list[posts_pb2.PostDraft]]] = []
        self.failures: list[DomainError] = []
        self.called = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def call(
        self, method: Any, request: posts_pb2.CreatePostsRequest, *, seconds: float, lane: int | None
    ) -> posts_pb2.CreatePostsResponse:
        self.calls.append((lane, list(request.drafts)))
        self.called.set()
        await self.hold.wait()
        if self.failures:
            raise self.failures.pop(0)
        return posts_pb2.CreatePostsResponse(results=[_result(draft) for draft in request.drafts])


def _result(draft: posts_pb2.PostDraft) -> posts_pb2.CreatePostResult:
    if draft.message == "bad":
        error = errors_pb2.ItemError(reason="post_invalid", facts={"field": "message"})
        return posts_pb2.CreatePostResult(error=error)
    return posts_pb2.CreatePostResult(post=posts_pb2.Post(id=draft.id))


def draft(number: int, channel_id: str = "c" * 26, message: str = "") -> posts_pb2.PostDraft:
    return posts_pb2.PostDraft(id=f"{number:026}", channel_id=channel_id, message=message)


@pytest.fixture
def messaging() -> Messaging:
    return Messaging()


@pytest.fixture
async def client(messaging: Messaging) -> AsyncIterator[PostClient]:
    tasks = Tasks()
    yield PostClient(cast(Peer, messaging), tasks, Metrics("edge"))
    await tasks.close()


async def test_a_draft_says_who_writes(client: PostClient, messaging: Messaging) -> None:
    await client.create(CALLER, draft(1))
    actor = messaging.calls[0][1][0].actor
    assert (actor.user_id, actor.session_id, actor.connection_id) == (
        CALLER.user_id,
        CALLER.session_id,
        CALLER.connection_id,
    )
    assert list(actor.roles) == ["system_user"]


async def test_what_comes_while_a_batch_is_under_way_makes_up_the_next(
    client: PostClient, messaging: Messaging
) -> None:
    messaging.hold.clear()
    posts = [asyncio.ensure_future(client.create(CALLER, draft(number))) for number in range(50)]
    async with asyncio.timeout(5):
        await messaging.called.wait()
    messaging.hold.set()
    assert [post.id for post in await asyncio.gather(*posts)] == [f"{number:026}" for number in range(50)]
    assert sum(len(drafts) for _, drafts in messaging.calls) == 50
    assert len(messaging.calls) <= 2


async def test_a_bad_draft_fails_alone(client: PostClient) -> None:
    good, bad = await asyncio.gather(
        client.create(CALLER, draft(1)), client.create(CALLER, draft(2, message="bad")), return_exceptions=True
    )
    assert isinstance(good, posts_pb2.Post)
    assert isinstance(bad, DomainError)
    assert (bad.reason, bad.facts) == (Reason.POST_INVALID, {"field": "message"})


async def test_what_is_lost_goes_once_more_under_the_same_id(client: PostClient, messaging: Messaging) -> None:
    messaging.failures = [DomainError(Reason.UNAVAILABLE)]
    assert (await client.create(CALLER, draft(7))).id == f"{7:026}"
    assert [[one.id for one in drafts] for _, drafts in messaging.calls] == [[f"{7:026}"], [f"{7:026}"]]


async def test_what_is_lost_twice_is_told(client: PostClient, messaging: Messaging) -> None:
    messaging.failures = [DomainError(Reason.UNAVAILABLE)] * 2
    with pytest.raises(DomainError) as caught:
        await client.create(CALLER, draft(7))
    assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.DEADLINE_EXCEEDED, Reason.PERMISSION_DENIED])
async def test_other_failures_are_not_repeated(client: PostClient, messaging: Messaging, reason: Reason) -> None:
    messaging.failures = [DomainError(reason)]
    with pytest.raises(DomainError) as caught:
        await client.create(CALLER, draft(7))
    assert caught.value.reason is reason
    assert len(messaging.calls) == 1
