"""Channels through generated stubs, the real gate and a real database."""

import asyncio

import pytest

from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused


async def patch(scene: Scene, user_id: str, channel_id: str, **fields: str) -> channels_pb2.Channel:
    request = channels_pb2.PatchChannelRequest(actor=scene.actor(user_id), id=channel_id, **fields)
    return (await scene.call(scene.channels.PatchChannel, request)).channel


async def delete(scene: Scene, user_id: str, channel_id: str) -> None:
    await scene.call(
        scene.channels.DeleteChannel, channels_pb2.DeleteChannelRequest(actor=scene.actor(user_id), id=channel_id)
    )


async def get(scene: Scene, user_id: str, channel_id: str) -> channels_pb2.Channel:
    request = channels_pb2.GetChannelRequest(actor=scene.actor(user_id), id=channel_id)
    return (await scene.call(scene.channels.GetChannel, request)).channel


async def direct(scene: Scene, actor: str, *user_ids: str) -> channels_pb2.Channel:
    request = channels_pb2.CreateDirectChannelRequest(actor=scene.actor(actor), user_ids=user_ids)
    return (await scene.call(scene.channels.CreateDirectChannel, request)).channel


async def group(scene: Scene, actor: str, *user_ids: str) -> channels_pb2.Channel:
    request = channels_pb2.CreateGroupChannelRequest(actor=scene.actor(actor), user_ids=user_ids)
    return (await scene.call(scene.channels.CreateGroupChannel, request)).channel


async def test_a_new_channel_has_its_creator_as_administrator_and_tells_of_it(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    channel = await scene.channel(alice, team.id, header="hi", purpose="why")
    assert (channel.creator_id, channel.header, channel.purpose) == (alice, "hi", "why")
    assert await scene.kinds(f"channel:{channel.id}") == ["member_added", "post_created"]
    assert (await scene.kinds(f"user:{alice}"))[-2:] == ["channel_created", "channel_joined"]
    assert scene.sql("SELECT scheme_admin FROM channel_members WHERE channel_id = %s", channel.id) == [(True,)]
    with refused(Reason.CHANNEL_NAME_TAKEN):
        await scene.channel(alice, team.id, name=channel.name)
    await delete(scene, alice, channel.id)
    with refused(Reason.CHANNEL_NAME_TAKEN):
        await scene.channel(alice, team.id, name=channel.name)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "D"}, Reason.INVALID_CHANNEL_TYPE),
        ({"type": "X"}, Reason.INVALID_CHANNEL),
        ({"name": "With Space"}, Reason.INVALID_CHANNEL),
        ({"name": "a" * 40}, Reason.INVALID_CHANNEL),
        ({"name": f"{'a' * 26}__{'b' * 26}"}, Reason.INVALID_CHANNEL),
        ({"display_name": " "}, Reason.INVALID_CHANNEL),
        ({"header": "x" * 1025}, Reason.INVALID_CHANNEL),
        ({"purpose": "x" * 251}, Reason.INVALID_CHANNEL),
        ({"purpose": "a\x00"}, Reason.INVALID_CHANNEL),
        ({"team_id": new_id()}, Reason.TEAM_NOT_FOUND),
    ],
)
async def test_a_channel_that_may_not_be_is_refused(scene: Scene, fields: dict[str, str], reason: Reason) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    with refused(reason):
        await scene.channel(alice, **({"team_id": team.id} | fields))


async def test_a_private_channel_is_hidden_from_those_who_are_not_in_it(scene: Scene) -> None:
    alice, bob, eve = await scene.user("alice"), await scene.user("bob"), await scene.user("eve")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    private = await scene.channel(bob, team.id, type="P")
    open_one = await scene.channel(alice, team.id)
    await scene.join(team.id, eve)
    with refused(Reason.CHANNEL_NAME_NOT_FOUND):
        await scene.named(eve, team.id, private.name)
    with refused(Reason.CHANNEL_NAME_NOT_FOUND):
        await scene.named(eve, team.id, "nothing-there")
    with refused(Reason.PERMISSION_DENIED):
        await get(scene, eve, private.id)
    with refused(Reason.CHANNEL_NOT_FOUND):
        await get(scene, eve, new_id())
    assert (await get(scene, eve, open_one.id)).id == open_one.id
    assert (await scene.named(alice, team.id, private.name)).id == private.id  # a team's administrator
    by_team_name = channels_pb2.GetChannelByNameRequest(actor=scene.actor(bob), team_name=team.name, name=private.name)
    assert (await scene.call(scene.channels.GetChannelByName, by_team_name)).channel.id == private.id
    stranger = await scene.user("stranger")
    with refused(Reason.PERMISSION_DENIED):
        await get(scene, stranger, open_one.id)
    with refused(Reason.PERMISSION_DENIED):
        await scene.call(
            scene.channels.GetStats,
            channels_pb2.GetStatsRequest(actor=scene.actor(eve), channel_id=open_one.id),
        )


