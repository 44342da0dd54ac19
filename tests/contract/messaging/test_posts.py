"""Posts through generated stubs, the real gate and a real database: promises 1 to 3 where they are made."""

import asyncio

import psycopg

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.common.v1 import events_pb2_grpc as log_grpc
from chorus.messaging.v1 import events_pb2, posts_pb2, posts_pb2_grpc, reactions_pb2, reactions_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.conftest import Ground
from tests.contract.served import Caller, Served, refused


def draft(ground: Ground, user_id: str, message: str = "hello", **more: object) -> posts_pb2.PostDraft:
    values: dict[str, object] = {"id": new_id(), "channel_id": ground.channel, "message": message, "set_online": True}
    return posts_pb2.PostDraft(actor=ground.actor(user_id), **(values | more))  # type: ignore[arg-type]


async def create(edge: Caller, *drafts: posts_pb2.PostDraft) -> list[posts_pb2.CreatePostResult]:
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    return list((await edge.call(stub.CreatePosts, posts_pb2.CreatePostsRequest(drafts=drafts))).results)


async def until_answered(edge: Caller, one: posts_pb2.PostDraft) -> posts_pb2.Post:
    """Ask as the edge does, by the same id, until there is an answer: who pauses for a second is hung up on."""
    for _ in range(10):
        result = (await create(edge, one))[0]
        if result.HasField("post"):
            return result.post
        assert result.error.reason == Reason.UNAVAILABLE.value
    raise AssertionError("never answered")


async def entries(edge: Caller, ground: Ground) -> list[log_pb2.LogEntry]:
    stub = log_grpc.EventLogServiceStub(edge.channel)
    request = log_pb2.ListEventsRequest(topic=f"messaging/channel:{ground.channel}")
    return list((await edge.call(stub.ListEvents, request)).entries)


async def page(edge: Caller, ground: Ground, user_id: str, **query: object) -> posts_pb2.PostPage:
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    request = posts_pb2.ListPostsRequest(
        actor=ground.actor(user_id),
        channel_id=ground.channel,
        **({"per_page": 60} | query),  # type: ignore[arg-type]
    )
    return (await edge.call(stub.ListPosts, request)).page


