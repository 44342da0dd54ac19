"""Drafts through generated stubs, the real gate and a real database."""

from typing import Any

from chorus.common.v1 import actor_pb2
from chorus.messaging.v1 import drafts_pb2 as pb
from chorus.messaging.v1 import drafts_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused


class Desk:
    """A user at one of its connections."""

    def __init__(self, scene: Scene, user_id: str, connection_id: str = "") -> None:
        self.scene, self.user_id = scene, user_id
        self.stub = drafts_pb2_grpc.DraftServiceStub(scene.caller.channel)
        self.actor = actor_pb2.Actor(
            user_id=user_id, roles=scene.auth.users[user_id].roles, connection_id=connection_id
        )

    async def save(self, channel_id: str, message: str, **fields: Any) -> pb.SaveDraftResponse:
        draft = pb.Draft(channel_id=channel_id, message=message, **fields)
        return await self.scene.call(self.stub.SaveDraft, pb.SaveDraftRequest(actor=self.actor, draft=draft))

    async def texts(self, team_id: str) -> list[str]:
        request = pb.ListDraftsRequest(actor=self.actor, team_id=team_id)
        return [draft.message for draft in (await self.scene.call(self.stub.ListDrafts, request)).drafts]

    async def delete(self, channel_id: str, root_id: str = "") -> None:
        request = pb.DeleteDraftRequest(actor=self.actor, channel_id=channel_id, root_id=root_id)
        await self.scene.call(self.stub.DeleteDraft, request)


async def test_there_is_one_draft_a_place_and_an_empty_one_is_none(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    one, two = await scene.channel(alice, team.id), await scene.channel(alice, team.id)
    connection = new_id()
    desk = Desk(scene, alice, connection)
    first = (await desk.save(one.id, "a")).draft
    await desk.save(two.id, "b")
    again = (await desk.save(one.id, "a more", props_json='{"x":1}')).draft
    assert (again.create_at_ms, again.props_json) == (first.create_at_ms, '{"x":1}')
    assert again.update_at_ms > first.update_at_ms
    assert await desk.texts(team.id) == ["a more", "b"]
    assert not (await desk.save(two.id, "")).HasField("draft")
    await desk.delete(one.id)
    await desk.delete(one.id)
    assert await desk.texts(team.id) == []
    told = [(kind, body) for kind, body in await scene.events(f"user:{alice}") if kind.startswith("draft")]
    assert [kind for kind, _ in told] == ["draft_saved"] * 3 + ["draft_deleted"] * 2
    assert {body.connection_id for _, body in told} == {connection}


async def test_drafts_are_ones_own_and_of_channels_where_one_may_write(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = await scene.channel(alice, team.id)
    await scene.enter(channel.id, bob)
    his, hers = Desk(scene, bob), Desk(scene, alice)
    await his.save(channel.id, "mine")
    await hers.save(channel.id, "hers")
    assert (await his.texts(team.id), await hers.texts(team.id)) == (["mine"], ["hers"])
    await scene.exit(channel.id, bob)
    assert await his.texts(team.id) == []
    for channel_id in (channel.id, new_id()):
        with refused(Reason.PERMISSION_DENIED):
            await his.save(channel_id, "again")
    with refused(Reason.PERMISSION_DENIED):
        await his.texts((await scene.team(alice)).id)
    with refused(Reason.DRAFT_INVALID, field="message_length"):
        await hers.save(channel.id, "x" * 16_384)
    assert await hers.texts(team.id) == ["hers"]
