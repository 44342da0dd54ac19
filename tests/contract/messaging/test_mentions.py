"""Who is mentioned, counted and made to follow, over real rows of users and members."""

import psycopg
from psycopg.types.json import Jsonb

from chorus.messaging.v1 import events_pb2, posts_pb2, posts_pb2_grpc
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, entries
from tests.contract.served import Caller, Served


def settings(ground: Ground, user_id: str, member: dict[str, str] | None = None, **user: str) -> None:
    """Give a user its notification settings, and the settings of its membership."""
    with psycopg.connect(ground.dsn) as connection:
        connection.execute("UPDATE users SET notify_props = %s WHERE id = %s", (Jsonb(user), user_id))
        if member is not None:
            connection.execute(
                "UPDATE channel_members SET notify_props = %s WHERE user_id = %s", (Jsonb(member), user_id)
            )


async def told(edge: Caller, ground: Ground) -> list[list[str]]:
    bodies = [events_pb2.PostCreated.FromString(entry.body) for entry in await entries(edge, ground)]
    return [list(body.mentioned_user_ids) for body in bodies]


async def reply(edge: Caller, ground: Ground, user_id: str, root: str, text: str = "re") -> posts_pb2.Post:
    return (await create(edge, draft(ground, user_id, text, root_id=root)))[0].post


async def test_everybody_is_told_but_for_those_who_asked_not_to_be(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    for member, user in (
        ({}, {}),
        ({}, {"channel": "false"}),
        ({"ignore_channel_mentions": "on"}, {}),
        ({"mark_unread": "mention"}, {}),
        ({"mark_unread": "mention", "ignore_channel_mentions": "off"}, {}),
    ):
        settings(ground, ground.bob, member, **user)
        await create(edge, draft(ground, ground.alice, "@channel"))
    assert await told(edge, ground) == [[ground.bob], [], [], [], [ground.bob]]


async def test_here_reaches_everybody_while_presence_does_not_say_who_is(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    await create(edge, draft(ground, ground.alice, "@here"))
    assert await told(edge, ground) == [[ground.bob]]


async def test_a_replys_author_the_roots_and_the_mentioned_follow_and_a_follower_costs_no_write(
    messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    root = (await create(edge, draft(ground, ground.alice)))[0].post.id
    name = f"bob{ground.team[:6]}"
    await reply(edge, ground, ground.alice, root, f"@{name}")
    await reply(edge, ground, ground.bob, root)
    await reply(edge, ground, ground.alice, root)
    thread = events_pb2.PostCreated.FromString((await entries(edge, ground))[-1].body).thread
    followers = {f.user_id: f for f in thread.followers}
    assert (followers[ground.bob].unread_replies, followers[ground.bob].previous_unread_replies) == (1, 0)
    assert (followers[ground.alice].unread_replies, followers[ground.alice].notified) == (0, False)
    assert [p.id for p in thread.participants] == [ground.alice, ground.bob]
    assert (thread.root.id, thread.root.reply_count) == (root, 3)
    with psycopg.connect(ground.dsn) as connection:
        rows = connection.execute(
            "SELECT user_id, replies_seen, unread_mentions FROM thread_memberships WHERE post_id = %s", (root,)
        ).fetchall()
    assert sorted(map(tuple, rows)) == sorted([(ground.alice, 3, 0), (ground.bob, 2, 0)])


async def test_a_deleted_reply_leaves_the_counters_of_those_who_had_not_seen_it(
    messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    root = (await create(edge, draft(ground, ground.alice)))[0].post.id
    await reply(edge, ground, ground.bob, root)
    mention = await reply(edge, ground, ground.bob, root, f"@alice{ground.team[:6]}")
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    await edge.call(stub.DeletePost, posts_pb2.DeletePostRequest(actor=ground.actor(ground.bob), id=mention.id))
    deleted = events_pb2.PostDeleted.FromString((await entries(edge, ground))[-1].body)
    (follower,) = deleted.thread.followers
    assert (follower.user_id, follower.unread_replies, follower.previous_unread_replies) == (ground.alice, 1, 2)
    assert (follower.unread_mentions, follower.previous_unread_mentions) == (0, 1)
