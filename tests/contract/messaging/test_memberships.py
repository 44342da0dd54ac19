"""Memberships through generated stubs, the real gate and a real database."""

import asyncio

from chorus.common.v1 import actor_pb2
from chorus.messaging.v1 import channels_pb2, memberships_pb2, posts_pb2, posts_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted


async def view(scene: Scene, user_id: str, *channel_ids: str, by: str = "") -> dict[str, int]:
    request = memberships_pb2.ViewChannelsRequest(
        actor=scene.actor(by or user_id), user_id=user_id, channel_ids=channel_ids
    )
    return dict((await scene.call(scene.members.ViewChannels, request)).last_viewed_at_ms)


async def unread(scene: Scene, user_id: str, channel_id: str) -> tuple[int, int]:
    request = memberships_pb2.GetUnreadRequest(actor=scene.actor(user_id), user_id=user_id, channel_id=channel_id)
    answer = await scene.call(scene.members.GetUnread, request)
    return answer.msg_count, answer.mention_count


async def post(scene: Scene, user_id: str, channel_id: str, message: str) -> None:
    stub = posts_pb2_grpc.PostServiceStub(scene.caller.channel)
    draft = posts_pb2.PostDraft(id=new_id(), actor=scene.actor(user_id), channel_id=channel_id, message=message)
    (result,) = (await scene.call(stub.CreatePosts, posts_pb2.CreatePostsRequest(drafts=[draft]))).results
    assert result.HasField("post")


async def baseline(scene: Scene, *user_ids: str) -> list[dict[str, int]]:
    request = memberships_pb2.GetBaselineRequest(user_ids=user_ids)
    answer = await scene.call(scene.members.GetBaseline, request)
    assert answer.incarnation
    assert [b.user_id for b in answer.baselines] == list(user_ids)
    return [{t.topic.removeprefix("messaging/"): t.seq for t in b.topics} for b in answer.baselines]


async def test_many_are_added_at_once_and_each_fails_alone(scene: Scene) -> None:
    alice, bob, carol, eve = [await scene.user(name) for name in ("alice", "bob", "carol", "eve")]
    team = await scene.team(alice)
    for user in (bob, carol):
        await scene.join(team.id, user)
    channel = await scene.channel(alice, team.id, type="P")
    nobody = new_id()
    results = await scene.enter(channel.id, bob, eve, nobody, alice, carol, bob, by=alice)
    assert [r.user_id for r in results] == [bob, eve, nobody, alice, carol, bob]
    assert [r.error.reason for r in results] == ["", "team_member_not_found", "user_not_found", "", "", ""]
    assert results[0].member.last_viewed_at_ms == -1  # when others last looked is nobody's business
    names = {user: scene.name_of(user) for user in (alice, bob, carol)}
    assert (await scene.notices(channel.id))[1:] == [
        ("system_add_to_channel", f"{names[bob]} added to the channel by {names[alice]}."),
        ("system_add_to_channel", f"{names[carol]} added to the channel by {names[alice]}."),
    ]
    events = await scene.events(f"channel:{channel.id}")
    seqs = {b.user_id: seq for seq, (kind, b) in enumerate(events, 1) if kind == "member_added"}
    kind, joined = (await scene.events(f"user:{bob}"))[-1]
    assert (kind, joined.channel_id, joined.channel_seq) == ("channel_joined", channel.id, seqs[bob])
    assert await unread(scene, bob, channel.id) == (0, 1)  # being added mentions
    before = len(events)
    await scene.enter(channel.id, bob, by=alice)
    assert len(await scene.events(f"channel:{channel.id}")) == before


async def test_who_may_come_and_who_may_bring_others(scene: Scene) -> None:
    alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
    team = await scene.team(alice)
    for user in (bob, carol):
        await scene.join(team.id, user)
    open_one, private = await scene.channel(alice, team.id), await scene.channel(alice, team.id, type="P")
    with refused(Reason.PERMISSION_DENIED, permission="manage_public_channel_members"):
        await scene.enter(open_one.id, carol, by=bob)
    with refused(Reason.PERMISSION_DENIED, permission="manage_private_channel_members"):
        await scene.enter(private.id, bob)
    assert not (await scene.enter(open_one.id, bob))[0].error.reason
    assert (await scene.notices(open_one.id))[-1] == (
        "system_join_channel",
        f"{scene.name_of(bob)} joined the channel.",
    )
    await scene.enter(open_one.id, carol, by=bob)
    with refused(Reason.CHANNEL_NOT_FOUND):
        await scene.enter(new_id(), bob)


