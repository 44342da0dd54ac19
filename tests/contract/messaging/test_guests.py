"""Guests: their memberships follow what auth says of them, and they hear of those whom they know."""

from typing import Any

import pytest

from chorus.messaging.v1 import memberships_pb2
from services.chassis.config import Settings
from services.chassis.errors import Reason
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene
from tests.contract.served import eventually, refused


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    """An empty database for each test."""
    return grounds.settings("messaging")


async def find(scene: Scene, **question: Any) -> set[str]:
    request = memberships_pb2.FindUserIdsRequest(per_page=100, **question)
    return set((await scene.call(scene.members.FindUserIds, request)).user_ids)


async def turn(scene: Scene, user_id: str, role: str) -> None:
    """Have auth make a guest or a member of somebody, and wait until messaging knows."""
    del scene.auth.users[user_id].roles[:]
    await scene.auth.change(user_id, roles=[role])

    async def known() -> bool:
        return scene.sql("SELECT roles FROM users WHERE id = %s", user_id) == [([role],)]

    await eventually(known, f"{role} is known")


async def test_a_guest_comes_into_a_team_and_into_none_of_its_channels(scene: Scene) -> None:
    admin, guest = await scene.user("root", "system_user", "system_admin"), await scene.user("guest", "system_guest")
    team = await scene.team(admin)
    member = await scene.join(team.id, guest, by=admin)
    assert (member.scheme_guest, member.scheme_user) == (True, False)
    assert scene.sql("SELECT 1 FROM channel_members WHERE user_id = %s", guest) == []
    assert await scene.kinds(f"user:{guest}") == ["team_joined"]
    with refused(Reason.PERMISSION_DENIED):
        await scene.enter((await scene.named(admin, team.id, "town-square")).id, guest)


async def test_memberships_follow_a_demotion_and_a_promotion(scene: Scene) -> None:
    ann = await scene.user("ann")
    team = await scene.team(ann)
    channel = await scene.channel(ann, team.id)
    of_channels = "SELECT DISTINCT scheme_guest, scheme_user, scheme_admin FROM channel_members WHERE user_id = %s"
    of_teams = of_channels.replace("channel_members", "team_members")
    await turn(scene, ann, "system_guest")
    for stored in (of_channels, of_teams):
        assert scene.sql(stored, ann) == [(True, False, False)]
    kinds = await scene.kinds(f"user:{ann}")
    assert kinds.count("member_updated") == 3  # two default channels and her own
    assert kinds.count("team_member_updated") == 1
    with refused(Reason.PERMISSION_DENIED):
        await scene.channel(ann, team.id)
    await scene.exit((await scene.named(ann, team.id, "town-square")).id, ann)
    await turn(scene, ann, "system_user")
    for stored in (of_channels, of_teams):
        assert scene.sql(stored, ann) == [(False, True, False)]
    assert (await scene.named(ann, team.id, channel.name)).id == channel.id


async def test_a_guest_hears_of_changes_of_those_in_its_channels(scene: Scene) -> None:
    admin = await scene.user("root", "system_user", "system_admin")
    ann, ben, guest = await scene.user("ann"), await scene.user("ben"), await scene.user("guest", "system_guest")
    team = await scene.team(admin)
    for user in (ann, ben, guest):
        await scene.join(team.id, user, by=admin)
    channel = await scene.channel(ann, team.id)
    await scene.enter(channel.id, guest, by=ann)
    await scene.auth.change(ben, nickname="Benny")
    await scene.auth.change(ann, nickname="Annie")

    async def heard() -> bool:
        return "acquaintance_updated" in await scene.kinds(f"user:{guest}")

    await eventually(heard, "the guest hears of ann")
    told = [body.user for kind, body in await scene.events(f"user:{guest}") if kind == "acquaintance_updated"]
    assert [(user.id, user.nickname) for user in told] == [(ann, "Annie")]
    assert "acquaintance_updated" not in await scene.kinds(f"user:{ann}")


async def test_who_is_found_by_whom(scene: Scene) -> None:
    admin = await scene.user("root", "system_user", "system_admin")
    ann, ben, guest = await scene.user("ann"), await scene.user("ben"), await scene.user("guest", "system_guest")
    alone = await scene.user("alone")
    team = await scene.team(admin)
    for user in (ann, ben, guest):
        await scene.join(team.id, user, by=admin)
    channel = await scene.channel(ann, team.id)
    await scene.enter(channel.id, guest, by=ann)
    assert await find(scene, visible_to=guest) == {ann, guest}
    assert await find(scene, visible_to=guest, in_team_id=team.id, not_in_channel_id=channel.id) == set()
    assert await find(scene, without_team=True) == {alone}
    assert await find(scene, roles=["system_guest", "system_admin"]) == {admin, guest}
    assert await find(scene, inactive_only=True) == set()
    request = memberships_pb2.ListKnownUserIdsRequest(actor=scene.actor(guest))
    assert list((await scene.call(scene.members.ListKnownUserIds, request)).user_ids) == [ann]
