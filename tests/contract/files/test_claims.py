"""A file belongs to one post at most, and to none that never came."""

import asyncio

import pytest

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2, posts_pb2
from services.chassis.bus import BusMessage
from services.chassis.bus.redis import RedisBus
from services.chassis.ids import new_id
from services.chassis.metrics import Metrics
from services.chassis.topics import channel_topic
from tests.contract.files.conftest import Files, Messaging
from tests.contract.served import eventually
from tests.contract.statements import counted
from tests.manual_clock import ManualClock


async def tell(files: Files, channel: str, kind: str, post: posts_pb2.Post) -> None:
    """Publish an event of messaging's."""
    body: events_pb2.PostCreated | events_pb2.PostDeleted = (
        events_pb2.PostCreated(post=post) if kind == "post_created" else events_pb2.PostDeleted(post=post)
    )
    topic = channel_topic(channel)
    entry = log_pb2.LogEntry(topic=topic, seq=1, at_ms=1234, kind=kind, body=body.SerializeToString())
    bus = RedisBus(files.served.process.settings, Metrics("test"))
    await bus.publish([BusMessage(topic, 1, entry.SerializeToString())])
    await bus.close()


async def test_ten_posts_claim_one_file_and_one_gets_it(files: Files, member: str, channel: str) -> None:
    info = await files.upload(member, channel, "x.txt", b"x")
    posts = [new_id() for _ in range(10)]
    answers = await asyncio.gather(*(files.claim(member, post, channel, info.id) for post in posts))
    (winner,) = [post for post, answer in zip(posts, answers, strict=True) if answer]
    assert (await files.infos(member, info.id))[0].info.post_id == winner


async def test_a_claim_repeated_for_the_same_post_answers_the_same_in_the_posts_order(
    files: Files, member: str, channel: str
) -> None:
    ids = [(await files.upload(member, channel, f"{n}.txt", b"x")).id for n in range(3)]
    post = new_id()
    first = await files.claim(member, post, channel, ids[2], ids[0], ids[2], ids[1])
    assert [info.id for info in first] == [ids[2], ids[0], ids[1]]
    assert {info.post_id for info in first} == {post}
    assert await files.claim(member, post, channel, ids[2], ids[0], ids[1]) == first


async def test_other_peoples_files_and_other_channels_are_left_out(
    files: Files, messaging: Messaging, member: str, channel: str
) -> None:
    other, elsewhere = new_id(), new_id()
    messaging.join(other, channel)
    messaging.join(member, elsewhere)
    theirs = await files.upload(other, channel, "x.txt", b"x")
    far = await files.upload(member, elsewhere, "x.txt", b"x")
    mine = await files.upload(member, channel, "x.txt", b"x")
    claimed = await files.claim(member, new_id(), channel, theirs.id, far.id, new_id(), mine.id)
    assert [info.id for info in claimed] == [mine.id]


@pytest.mark.parametrize("heard", ["by its event", "by asking"])
async def test_a_claim_whose_post_exists_stays(
    files: Files, messaging: Messaging, member: str, channel: str, clock: ManualClock, heard: str
) -> None:
    info = await files.upload(member, channel, "x.txt", b"x")
    orphan = await files.upload(member, channel, "y.txt", b"y")
    post = new_id()
    (claimed,) = await files.claim(member, post, channel, info.id)
    await files.claim(member, new_id(), channel, orphan.id)
    if heard == "by its event":
        await tell(files, channel, "post_created", posts_pb2.Post(id=post, channel_id=channel, files=[claimed]))
        await told(files, member, channel)
    else:
        messaging.posts.add(post)
    clock.advance(601)

    async def released() -> bool:
        return not (await files.infos(member, orphan.id))[0].info.post_id

    await eventually(released, "the claim of the post that never came is released")
    assert (await files.infos(member, info.id))[0].info.post_id == post
    assert await files.claim(member, new_id(), channel, orphan.id), "free again"


async def told(files: Files, member: str, channel: str) -> None:
    """Wait until the events so far were handled: delete a post of another file and see it go."""
    marker = await files.upload(member, channel, "m.txt", b"m")
    post = new_id()
    await files.claim(member, post, channel, marker.id)
    await tell(files, channel, "post_deleted", posts_pb2.Post(id=post, channel_id=channel))

    async def gone() -> bool:
        return (await files.infos(member, marker.id))[0].error.reason == "file_deleted"

    await eventually(gone, "events are handled")


async def test_a_deleted_post_takes_its_files_and_its_replies_files_along(
    files: Files, member: str, channel: str
) -> None:
    root_file, reply_file, kept = [await files.upload(member, channel, f"{n}.txt", b"x") for n in range(3)]
    root, reply, other = new_id(), new_id(), new_id()
    for post, of in ((root, ""), (reply, root), (other, "")):
        info = {root: root_file, reply: reply_file, other: kept}[post]
        (claimed,) = await files.claim(member, post, channel, info.id)
        created = posts_pb2.Post(id=post, channel_id=channel, root_id=of, files=[claimed])
        await tell(files, channel, "post_created", created)
    await tell(files, channel, "post_deleted", posts_pb2.Post(id=root, channel_id=channel))
    await told(files, member, channel)
    results = await files.infos(member, root_file.id, reply_file.id, kept.id)
    assert [result.error.reason for result in results] == ["file_deleted", "file_deleted", ""]


async def test_many_files_cost_no_more_statements_than_one(files: Files, member: str, channel: str) -> None:
    costs: list[list[int]] = []
    for count in (1, 6):
        tries: list[tuple[int, int]] = []
        for _ in range(3):  # the service sweeps all the time, and what it sweeps is counted too
            ids = [(await files.upload(member, channel, f"{n}.txt", b"x")).id for n in range(count)]
            with counted() as described:
                await files.infos(member, *ids)
            with counted() as claimed:
                assert len(await files.claim(member, new_id(), channel, *ids)) == count
            tries.append((len(described), len(claimed)))
        costs.append([min(each) for each in zip(*tries, strict=True)])
    assert costs[0] == costs[1]
