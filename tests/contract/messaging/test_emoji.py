"""Custom emoji through generated stubs, the real gate and a real database."""

from chorus.messaging.v1 import emoji_pb2 as pb
from chorus.messaging.v1 import emoji_pb2_grpc, posts_pb2, posts_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted


async def test_a_name_is_one_emojis_until_it_is_removed(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    root, guest = await scene.user("root", "system_user", "system_admin"), await scene.user("guest", "system_guest")
    stub = emoji_pb2_grpc.EmojiServiceStub(scene.caller.channel)

    async def create(by: str, name: str, emoji_id: str = "") -> pb.Emoji:
        request = pb.CreateEmojiRequest(actor=scene.actor(by), id=emoji_id or new_id(), name=name)
        return (await scene.call(stub.CreateEmoji, request)).emoji

    async def delete(by: str, emoji_id: str) -> None:
        await scene.call(stub.DeleteEmoji, pb.DeleteEmojiRequest(actor=scene.actor(by), id=emoji_id))

    async def find(*names: str) -> list[str]:
        request = pb.FindEmojiRequest(actor=scene.actor(bob), names=names)
        return [emoji.id for emoji in (await scene.call(stub.FindEmoji, request)).emoji]

    before = len(await scene.kinds("cluster"))
    made = await create(alice, "parrot_a")
    assert await create(alice, "parrot_a", made.id) == made
    assert (await scene.kinds("cluster"))[before:] == ["emoji_added"]
    for by, name, reason in (
        (bob, "parrot_a", Reason.INVALID_EMOJI),
        (bob, "smile", Reason.INVALID_EMOJI),
        (guest, "parrot_b", Reason.PERMISSION_DENIED),
    ):
        with refused(reason):
            await create(by, name)
        with refused(reason):
            await scene.call(stub.CheckNewEmoji, pb.CheckNewEmojiRequest(actor=scene.actor(by), name=name))
    search = pb.SearchEmojiRequest(actor=scene.actor(bob), term="PARROT_", prefix_only=True, limit=10)
    assert [emoji.id for emoji in (await scene.call(stub.SearchEmoji, search)).emoji] == [made.id]
    with refused(Reason.PERMISSION_DENIED):
        await delete(bob, made.id)
    assert await find("parrot_a", "nothing") == [made.id]
    await delete(root, made.id)
    assert await find("parrot_a") == []
    with refused(Reason.EMOJI_NOT_FOUND):
        await delete(alice, made.id)
    assert (await create(bob, "parrot_a")).id != made.id


async def test_new_posts_show_their_emoji_for_two_statements_a_batch(scene: Scene) -> None:
    alice = await scene.user("alice")
    channel = await scene.channel(alice, (await scene.team(alice)).id)
    stub = emoji_pb2_grpc.EmojiServiceStub(scene.caller.channel)
    posts = posts_pb2_grpc.PostServiceStub(scene.caller.channel)
    made = (
        await scene.call(
            stub.CreateEmoji, pb.CreateEmojiRequest(actor=scene.actor(alice), id=new_id(), name="parrot_c")
        )
    ).emoji

    async def say(number: int, text: str) -> tuple[int, list[posts_pb2.Post]]:
        drafts = [
            posts_pb2.PostDraft(id=new_id(), actor=scene.actor(alice), channel_id=channel.id, message=text)
            for _ in range(number)
        ]
        with counted() as seen:
            answer = await scene.call(posts.CreatePosts, posts_pb2.CreatePostsRequest(drafts=drafts))
        return len([sql for sql in seen if "FROM emoji" in sql]), [result.post for result in answer.results]

    for number in (1, 20):
        cost, plain = await say(number, ":smile: and nothing else")
        assert cost == 0
        cost, shown = await say(number, ":smile: :parrot_c: :nothing:")
        assert cost == 2
        assert [list(post.emoji) for post in (*plain, *shown)] == [[]] * number + [[made]] * number
    *_, (_, event) = await scene.events(f"channel:{channel.id}")
    assert list(event.post.emoji) == [made]
