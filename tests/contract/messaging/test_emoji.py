"""Custom emoji through generated stubs, the real gate and a real database."""

from chorus.messaging.v1 import emoji_pb2 as pb
from chorus.messaging.v1 import emoji_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused


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