async def test_lists_hold_what_one_is_in_and_what_is_open(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    secret = await scene.channel(alice, team.id, type="P", display_name="A secret")
    gone = await scene.channel(bob, team.id, display_name="B gone")
    note = await direct(scene, bob, bob, alice)
    await delete(scene, bob, gone.id)

    async def mine(user_id: str, by: str = "", **fields: object) -> set[str]:
        request = channels_pb2.ListChannelsForUserRequest(
            actor=scene.actor(by or user_id),
            user_id=user_id,
            **({"team_id": team.id} | fields),  # type: ignore[arg-type]
        )
        return {c.id for c in (await scene.call(scene.channels.ListChannelsForUser, request)).channels}

    assert {secret.id, note.id} <= await mine(alice)
    assert secret.id not in await mine(bob)
    assert gone.id not in await mine(bob)
    assert gone.id in await mine(bob, include_deleted=True)
    assert gone.id not in await mine(bob, include_deleted=True, last_delete_at_ms=2**50)
    assert note.id in await mine(bob, team_id="")
    with refused(Reason.PERMISSION_DENIED):
        await mine(alice, by=bob)
    request = channels_pb2.ListPublicChannelsRequest(actor=scene.actor(bob), team_id=team.id, per_page=60)
    listed = (await scene.call(scene.channels.ListPublicChannels, request)).channels
    assert [c.name for c in listed] == ["off-topic", "town-square"]


async def test_a_change_is_announced_and_noted_in_the_channel(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = await scene.channel(alice, team.id)
    name = scene.name_of(alice)
    await patch(scene, alice, channel.id, header="one", display_name="New name")
    after = await patch(scene, alice, channel.id, header="two", purpose="why")
    assert (after.header, after.purpose, after.display_name) == ("two", "why", "New name")
    assert (await scene.notices(channel.id))[1:] == [
        (
            "system_displayname_change",
            f"{name} updated the channel display name from: {channel.display_name} to: New name",
        ),
        ("system_header_change", f"{name} updated the channel header to: one"),
        ("system_header_change", f"{name} updated the channel header from: one to: two"),
        ("system_purpose_change", f"{name} updated the channel purpose to: why"),
    ]
    assert (await scene.kinds(f"channel:{channel.id}")).count("channel_updated") == 2
    assert (await get(scene, alice, channel.id)).total_msg_count == 4
    before = len(await scene.events(f"channel:{channel.id}"))
    await patch(scene, alice, channel.id, header="two")
    assert len(await scene.events(f"channel:{channel.id}")) == before
    square = await scene.named(alice, team.id, "town-square")
    for fields, reason, where in (
        ({"name": "town-square"}, Reason.CHANNEL_NAME_TAKEN, channel.id),
        ({"name": "other"}, Reason.DEFAULT_CHANNEL_NAME_FIXED, square.id),
        ({"display_name": "x" * 65}, Reason.INVALID_CHANNEL, channel.id),
    ):
        with refused(reason):
            await patch(scene, alice, where, **fields)
    with refused(Reason.PERMISSION_DENIED):
        await patch(scene, bob, channel.id, header="mine")
    note = await direct(scene, alice, alice, bob)
    assert (await patch(scene, bob, note.id, header="for us")).header == "for us"
    with refused(Reason.INVALID_CHANNEL, field="name"):
        await patch(scene, bob, note.id, name="ours")


async def test_an_archived_channel_is_told_to_the_team_only_when_it_was_open(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    open_one, private = await scene.channel(alice, team.id), await scene.channel(alice, team.id, type="P")
    with refused(Reason.PERMISSION_DENIED):
        await delete(scene, bob, open_one.id)
    for channel in (open_one, private):
        await delete(scene, alice, channel.id)
        assert (await scene.kinds(f"channel:{channel.id}"))[-2:] == ["post_created", "channel_archived"]
        assert (await scene.notices(channel.id))[-1][0] == "system_channel_deleted"
    archived = [b.channel_id for kind, b in await scene.events(f"team:{team.id}") if kind == "channel_archived"]
    assert archived == [open_one.id]
    square, note = await scene.named(alice, team.id, "town-square"), await direct(scene, alice, alice, bob)
    for where, reason in (
        (open_one.id, Reason.CHANNEL_ALREADY_ARCHIVED),
        (square.id, Reason.DEFAULT_CHANNEL_NOT_DELETABLE),
        (note.id, Reason.CHANNEL_TYPE_NOT_DELETABLE),
        (new_id(), Reason.CHANNEL_NOT_FOUND),
    ):
        with refused(reason):
            await delete(scene, alice, where)
    with refused(Reason.CHANNEL_ARCHIVED):
        await patch(scene, alice, open_one.id, header="late")
    with refused(Reason.CHANNEL_NAME_NOT_FOUND):
        await scene.named(alice, team.id, open_one.name)
    assert (await scene.named(alice, team.id, open_one.name, include_deleted=True)).delete_at_ms > 0


async def test_ten_at_once_make_one_direct_channel_and_each_user_hears_once(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    made = await asyncio.gather(*(direct(scene, user, alice, bob) for user in (alice, bob) * 5))
    assert len({channel.id for channel in made}) == 1
    channel = made[0]
    assert (channel.name, channel.team_id, channel.display_name) == ("__".join(sorted((alice, bob))), "", "")
    for user, other in ((alice, bob), (bob, alice)):
        ((kind, body),) = await scene.events(f"user:{user}")
        assert (kind, body.is_new, body.teammate_id, body.channel_seq) == ("channel_joined", True, other, 0)
    rows = scene.sql("SELECT count(*) FROM channel_members WHERE channel_id = %s", channel.id)
    assert rows == [(2,)]
    assert scene.deadlocks() == 0


async def test_direct_and_group_channels_are_of_those_who_may_make_them(scene: Scene) -> None:
    alice, bob, carol, dave = [await scene.user(name) for name in ("alice", "bob", "carol", "dave")]
    note = await direct(scene, alice, alice, alice)
    assert note.name == f"{alice}__{alice}"
    with refused(Reason.DIRECT_CHANNEL_USERS):
        await direct(scene, alice, alice)
    with refused(Reason.PERMISSION_DENIED):
        await direct(scene, carol, alice, bob)
    with refused(Reason.USER_NOT_FOUND):
        await direct(scene, alice, alice, new_id())
    admin = await scene.user("root", "system_admin", "system_user")
    assert (await direct(scene, admin, alice, bob)).id == (await direct(scene, alice, bob, alice)).id
    first = await group(scene, alice, bob, carol)
    assert (await group(scene, carol, alice, bob, carol)).id == first.id
    assert first.display_name == ", ".join(sorted(scene.name_of(user) for user in (alice, bob, carol)))[:64]
    _, body = (await scene.events(f"user:{carol}"))[-1]
    assert sorted(body.teammate_ids) == sorted((alice, bob, carol))
    with refused(Reason.GROUP_CHANNEL_SIZE):
        await group(scene, alice, dave)
    guest = await scene.user("guest", "system_guest")
    with refused(Reason.PERMISSION_DENIED, permission="view_members"):
        await direct(scene, guest, guest, alice)


async def test_other_services_ask_many_questions_at_once(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    open_one, private = await scene.channel(alice, team.id), await scene.channel(alice, team.id, type="P")
    questions = [
        (alice, private.id, "upload_file", True),
        (bob, private.id, "upload_file", False),
        (bob, open_one.id, "read_channel_content", True),
        (bob, open_one.id, "create_post", False),
        (bob, new_id(), "read_channel_content", False),
    ]
    request = channels_pb2.CheckAccessRequest(
        checks=[
            channels_pb2.AccessCheck(actor=scene.actor(user), channel_id=channel, permission=permission)
            for user, channel, permission, _ in questions
        ]
    )
    files = scene.served.caller("files")
    stub = channels_pb2_grpc.ChannelServiceStub(files.channel)
    answer = await files.call(stub.CheckAccess, request)
    assert list(answer.allowed) == [expected for *_, expected in questions]
    assert list((await scene.call(scene.channels.CheckAccess, channels_pb2.CheckAccessRequest())).allowed) == []


async def test_stats_count_members_guests_and_pins(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    square = await scene.named(alice, team.id, "town-square")
    request = channels_pb2.GetStatsRequest(actor=scene.actor(alice), channel_id=square.id)
    stats = await scene.call(scene.channels.GetStats, request)
    assert (stats.member_count, stats.guest_count, stats.pinned_post_count, stats.files_count) == (2, 0, 0, 0)
