"""Reads over many channels: who sees what, and that none costs more statements for more channels."""

from collections.abc import Sequence
from typing import Any

from chorus.messaging.v1 import channel_directory_pb2 as pb
from chorus.messaging.v1 import channel_directory_pb2_grpc, channels_pb2, memberships_pb2
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted


class Directory:
    """What one user finds."""

    def __init__(self, scene: Scene, user_id: str) -> None:
        self.scene, self.user_id, self.actor = scene, user_id, scene.actor(user_id)
        self.stub = channel_directory_pb2_grpc.ChannelDirectoryServiceStub(scene.caller.channel)

    async def search(self, scope: Any, term: str = "", **fields: Any) -> set[str]:
        request = pb.SearchChannelsRequest(actor=self.actor, scope=scope, term=term, **({"per_page": 100} | fields))
        return {found.channel.id for found in (await self.scene.call(self.stub.SearchChannels, request)).channels}

    async def count(self, *ids: str) -> dict[str, int]:
        request = pb.CountMembersRequest(actor=self.actor, channel_ids=ids)
        return dict((await self.scene.call(self.stub.CountMembers, request)).counts)

    async def memberships(self, user_id: str = "", **fields: Any) -> Sequence[pb.MemberWithTeam]:
        request = pb.ListMembershipsWithTeamsRequest(actor=self.actor, user_id=user_id or self.user_id, **fields)
        return (await self.scene.call(self.stub.ListMembershipsWithTeams, request)).members

    async def common(self, channel_id: str) -> list[str]:
        request = pb.ListCommonTeamsRequest(actor=self.actor, channel_id=channel_id)
        return [team.id for team in (await self.scene.call(self.stub.ListCommonTeams, request)).teams]


async def direct(scene: Scene, one: str, other: str) -> str:
    request = channels_pb2.CreateDirectChannelRequest(actor=scene.actor(one), user_ids=[one, other])
    return (await scene.call(scene.channels.CreateDirectChannel, request)).channel.id


async def test_a_search_finds_what_its_asker_may_see_and_nothing_else(scene: Scene) -> None:
    alice, bob, eve = await scene.user("alice"), await scene.user("bob"), await scene.user("eve")
    root = await scene.user("root", "system_user", "system_admin")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    shown = await scene.channel(alice, team.id, display_name="Blue 50% sky")
    secret = await scene.channel(alice, team.id, type="P", display_name="Blue secret")
    other = await scene.channel(alice, team.id, display_name="Red")
    note = await direct(scene, alice, bob)
    mine, his, hers = Directory(scene, alice), Directory(scene, bob), Directory(scene, eve)
    inside = {"team_id": team.id}
    assert await mine.search(pb.SEARCH_SCOPE_TEAM, "BLUE", **inside) == {shown.id, secret.id}
    assert await his.search(pb.SEARCH_SCOPE_TEAM, "blue", **inside) == {shown.id}
    assert await his.search(pb.SEARCH_SCOPE_TEAM, "0% s", **inside) == {shown.id}
    assert await his.search(pb.SEARCH_SCOPE_TEAM, "50_", **inside) == set()
    assert await mine.search(pb.SEARCH_SCOPE_OPEN, "blue", **inside) == {shown.id}
    assert await his.search(pb.SEARCH_SCOPE_OWN, "blue", **inside) == set()
    assert await his.search(pb.SEARCH_SCOPE_OWN, scene.name_of(alice), **inside) == {note}
    assert await hers.search(pb.SEARCH_SCOPE_OWN, "", **inside) == set()
    assert await hers.search(pb.SEARCH_SCOPE_ALL_TEAMS, "blue") == set()
    assert {shown.id, other.id} <= await his.search(pb.SEARCH_SCOPE_ALL_TEAMS)
    assert await Directory(scene, root).search(pb.SEARCH_SCOPE_EVERYTHING, "", team_ids=[team.id], types=["P"]) == {
        secret.id
    }
    for who, scope in ((hers, pb.SEARCH_SCOPE_TEAM), (his, pb.SEARCH_SCOPE_EVERYTHING)):
        with refused(Reason.PERMISSION_DENIED):
            await who.search(scope, **inside)
    with refused(Reason.TEAM_MEMBER_NOT_FOUND):
        await hers.search(pb.SEARCH_SCOPE_OPEN, **inside)


async def test_counts_are_told_of_all_or_of_none(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    shown, secret = await scene.channel(alice, team.id), await scene.channel(alice, team.id, type="P")
    await scene.enter(shown.id, bob)
    assert await Directory(scene, alice).count(shown.id, secret.id) == {shown.id: 2, secret.id: 1}
    for foreign in (secret.id, new_id()):
        with refused(Reason.PERMISSION_DENIED):
            await Directory(scene, bob).count(shown.id, foreign)


async def test_common_teams_are_those_of_every_member(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    both, hers = await scene.team(alice), await scene.team(alice)
    await scene.join(both.id, bob)
    note = await direct(scene, alice, bob)
    assert await Directory(scene, alice).common(note) == [both.id]
    with refused(Reason.PERMISSION_DENIED):
        await Directory(scene, await scene.user("eve")).common(note)
    with refused(Reason.CHANNEL_NOT_FOUND):
        await Directory(scene, alice).common((await scene.named(alice, hers.id, "town-square")).id)


async def test_all_memberships_come_with_their_teams_in_one_statement(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    teams = [await scene.team(alice) for _ in range(3)]
    channels = [await scene.channel(alice, team.id) for team in teams for _ in range(3)]
    note = await direct(scene, alice, bob)
    mine = Directory(scene, alice)
    with counted() as statements:
        found = await mine.memberships()
    assert len(statements) == 1
    by_channel = {one.member.channel_id: one for one in found}
    assert by_channel.keys() >= {note, *(channel.id for channel in channels)}
    assert len(by_channel) == 3 * 2 + 9 + 1
    for team, channel in zip(teams, channels[::3], strict=True):
        one = by_channel[channel.id]
        assert (one.team_name, one.team_display_name, one.team_update_at_ms) == (
            team.name,
            team.display_name,
            team.update_at_ms,
        )
    assert (by_channel[note].team_name, by_channel[note].team_update_at_ms) == ("", 0)
    pages = [one for page in range(4) for one in await mine.memberships(page=page, per_page=5)]
    assert [one.member.channel_id for one in pages] == [one.member.channel_id for one in found]
    with refused(Reason.PERMISSION_DENIED):
        await Directory(scene, bob).memberships(alice)


async def test_a_users_channels_and_memberships_cost_two_statements_however_many_there_are(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    for _ in range(8):
        await scene.channel(alice, team.id)
    actor = scene.actor(alice)
    for team_id, most in (("", 1), (team.id, 2)):
        channels = channels_pb2.ListChannelsForUserRequest(actor=actor, user_id=alice, team_id=team_id)
        with counted() as statements:
            assert len((await scene.call(scene.channels.ListChannelsForUser, channels)).channels) == 10
        assert len(statements) <= most
        members = memberships_pb2.ListMembershipsForUserRequest(actor=actor, user_id=alice, team_id=team_id)
        with counted() as statements:
            assert len((await scene.call(scene.members.ListMembershipsForUser, members)).members) == 10
        assert len(statements) <= most
