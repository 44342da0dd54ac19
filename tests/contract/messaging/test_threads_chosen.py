"""Users who read replies in channels, where CollapsedThreads lets them choose: what a reply is to them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chorus.messaging.v1 import memberships_pb2, posts_pb2
from services.chassis.config import Settings
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene, playing
from tests.contract.messaging.test_threads import Talk, talk_of
from tests.contract.served import eventually
from tests.recount import differences


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("messaging", ServiceSettings={"CollapsedThreads": "default_on"})


@pytest.fixture
async def talk(grounds: Grounds, settings: Settings) -> AsyncIterator[Talk]:
    """Four people in a channel; the second and the fourth read replies there."""
    async with playing(grounds, settings) as scene:
        talk = await talk_of(scene)
        await choose(scene, talk.people[1], False)
        await choose(scene, talk.people[3], False)
        yield talk


async def choose(scene: Scene, user_id: str, collapsed: bool | None) -> None:
    """Let a user choose, and wait until messaging has heard of it."""
    await scene.auth.choose_threads(user_id, collapsed)

    async def known() -> bool:
        return scene.sql("SELECT collapsed_threads FROM users WHERE id = %s", user_id) == [(collapsed,)]

    await eventually(known, "messaging knows what was chosen")


async def unread(talk: Talk, user: str) -> memberships_pb2.GetUnreadResponse:
    answer = await talk.member("GetUnread", user, channel_id=talk.channel)
    assert isinstance(answer, memberships_pb2.GetUnreadResponse)
    return answer


async def last_reply(talk: Talk) -> Any:
    kind, body = (await talk.scene.events(f"channel:{talk.channel}"))[-1]
    assert kind == "post_created"
    return body


async def thread_kinds(talk: Talk, user: str) -> list[str]:
    return [kind for kind in await talk.scene.kinds(f"user:{user}") if kind.startswith("thread_")]


async def test_who_replies_has_seen_the_channel_only_if_it_reads_replies_there(talk: Talk) -> None:
    apart, together, other, _ = talk.people
    root = await talk.post(other)
    await talk.post(apart, "re", root.id)
    assert (await unread(talk, apart)).msg_count > 0
    await talk.post(together, "re", root.id)
    seen = await unread(talk, together)
    assert (seen.msg_count, seen.msg_count_root) == (0, 0)
    assert differences(talk.scene.dsn) == []


async def test_a_thread_moves_on_only_for_those_who_read_threads(talk: Talk) -> None:
    apart, together, other, also = talk.people
    root = await talk.post(apart)
    await talk.post(together, talk.at(also), root.id)
    await talk.post(other, talk.at(also), root.id)
    body = await last_reply(talk)
    assert {follower.user_id for follower in body.thread.followers} == {apart, other}
    assert list(body.mentioned_user_ids) == [also]
    # They follow all the same: what they would find when they choose otherwise is right.
    assert (await talk.threads(also)).total_unread_mentions == 2
    reply = await talk.post(other, talk.at(also), root.id)
    await talk.delete(other, reply.id)
    kind, deleted = (await talk.scene.events(f"channel:{talk.channel}"))[-1]
    assert kind == "post_deleted"
    assert {follower.user_id for follower in deleted.thread.followers} == {apart}
    assert differences(talk.scene.dsn) == []


async def test_comments_reach_who_reads_replies_in_channels(talk: Talk) -> None:
    apart, together, other, also = talk.people
    await talk.scene.auth.change(apart, notify_props={"comments": "any"})
    await talk.scene.auth.change(together, notify_props={"comments": "any"})
    await talk.scene.auth.change(also, notify_props={"comments": "root"})

    async def known() -> bool:
        return talk.scene.sql("SELECT count(*) FROM users WHERE notify_props ? 'comments'") == [(3,)]

    await eventually(known, "messaging knows the settings")
    root = await talk.post(together)
    for user in (apart, also):
        await talk.post(user, "re", root.id)
    await talk.post(other, "re", root.id)
    assert list((await last_reply(talk)).mentioned_user_ids) == [together]
    own = await talk.post(also)
    await talk.post(other, "re", own.id)
    assert list((await last_reply(talk)).mentioned_user_ids) == [also]
    await choose(talk.scene, also, True)
    await talk.post(other, "re", own.id)
    assert list((await last_reply(talk)).mentioned_user_ids) == []
    # In the thread itself nobody was addressed; but in the channel they are mentioned, from wherever it is read again.
    assert (await talk.threads(together)).total_unread_mentions == 0
    await talk.member("MarkUnread", together, post_id=root.id)
    assert (await unread(talk, together)).mention_count == 3
    back = (await talk.ask("UnreadThread", together, thread_id=root.id, post_id=root.id)).thread
    assert (back.unread_replies, back.unread_mentions) == (3, 0)
    assert differences(talk.scene.dsn) == []


async def test_a_look_at_the_channel_is_one_at_its_threads(talk: Talk) -> None:
    apart, together, other, _ = talk.people
    for user in (apart, together):
        root = await talk.post(user)
        await talk.post(other, "re", root.id)
        await talk.look(user)  # by a client that could show threads apart
    assert ((await talk.threads(apart)).total_unread, (await talk.threads(together)).total_unread) == (1, 0)
    await talk.look(apart, keeps_threads=False)
    assert (await talk.threads(apart)).total_unread == 0
    # Whose clients show no threads is told nothing of them.
    assert (await thread_kinds(talk, apart), await thread_kinds(talk, together)) == (["thread_read_changed"], [])
    assert differences(talk.scene.dsn) == []


async def test_unread_from_a_reply_on_is_the_channel_and_its_thread(talk: Talk) -> None:
    apart, together, other, _ = talk.people
    root = await talk.post(other)
    replies = [await talk.post(other, talk.at(together), root.id) for _ in range(2)]
    later = await talk.post(other)
    for user in (apart, together):
        await talk.look(user)
        await talk.follow(user, root.id, False)

    async def mark(user: str, post: posts_pb2.Post, **how: Any) -> tuple[int, int, int, int]:
        await talk.member("MarkUnread", user, post_id=post.id, **how)
        found = await unread(talk, user)
        return found.msg_count, found.msg_count_root, found.mention_count, found.mention_count_root

    assert await mark(together, replies[1], keeps_threads=True) == (2, 0, 1, 0)
    (thread,) = (await talk.threads(together)).threads
    assert (thread.unread_replies, thread.unread_mentions) == (1, 1)
    assert thread.last_viewed_at_ms == replies[1].create_at_ms - 1
    assert (await thread_kinds(talk, together))[-1] == "thread_follow_changed"
    # A thread of its own stays as it was, unless the client does not know of such.
    assert await mark(apart, replies[1], keeps_threads=True) == (2, 1, 0, 0)
    assert (await talk.threads(apart)).total == 0
    assert await mark(apart, replies[0]) == (3, 0, 0, 0)
    assert [(t.unread_replies, t.unread_mentions) for t in (await talk.threads(apart)).threads] == [(2, 0)]
    kind, body = (await talk.scene.events(f"user:{apart}"))[-1]
    assert kind == "thread_unread"
    (follower,) = body.thread.followers
    assert (body.team_id, body.thread.root.id) == (talk.team, root.id)
    assert (follower.user_id, follower.unread_replies) == (apart, 2)
    # From a root on nothing is special.
    assert await mark(together, later, keeps_threads=True) == (1, 1, 0, 0)


async def test_what_was_chosen_is_known_to_whoever_reads_all_users_anew(talk: Talk) -> None:
    scene = talk.scene
    await scene.auth.restore()

    async def known() -> bool:
        return scene.sql("SELECT DISTINCT incarnation FROM projections") == [(scene.auth.incarnation,)]

    await eventually(known, "the users are read anew")
    found = dict(scene.sql("SELECT id, collapsed_threads FROM users"))
    assert found == dict(zip(talk.people, (None, False, None, False), strict=True))
    await scene.auth.change(talk.people[1], nickname="Bea")

    async def renamed() -> bool:
        return scene.sql("SELECT nickname, collapsed_threads FROM users WHERE id = %s", talk.people[1]) == [
            ("Bea", False)
        ]

    await eventually(renamed, "a change of the user leaves what it chose")