async def test_leaving_ends_in_order_and_town_square_is_for_all(scene: Scene) -> None:
    alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
    team = await scene.team(alice)
    for user in (bob, carol):
        await scene.join(team.id, user)
    channel = await scene.channel(alice, team.id)
    await scene.enter(channel.id, bob)
    await scene.exit(channel.id, bob)
    events = await scene.events(f"channel:{channel.id}")
    assert [kind for kind, _ in events[-2:]] == ["member_removed", "post_created"]
    kind, left = (await scene.events(f"user:{bob}"))[-1]
    assert (kind, left.channel_seq, left.remover_id) == ("channel_left", len(events) - 1, bob)
    with refused(Reason.MEMBER_NOT_FOUND):
        await scene.exit(channel.id, bob)
    await scene.enter(channel.id, carol)
    await scene.exit(channel.id, carol, by=alice)
    assert (await scene.notices(channel.id))[-1] == (
        "system_remove_from_channel",
        f"{scene.name_of(carol)} was removed from the channel.",
    )
    square = await scene.named(alice, team.id, "town-square")
    with refused(Reason.DEFAULT_CHANNEL_NOT_LEAVABLE):
        await scene.exit(square.id, bob)
    with refused(Reason.PERMISSION_DENIED):
        await scene.exit(channel.id, alice, by=bob)


