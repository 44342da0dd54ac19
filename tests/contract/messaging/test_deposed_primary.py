"""Promise 5 where COMMIT waits for a standby: a primary that none follows may be one no more, and says nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack

import pytest

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.common.v1 import events_pb2_grpc as log_grpc
from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc, posts_pb2, posts_pb2_grpc
from services.chassis.config import Settings
from services.chassis.database import Database
from services.chassis.database.naming import service_dsn
from services.chassis.database.standing import MEANING
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.messaging.__main__ import wire
from tests.contract import standby as standbys
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_freshness import check, reading
from tests.contract.messaging.test_posts import create, draft, page
from tests.contract.served import Caller, Served, eventually, refused, serving
from tests.contract.standby import Standby

UNHEARD = 2.0
"""Seconds after which a standby counts as gone, and before which none is promoted."""
NOTICED = 10.0
"""Within how many seconds a standby that went or came back is noticed: 2 s, and this machine."""


@pytest.fixture(scope="module")
def grounds(grounds_to_copy: Grounds) -> Grounds:
    return grounds_to_copy


@pytest.fixture(scope="module")
def standby(grounds: Grounds) -> Iterator[Standby]:
    with standbys.standby(grounds) as made:
        yield made


def questions(edge: Caller, ground: Ground) -> dict[str, Callable[[], Awaitable[object]]]:
    """Whatever is answered from what the primary shows, refusals too."""
    log, posts = log_grpc.EventLogServiceStub(edge.channel), posts_pb2_grpc.PostServiceStub(edge.channel)
    channels, topic = channels_pb2_grpc.ChannelServiceStub(edge.channel), f"messaging/channel:{ground.channel}"
    actor = ground.actor(ground.alice)
    return {
        "Check": lambda: check(edge, reading(ground, ground.alice, ground.channel)),
        "ListPosts": lambda: page(edge, ground, ground.alice),
        "ListEvents": lambda: edge.call(log.ListEvents, log_pb2.ListEventsRequest(topic=topic)),
        "CurrentSeqs": lambda: edge.call(log.CurrentSeqs, log_pb2.CurrentSeqsRequest(topics=[topic])),
        "Changed": lambda: edge.call(log.Changed, log_pb2.ChangedRequest(cursor=1)),
        "GetPosts": lambda: edge.call(posts.GetPosts, posts_pb2.GetPostsRequest(actor=actor, ids=[new_id()])),
        "GetChannel": lambda: edge.call(channels.GetChannel, channels_pb2.GetChannelRequest(actor=actor, id=new_id())),
    }


async def outcome(ask: Callable[[], Awaitable[object]]) -> Reason | None:
    """Why it was refused; None for an answer."""
    try:
        await ask()
    except DomainError as error:
        return error.reason
    return None


async def becomes(edge: Caller, ground: Ground, wanted: Reason | None, what: str) -> None:
    async def so() -> bool:
        return await outcome(questions(edge, ground)["Check"]) is wanted

    await eventually(so, what, NOTICED)


async def refuses_everything(edge: Caller, ground: Ground) -> None:
    await becomes(edge, ground, Reason.UNAVAILABLE, "a standby that is not heard from is noticed")
    for name, ask in questions(edge, ground).items():
        assert (name, await outcome(ask)) == (name, Reason.UNAVAILABLE)


async def answers_again(edge: Caller, ground: Ground) -> None:
    await becomes(edge, ground, None, "the standby is heard from again")
    for name, ask in questions(edge, ground).items():
        expected = Reason.CHANNEL_NOT_FOUND if name == "GetChannel" else None
        assert (name, await outcome(ask)) == (name, expected)


def doubts(served: Served, why: str) -> float:
    labels = {"database": "messaging", "why": why}
    return served.process.metrics.registry.get_sample_value("chorus_database_doubts_total", labels) or 0.0


@pytest.mark.parametrize("fault", [Standby.freeze, Standby.kill])
async def test_without_a_standby_that_is_heard_from_nothing_is_vouched_for(
    standby: Standby, messaging: Served, ground: Ground, fault: Callable[[Standby], None]
) -> None:
    edge = messaging.caller()
    with standby.synchronous():
        (made,) = await create(edge, draft(ground, ground.alice))
        assert made.HasField("post")
        await answers_again(edge, ground)
        await asyncio.to_thread(fault, standby)
        await refuses_everything(edge, ground)
        assert doubts(messaging, "alone") > 0
        standby.heal()
        await answers_again(edge, ground)
        (made,) = await create(edge, draft(ground, ground.alice))
        assert made.HasField("post")


async def test_who_may_not_see_the_standbys_refuses_and_says_what_to_grant(
    standby: Standby, messaging: Served, ground: Ground, grounds: Grounds
) -> None:
    edge = messaging.caller()
    with (
        ExitStack() as undo,
        standby.synchronous(),
        grounds.postgres.connect(grounds.ports.postgres_primary) as connection,
    ):
        await answers_again(edge, ground)
        undo.callback(connection.execute, "GRANT pg_read_all_stats TO chorus")
        connection.execute("REVOKE pg_read_all_stats FROM chorus")
        await refuses_everything(edge, ground)
        assert doubts(messaging, "blind") > 0
        assert "GRANT pg_read_all_stats" in MEANING["blind"]
        undo.close()
        await answers_again(edge, ground)


async def test_a_connection_that_leads_to_a_server_of_another_timeline_is_made_anew(
    messaging: Served, standby: Standby, settings: Settings
) -> None:
    """As behind a pooler, or an address that moved: what is already open leads to the primary of before."""
    database = Database("messaging", service_dsn(settings, "messaging"), messaging.process.metrics)
    await database.fetch("SELECT 1")
    database._timeline = "00000002"  # what a newer connection told
    with refused(Reason.UNAVAILABLE):
        await database.fetch("SELECT 1")
    await database.fetch("SELECT 1")
    await database.close()
    assert doubts(messaging, "timeline") == 1
    follower = Database("messaging", service_dsn(standby.written_by(settings), "messaging"), messaging.process.metrics)
    with refused(Reason.UNAVAILABLE):
        await follower.fetch("SELECT 1")
    await follower.close()
    assert doubts(messaging, "recovery") == 1


async def test_a_primary_that_slept_while_another_took_over_shows_nothing_of_the_past(
    standby: Standby, messaging: Served, ground: Ground, grounds: Grounds, settings: Settings
) -> None:
    edge = messaging.caller()
    # The last test here: its standby is one no more.
    with standby.synchronous():
        before = (await create(edge, draft(ground, ground.alice, "before")))[0].post
        await answers_again(edge, ground)
        await asyncio.to_thread(standby.catch_up)
        standbys.stop(grounds.primary)
        slept = time.monotonic()
        try:
            await asyncio.to_thread(standby.promote)
            async with serving("messaging", wire, grounds, standby.written_by(settings), ordinal=2) as successor:
                after = (await create(successor.caller(), draft(ground, ground.alice, "after")))[0].post
                shown = await page(successor.caller(), ground, ground.alice)
                assert [post.id for post in shown.posts] == [after.id, before.id]

                async def unheard() -> bool:
                    return time.monotonic() - slept > UNHEARD

                await eventually(unheard, "as long as the rule allows")
                standbys.go_on(grounds.primary)
                for name, ask in questions(edge, ground).items():
                    assert (name, await outcome(ask)) == (name, Reason.UNAVAILABLE)
        finally:
            standbys.go_on(grounds.primary)
