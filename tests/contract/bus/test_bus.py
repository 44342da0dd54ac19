"""What every bus keeps while nothing goes wrong."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

import pytest

from services.chassis.bus import Bus, BusMessage
from services.chassis.bus.redis import KEPT
from tests.contract.bus.conftest import Place, becomes
from tests.contract.redis_servers import Single, UnderSentinel

TOPICS = [f"messaging/channel:{n}" for n in range(40)]


def messages(topic: str, first: int, last: int) -> list[BusMessage]:
    return [BusMessage(topic, seq, b"%d" % seq) for seq in range(first, last + 1)]


async def test_each_topic_comes_in_order_and_whole_to_every_follower(place: Place) -> None:
    ears = [await place.ear(), await place.ear()]
    bus = place.bus()
    for first in range(1, 101, 20):
        await bus.publish([BusMessage(topic, seq, b"x") for seq in range(first, first + 20) for topic in TOPICS])
    for ear in ears:
        await ear.hears(lambda ear=ear: len(ear.heard) >= 100 * len(TOPICS))  # type: ignore[misc]
        assert all(ear.seqs(topic) == [*range(1, 101)] for topic in TOPICS)
        assert ear.following.interruptions == 0


async def test_a_message_arrives_as_it_was_sent(place: Place) -> None:
    ear = await place.ear()
    sent = [
        BusMessage("messaging/channel:ä☃", 7, bytes(range(256))),
        BusMessage("messaging/user:1", 0, b""),
        BusMessage("messaging/user:1", 2**53, b"\r\n$1\r\n"),
    ]
    await place.bus().publish(sent)
    await ear.hears(lambda: len(ear.heard) == 3)
    assert sorted(ear.heard) == sorted(sent)


async def test_a_follower_that_starts_reads_what_comes_after(place: Place) -> None:
    bus = place.bus()
    await bus.publish([BusMessage(topic, 1, b"") for topic in TOPICS])
    later, all_kept = await place.ear(), await place.ear(start=False)
    await bus.publish([BusMessage(topic, 2, b"") for topic in TOPICS])
    await all_kept.hears(lambda: len(all_kept.heard) == 2 * len(TOPICS))
    await later.hears(lambda: len(later.heard) == len(TOPICS))
    assert all(later.seqs(topic) == [2] and all_kept.seqs(topic) == [1, 2] for topic in TOPICS)


async def test_a_follower_of_some_topics_gets_all_of_these_and_is_spared_most_others(place: Place) -> None:
    bus, wanted = place.bus(), TOPICS[:1]
    ear = await place.ear(place.bus().follow(wanted))
    await bus.publish([BusMessage(topic, seq, b"") for seq in range(1, 11) for topic in TOPICS])
    await ear.hears(lambda: ear.seqs(wanted[0]) == [*range(1, 11)])
    assert len({message.topic for message in ear.heard}) < len(TOPICS) / 2


async def test_who_follows_what_concerns_everybody_is_not_woken_for_channels(place: Place) -> None:
    ear, all_of_it = await place.ear(place.bus().follow(["auth/cluster"])), await place.ear()
    posts = [BusMessage(topic, 1, b"") for topic in TOPICS]
    await place.bus().publish([*posts, BusMessage("auth/cluster", 1, b"")])
    await all_of_it.hears(lambda: len(all_of_it.heard) == len(TOPICS) + 1)
    await ear.hears(lambda: bool(ear.heard))
    assert ear.heard == [BusMessage("auth/cluster", 1, b"")]


async def test_a_follower_that_pauses_goes_on_where_it_was(place: Place) -> None:
    bus, following = place.bus(), place.bus().follow()
    await following.start()
    heard: list[BusMessage] = []
    for turn in range(3):  # each time it leaves after one batch, whatever was read ahead
        await bus.publish([BusMessage(topic, turn + 1, b"") for topic in TOPICS])
        async with aclosing(following.batches()) as batches:  # type: ignore[type-var]  # an async generator
            async with asyncio.timeout(5):
                heard += await anext(batches)
    ear = await place.ear(following, start=False)
    await ear.hears(lambda: len(heard) + len(ear.heard) >= 3 * len(TOPICS))
    for topic in TOPICS:
        assert [m.seq for m in heard if m.topic == topic] + ear.seqs(topic) == [1, 2, 3]


async def test_control_is_there_once_publishing_returned(place: Place) -> None:
    bus, other = place.bus(), await place.ear()
    for seq in range(1, 6):
        await bus.publish_control(BusMessage("edge/marker:1", seq, b""))
        async with aclosing(place.bus().follow_control().batches()) as batches:  # type: ignore[type-var]
            async with asyncio.timeout(1):
                assert [m.seq for m in await anext(batches)] == [*range(1, seq + 1)]
    ear = await place.ear(bus.follow_control())
    await bus.publish_control(BusMessage("edge/marker:1", 6, b""))
    await ear.hears(lambda: ear.seqs("edge/marker:1") == [6])
    await bus.publish([BusMessage("messaging/user:1", 1, b"")])
    await other.hears(lambda: len(other.heard) == 1)
    assert other.seqs("messaging/user:1") == [1], "control messages are on a stream of their own"


async def test_streams_are_trimmed_and_keep_the_newest(place: Place) -> None:
    bus, written = place.bus(), KEPT + 10_000
    for first in range(1, written, 2_000):
        await bus.publish(messages("messaging/channel:full", first, first + 1_999))
    ear = await place.ear(start=False)
    await ear.hears(lambda: bool(ear.heard) and ear.heard[-1].seq == written)
    seqs = ear.seqs("messaging/channel:full")
    assert KEPT <= len(seqs) < KEPT + 1_000
    assert all(later == earlier + 1 for earlier, later in pairwise(seqs))


async def test_big_messages_pass(place: Place) -> None:
    ear, bus = await place.ear(), place.bus()
    big = BusMessage("messaging/channel:big", 1, bytes(8 << 20))
    await bus.publish([big, *messages("messaging/channel:big", 2, 9)])
    await ear.hears(lambda: len(ear.heard) == 9)
    assert ear.heard[0] == big
    assert ear.seqs("messaging/channel:big") == [*range(1, 10)]


@pytest.mark.parametrize("servers", [Single, UnderSentinel], indirect=True, ids=["single", "sentinel"])
async def test_what_is_published_together_is_read_together(place: Place) -> None:
    bus, following = place.bus(), place.bus().follow()
    await following.start()
    reader = place.servers.master_of("ev:{0}")
    async with aclosing(following.batches()) as batches:  # type: ignore[type-var]  # an async generator
        reading = asyncio.ensure_future(anext(batches))
        await becomes(lambda: reader.ask("INFO", "CLIENTS")["blocked_clients"] > 0, "a read that waits")
        sent = messages("messaging/channel:together", 1, 7)
        await bus.publish(sent)
        async with asyncio.timeout(5):
            assert await reading == sent


async def test_publishing_nothing_is_nothing(place: Place) -> None:
    await place.bus().publish([])


@pytest.mark.parametrize("times", [1, 3])
async def test_a_bus_that_was_closed_can_be_closed_again(place: Place, times: int) -> None:
    bus: Bus = place.bus()
    await bus.publish(messages("messaging/user:1", 1, 1))
    await bus.follow().start()
    for _ in range(times):
        await bus.close()