async def test_concurrent_batches_get_one_contiguous_order_that_log_and_history_share(
    messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    batches = [[draft(ground, user, f"{n}") for user in (ground.alice, ground.bob)] for n in range(50)]
    answers = [r.post for batch in await asyncio.gather(*(create(edge, *b) for b in batches)) for r in batch]
    log = await entries(edge, ground)
    assert [entry.seq for entry in log] == list(range(1, 101))
    logged = [events_pb2.PostCreated.FromString(entry.body).post for entry in log]
    assert sorted(post.id for post in logged) == sorted(post.id for post in answers)
    times = [post.create_at_ms for post in logged]
    assert times == sorted(set(times))
    first = await page(edge, ground, ground.bob)
    rest = await page(edge, ground, ground.bob, page=1)
    assert [p.id for p in [*first.posts, *rest.posts]] == [p.id for p in reversed(logged)]
    assert (first.next_post_id, rest.prev_post_id) == ("", "")
    with psycopg.connect(ground.dsn) as connection:
        counts = connection.execute(
            "SELECT total_msg_count, total_msg_count_root FROM channels WHERE id = %s", (ground.channel,)
        ).fetchone()
    assert counts == (100, 100)


async def test_the_same_id_or_pending_id_answers_the_same_post_and_writes_nothing(
    messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    one = draft(ground, ground.alice, pending_post_id="p1")
    other_id = draft(ground, ground.alice, pending_post_id="p1")
    first = (await create(edge, one))[0].post
    again, twin = await create(edge, one, other_id)
    assert (again.post.id, twin.post.id) == (first.id, first.id)
    tries = [draft(ground, ground.alice, "raced", pending_post_id="p2") for _ in range(20)]
    raced = await asyncio.gather(*(create(edge, t) for t in tries))
    assert len({results[0].post.id for results in raced}) == 1
    changed = (await create(edge, draft(ground, ground.alice, "other text", pending_post_id="p1")))[0].post
    assert changed.id != first.id
    assert [entry.seq for entry in await entries(edge, ground)] == [1, 2, 3]


async def test_a_refused_draft_fails_alone_and_frees_its_pending_id(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    results = await create(
        edge,
        draft(ground, ground.carol, pending_post_id="c1"),
        draft(ground, ground.alice, "good"),
        draft(ground, ground.alice, "x" * 16_384),
        draft(ground, ground.alice, type="system_join_channel"),
        draft(ground, ground.alice, channel_id=new_id()),
        draft(ground, ground.alice, root_id=new_id()),
        draft(ground, ground.alice, "nul \x00"),
    )
    assert [r.error.reason or "ok" for r in results] == [
        "permission_denied", "ok", "post_invalid", "post_type_reserved", "permission_denied", "root_not_found",
        "post_invalid",
    ]  # fmt: skip
    assert len(await entries(edge, ground)) == 1
    with psycopg.connect(ground.dsn) as connection:
        connection.execute(
            "INSERT INTO channel_members (channel_id, user_id, last_update_at) VALUES (%s, %s, 1)",
            (ground.channel, ground.carol),
        )
    joined = (await create(edge, draft(ground, ground.carol, pending_post_id="c1")))[0]
    assert joined.WhichOneof("result") == "post"


async def test_data_that_the_database_refuses_poisons_no_neighbour(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    good = [draft(ground, ground.alice, f"{n}") for n in range(9)]
    # A lone surrogate passes every rule of length, and no UTF-8 database.
    bad = draft(ground, ground.alice, props_json='{"a":1}', type="custom_" + "x" * 50)
    with psycopg.connect(ground.dsn) as connection:
        connection.execute("ALTER TABLE posts ADD CONSTRAINT poison CHECK (type NOT LIKE 'custom_xxx%') NOT VALID")
    try:
        results = await create(edge, *good[:4], bad, *good[4:])
    finally:
        with psycopg.connect(ground.dsn) as connection:
            connection.execute("ALTER TABLE posts DROP CONSTRAINT poison")
    assert [r.WhichOneof("result") for r in results] == ["post"] * 4 + ["error"] + ["post"] * 5
    assert [entry.seq for entry in await entries(edge, ground)] == list(range(1, 10))


async def test_replies_mentions_and_the_authors_own_view_are_counted(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    bob_name = f"bob{ground.team[:6]}"
    root = (await create(edge, draft(ground, ground.alice, f"hi @{bob_name}. look")))[0].post
    replies = [draft(ground, u, "re", root_id=root.id) for u in (ground.bob, ground.alice, ground.bob)]
    made = await create(edge, *replies)
    assert [r.post.reply_count for r in made] == [1, 2, 3]
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    request = posts_pb2.GetThreadRequest(actor=ground.actor(ground.bob), post_id=replies[1].id)
    thread = await edge.call(stub.GetThread, request)
    assert [p.id for p in thread.posts] == [root.id, *(d.id for d in replies)]
    assert list(thread.posts[0].participant_ids) == [ground.bob, ground.alice]
    created = events_pb2.PostCreated.FromString((await entries(edge, ground))[0].body)
    assert list(created.mentioned_user_ids) == [ground.bob]
    with psycopg.connect(ground.dsn) as connection:
        rows: dict[str, list[int]] = dict(
            connection.execute(
                "SELECT user_id, ARRAY[msg_count, mention_count] FROM channel_members WHERE channel_id = %s",
                (ground.channel,),
            ).fetchall()
        )
    assert rows[ground.bob] == [0, 1]  # a reply shows its thread, and not the channel, to its author
    assert rows[ground.alice] == [1, 0]


async def test_editing_keeps_the_version_before_and_deleting_takes_the_replies(
    messaging: Served, ground: Ground
) -> None:
    edge = messaging.caller()
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    root = (await create(edge, draft(ground, ground.alice, "one #tag")))[0].post
    reply = (await create(edge, draft(ground, ground.bob, "re", root_id=root.id)))[0].post
    patch = posts_pb2.PatchPostRequest(actor=ground.actor(ground.alice), id=root.id, message="two")
    edited = (await edge.call(stub.PatchPost, patch)).post
    assert (edited.message, edited.hashtags, edited.reply_count) == ("two", "", 1)
    assert edited.edit_at_ms == edited.update_at_ms > root.create_at_ms
    with refused(Reason.PERMISSION_DENIED):
        await edge.call(
            stub.PatchPost, posts_pb2.PatchPostRequest(actor=ground.actor(ground.bob), id=root.id, message="mine")
        )
    since = await page(edge, ground, ground.bob, since_ms=root.create_at_ms)
    assert {p.original_id for p in since.posts} == {"", root.id}
    await edge.call(stub.DeletePost, posts_pb2.DeletePostRequest(actor=ground.actor(ground.alice), id=root.id))
    assert not (await page(edge, ground, ground.bob)).posts
    gone = await page(edge, ground, ground.bob, since_ms=edited.update_at_ms)
    assert {p.id for p in gone.posts if p.delete_at_ms} >= {root.id, reply.id}
    with refused(Reason.POST_NOT_FOUND):
        await edge.call(stub.GetPost, posts_pb2.GetPostRequest(actor=ground.actor(ground.bob), id=root.id))
    kinds = [entry.kind for entry in await entries(edge, ground)]
    assert kinds == ["post_created", "post_created", "post_edited", "post_deleted"]


async def test_reactions_are_once_and_follow_the_post(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    post = (await create(edge, draft(ground, ground.alice)))[0].post
    stub = reactions_pb2_grpc.ReactionServiceStub(edge.channel)
    add = reactions_pb2.AddReactionRequest(actor=ground.actor(ground.bob), post_id=post.id, emoji_name="+1")
    first = (await edge.call(stub.AddReaction, add)).reaction
    assert (await edge.call(stub.AddReaction, add)).reaction == first
    shown = (await page(edge, ground, ground.alice)).posts[0]
    assert shown.has_reactions
    assert [r.emoji_name for r in shown.reactions] == ["+1"]
    remove = reactions_pb2.RemoveReactionRequest(
        actor=ground.actor(ground.bob), user_id=ground.bob, post_id=post.id, emoji_name="+1"
    )
    await edge.call(stub.RemoveReaction, remove)
    await edge.call(stub.RemoveReaction, remove)
    assert not (await page(edge, ground, ground.alice)).posts[0].has_reactions
    kinds = [entry.kind for entry in await entries(edge, ground)]
    assert kinds == ["post_created", "reaction_added", "reaction_removed"]
    with refused(Reason.INVALID_REACTION):
        bad = reactions_pb2.AddReactionRequest(actor=ground.actor(ground.bob), post_id=post.id, emoji_name="a b")
        await edge.call(stub.AddReaction, bad)
    with refused(Reason.PERMISSION_DENIED):
        foreign = reactions_pb2.AddReactionRequest(actor=ground.actor(ground.carol), post_id=post.id, emoji_name="+1")
        await edge.call(stub.AddReaction, foreign)


async def test_pages_around_an_anchor_name_their_neighbours(messaging: Served, ground: Ground) -> None:
    edge = messaging.caller()
    ids = [r.post.id for r in await create(edge, *(draft(ground, ground.alice, f"{n}") for n in range(10)))]
    before = await page(edge, ground, ground.bob, before=ids[5], per_page=2)
    assert ([p.id for p in before.posts], before.next_post_id, before.prev_post_id) == (
        [ids[4], ids[3]], ids[5], ids[2],
    )  # fmt: skip
    after = await page(edge, ground, ground.bob, after=ids[5], per_page=2)
    assert ([p.id for p in after.posts], after.next_post_id, after.prev_post_id) == ([ids[7], ids[6]], ids[8], ids[5])
    with refused(Reason.PERMISSION_DENIED):
        request = posts_pb2.ListPostsRequest(actor=ground.actor(ground.carol), channel_id=ground.private, per_page=5)
        await edge.call(posts_pb2_grpc.PostServiceStub(edge.channel).ListPosts, request)


async def test_only_envoy_and_only_declared_callers_may_post(messaging: Served, ground: Ground) -> None:
    for caller in (messaging.caller("files"), messaging.caller(None), messaging.caller("edge", identity="edge")):
        with refused(Reason.CALLER_REFUSED):
            await create(caller, draft(ground, ground.alice))
    with refused(Reason.INVALID_ARGUMENT, field="drafts[0].actor"):
        await create(messaging.caller(), posts_pb2.PostDraft(id=new_id(), channel_id=ground.channel))
