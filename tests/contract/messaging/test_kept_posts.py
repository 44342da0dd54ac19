"""Pinned and saved posts, and reactions of many posts, cost as many statements for many as for one."""

from chorus.messaging.v1 import posts_pb2, posts_pb2_grpc, reactions_pb2, reactions_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted


async def _write(scene: Scene, user_id: str, channel_id: str, count: int = 1) -> list[str]:
    stub = posts_pb2_grpc.PostServiceStub(scene.caller.channel)
    ids = [new_id() for _ in range(count)]
    drafts = [
        posts_pb2.PostDraft(actor=scene.actor(user_id), id=post_id, channel_id=channel_id, message="keep this")
        for post_id in ids
    ]
    results = (await scene.call(stub.CreatePosts, posts_pb2.CreatePostsRequest(drafts=drafts))).results
    assert all(result.HasField("post") for result in results)
    return ids


async def test_many_posts_of_many_channels_cost_as_much_as_one(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    channels = [await scene.channel(alice, team.id) for _ in range(5)]
    ids = [post_id for channel in channels for post_id in await _write(scene, alice, channel.id, 4)]
    posts = posts_pb2_grpc.PostServiceStub(scene.caller.channel)
    reactions = reactions_pb2_grpc.ReactionServiceStub(scene.caller.channel)
    costs = []
    for some in (ids[:1], ids):
        with counted() as statements:
            saved = posts_pb2.ListSavedPostsRequest(actor=scene.actor(alice), ids=some, per_page=60)
            found = (await scene.call(posts.ListSavedPosts, saved)).posts
            asked = reactions_pb2.ListReactionsOfPostsRequest(actor=scene.actor(alice), post_ids=some)
            await scene.call(reactions.ListReactionsOfPosts, asked)
        assert {post.id for post in found} == set(some)
        costs.append(len(statements))
    assert costs[0] == costs[1]


async def test_a_post_is_pinned_once_by_who_reads_it(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = await scene.channel(alice, team.id)
    (post_id,) = await _write(scene, alice, channel.id)
    stub = posts_pb2_grpc.PostServiceStub(scene.caller.channel)

    async def pin(by: str, pinned: bool) -> None:
        await scene.call(stub.PinPost, posts_pb2.PinPostRequest(actor=scene.actor(by), id=post_id, pinned=pinned))

    for _ in range(2):  # bob reads the open channel without being in it
        await pin(bob, True)
    assert (await scene.kinds(f"channel:{channel.id}")).count("post_edited") == 1
    listed = posts_pb2.ListPinnedPostsRequest(actor=scene.actor(bob), channel_id=channel.id)
    assert [post.id for post in (await scene.call(stub.ListPinnedPosts, listed)).posts] == [post_id]
    await pin(alice, False)
    assert (await scene.call(stub.ListPinnedPosts, listed)).posts == []
    with refused(Reason.PERMISSION_DENIED):
        await pin(await scene.user("stranger"), True)