async def test_looking_clears_what_was_unread_and_is_told_once(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = await scene.channel(alice, team.id)
    await scene.enter(channel.id, bob)
    await post(scene, alice, channel.id, f"hello @{scene.name_of(bob)}")
    await post(scene, alice, channel.id, "again")
    assert await unread(scene, bob, channel.id) == (2, 1)
    times = await view(scene, bob, channel.id, new_id())
    assert list(times) == [channel.id]
    assert await unread(scene, bob, channel.id) == (0, 0)
    kind, viewed = (await scene.events(f"user:{bob}"))[-1]
    assert (kind, dict(viewed.channel_times)) == ("channels_viewed", times)
    before = len(await scene.events(f"user:{bob}"))
    assert await view(scene, bob, channel.id) == times
    assert len(await scene.events(f"user:{bob}")) == before
    with refused(Reason.PERMISSION_DENIED):
        await view(scene, bob, channel.id, by=alice)
    eve = await scene.user("eve")
    with refused(Reason.PERMISSION_DENIED):
        await unread(scene, eve, channel.id)


async def test_a_baseline_holds_what_one_is_in_with_positions_of_one_moment(scene: Scene) -> None:
    alice, bob, eve = await scene.user("alice"), await scene.user("bob"), await scene.user("eve")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    private = await scene.channel(alice, team.id, type="P")
    square, off_topic = [await scene.named(bob, team.id, name) for name in ("town-square", "off-topic")]
    of_alice, of_bob, of_eve = await baseline(scene, alice, bob, eve)
    everybody = len(await scene.kinds("cluster"))
    assert of_eve == {"cluster": everybody, f"user:{eve}": 0}
    assert set(of_bob) == {
        "cluster",
        f"user:{bob}",
        f"team:{team.id}",
        f"channel:{square.id}",
        f"channel:{off_topic.id}",
    }
    assert of_alice[f"channel:{private.id}"] == 2
    for topic, seq in (of_alice | of_bob).items():
        assert seq == len(await scene.events(topic))
    await scene.quit(team.id, bob)
    assert set((await baseline(scene, bob))[0]) == {"cluster", f"user:{bob}"}


async def test_members_are_listed_for_members_and_users_found_by_their_names(scene: Scene) -> None:
    alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    channel = await scene.channel(alice, team.id)
    square = await scene.named(alice, team.id, "town-square")
    request = memberships_pb2.ListMembersRequest(actor=scene.actor(alice), channel_id=square.id, per_page=60)
    members = (await scene.call(scene.members.ListMembers, request)).members
    assert [m.user_id for m in members] == sorted((alice, bob))
    request.actor.CopyFrom(scene.actor(carol))
    with refused(Reason.PERMISSION_DENIED):
        await scene.call(scene.members.ListMembers, request)
    own = memberships_pb2.ListMembershipsForUserRequest(actor=scene.actor(bob), user_id=bob, team_id=team.id)
    assert len((await scene.call(scene.members.ListMembershipsForUser, own)).members) == 2

    async def find(**fields: object) -> list[str]:
        find = memberships_pb2.FindUserIdsRequest(**({"per_page": 60} | fields))  # type: ignore[arg-type]
        return list((await scene.call(scene.members.FindUserIds, find)).user_ids)

    await scene.auth.change(bob, first_name="Robert", last_name="Under_score", nickname="Bobby")
    await scene.join(team.id, carol)  # an operation that knows carol; bob's change came before
    named = scene.name_of(bob)
    assert await find(term=named.upper(), in_team_id=team.id) == [bob]
    assert await find(term="bobb", in_team_id=team.id) == [bob]
    assert await find(term="rob", in_team_id=team.id) == []
    assert await find(term="robert under", in_team_id=team.id, match_names=True) == [bob]
    assert await find(term="%", in_team_id=team.id) == []
    assert bob in await find(in_team_id=team.id, not_in_channel_id=channel.id)
    assert alice not in await find(in_team_id=team.id, not_in_channel_id=channel.id)
    assert await find(in_channel_id=channel.id) == [alice]
    await scene.auth.change(carol, delete_at_ms=5)
    await scene.join(team.id, await scene.user("late"))
    assert carol not in await find(in_team_id=team.id)
    assert carol in await find(in_team_id=team.id, include_inactive=True)


async def test_a_guest_sees_those_of_its_channels_only(scene: Scene) -> None:
    alice, bob, guest = await scene.user("alice"), await scene.user("bob"), await scene.user("guest", "system_guest")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    admin = await scene.user("root", "system_admin", "system_user")
    await scene.join(team.id, guest, by=admin)
    channel = await scene.channel(alice, team.id, type="P")
    await scene.enter(channel.id, guest, by=alice)
    request = memberships_pb2.FindVisibleUserIdsRequest(viewer_id=guest, user_ids=[bob, alice, guest, new_id()])
    assert list((await scene.call(scene.members.FindVisibleUserIds, request)).user_ids) == [alice, guest]


async def test_coming_and_going_at_once_deadlocks_never_and_leaves_no_gap(scene: Scene) -> None:
    alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
    team = await scene.team(alice)
    for user in (bob, carol):
        await scene.join(team.id, user)
    channels = [await scene.channel(alice, team.id) for _ in range(3)]

    async def restless(user: str) -> None:
        for _ in range(6):
            await asyncio.gather(*(scene.enter(channel.id, user) for channel in channels))
            await asyncio.gather(
                *(post(scene, user, channel.id, f"@{scene.name_of(alice)} hi") for channel in channels),
                view(scene, alice, *(channel.id for channel in channels)),
            )
            await asyncio.gather(*(scene.exit(channel.id, user) for channel in reversed(channels)))

    async def wandering(user: str) -> None:
        for _ in range(6):
            await scene.join(team.id, user)
            await asyncio.gather(*(scene.enter(channel.id, user) for channel in channels))
            await scene.quit(team.id, user)

    dave = await scene.user("dave")
    await asyncio.gather(restless(bob), restless(carol), wandering(dave))
    assert scene.deadlocks() == 0
    for channel in channels:
        kinds = await scene.kinds(f"channel:{channel.id}")  # contiguous, or it fails
        assert kinds.count("member_added") == 1 + 3 * 6
        assert kinds.count("member_removed") == 3 * 6
        times = scene.sql("SELECT create_at FROM posts WHERE channel_id = %s ORDER BY create_at", channel.id)
        assert len(times) == len(set(times)) == kinds.count("post_created")
    assert (await baseline(scene, bob))[0].keys().isdisjoint(f"channel:{channel.id}" for channel in channels)


async def test_a_user_who_is_nobody_gets_no_answer_about_others(scene: Scene) -> None:
    alice = await scene.user("alice")
    nobody = actor_pb2.Actor(user_id=new_id(), roles=["system_user"])
    request = memberships_pb2.ListMembershipsForUserRequest(actor=nobody, user_id=alice)
    with refused(Reason.PERMISSION_DENIED):
        await scene.call(scene.members.ListMembershipsForUser, request)


async def test_who_else_is_in_group_channels_is_told_to_their_members_alone(scene: Scene) -> None:
    users = [await scene.user(name) for name in ("ana", "ben", "cem", "dia")]
    ana, ben, cem, dia = users

    async def group(*members: str) -> str:
        request = channels_pb2.CreateGroupChannelRequest(actor=scene.actor(members[0]), user_ids=members)
        return str((await scene.call(scene.channels.CreateGroupChannel, request)).channel.id)

    first, second = await group(ana, ben, cem), await group(ana, dia, ben)
    team = await scene.team(ana)
    others = (await scene.channel(ana, team.id)).id

    async def told(user: str) -> dict[str, list[str]]:
        request = memberships_pb2.ListGroupMembersRequest(
            actor=scene.actor(user), channel_ids=[first, second, others, new_id()]
        )
        answer = await scene.call(scene.members.ListGroupMembers, request)
        return {group.channel_id: list(group.user_ids) for group in answer.groups}

    with counted() as seen:
        assert await told(ana) == {first: [ben, cem], second: [ben, dia]}
    assert len([sql for sql in seen if "channel_members mine" in sql]) == 1
    assert await told(cem) == {first: [ana, ben]}
    assert await told(await scene.user()) == {}
