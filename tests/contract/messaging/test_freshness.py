"""What stands before every read: permission and position, of one snapshot of the primary."""

import asyncio

import psycopg

from chorus.messaging.v1 import freshness_pb2, freshness_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, page, until_answered
from tests.contract.served import Caller, Served, refused


async def check(edge: Caller, *checks: freshness_pb2.ReadCheck) -> freshness_pb2.CheckResponse:
    stub = freshness_pb2_grpc.FreshnessServiceStub(edge.channel)
    return await edge.call(stub.Check, freshness_pb2.CheckRequest(checks=checks))


def reading(ground: Ground, user_id: str, channel_id: str, *roles: str) -> freshness_pb2.ReadCheck:
    return freshness_pb2.ReadCheck(actor=ground.actor(user_id, *roles), channel_id=channel_id)


async def test_each_reader_hears_of_its_own_right_and_the_channels_position(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    for n in range(3):
        await until_answered(edge, draft(ground, ground.alice, f"{n}"))
    await until_answered(edge, draft(ground, ground.alice, "secret", channel_id=ground.private))
    asked = [
        (reading(ground, ground.alice, ground.channel), (True, 3)),
        (reading(ground, ground.carol, ground.channel), (True, 3)),  # open, and she is in the team
        (reading(ground, ground.bob, ground.private), (True, 1)),
        (reading(ground, ground.carol, ground.private), (False, 0)),
        (reading(ground, ground.carol, ground.private, "system_user", "system_admin"), (True, 1)),
        (reading(ground, new_id(), ground.channel), (False, 0)),
        (reading(ground, ground.alice, new_id()), (False, 0)),
        (reading(ground, ground.alice, ground.channel), (True, 3)),
    ]
    answer = await check(edge, *(question for question, _ in asked))
    assert [(s.allowed, s.seq) for s in answer.standings] == [expected for _, expected in asked]
    assert answer.incarnation.count(".") == 2


async def test_an_archived_channel_is_read_as_before(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    await until_answered(edge, draft(ground, ground.alice))
    with psycopg.connect(ground.dsn) as connection:
        connection.execute("UPDATE channels SET delete_at = 5 WHERE id = %s", (ground.channel,))
    answer = await check(edge, reading(ground, ground.alice, ground.channel))
    assert [(s.allowed, s.seq) for s in answer.standings] == [(True, 1)]


async def test_a_page_is_labelled_with_what_a_check_answers_while_nothing_changes(
    messaging: Served, ground: Ground
) -> None:
    """Promise 5: equal labels mean an equal page, so a page in memory may be shown as long as they are equal."""
    edge = messaging.caller()
    stop = asyncio.Event()

    async def talk() -> None:
        while not stop.is_set():
            await create(edge, draft(ground, ground.alice))

    talking = asyncio.create_task(talk())
    shown: dict[int, list[str]] = {}
    for _ in range(50):
        before = await check(edge, reading(ground, ground.bob, ground.channel))
        posts = await page(edge, ground, ground.bob, per_page=5)
        after = await check(edge, reading(ground, ground.bob, ground.channel))
        if before == after:
            shown.setdefault(before.standings[0].seq, []).append(",".join(post.id for post in posts.posts))
        assert before.standings[0].seq <= after.standings[0].seq
    stop.set()
    await talking
    last = await check(edge, reading(ground, ground.bob, ground.channel))
    assert last.standings[0].seq >= max(shown, default=0)
    assert all(len(set(pages)) == 1 for pages in shown.values())


async def test_a_removed_member_is_refused_by_the_check_that_follows(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    question = reading(ground, ground.bob, ground.private)
    assert (await check(edge, question)).standings[0].allowed
    with psycopg.connect(ground.dsn) as connection:
        connection.execute(
            "DELETE FROM channel_members WHERE channel_id = %s AND user_id = %s", (ground.private, ground.bob)
        )
    assert not (await check(edge, question)).standings[0].allowed


async def test_questions_that_wait_share_a_statement(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    question = reading(ground, ground.alice, ground.channel)

    def statements() -> float:
        value = messaging.process.metrics.registry.get_sample_value("chorus_batch_items_count", {"batch": "check"})
        return value or 0.0

    before = statements()
    await asyncio.gather(*(check(edge, *[question] * 100) for _ in range(10)))
    assert statements() - before < 12


async def test_an_empty_request_is_refused(messaging: Served) -> None:
    with refused(Reason.INVALID_ARGUMENT):
        await check(messaging.caller())
