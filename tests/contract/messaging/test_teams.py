"""Teams through generated stubs, the real gate and a real database."""

import pytest

from chorus.messaging.v1 import memberships_pb2, teams_pb2
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene, playing
from tests.contract.served import refused
from tests.contract.statements import counted


async def test_a_team_comes_with_its_default_channels_and_its_creator_in_them(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice, name="launch", display_name="Launch")
    assert (team.name, team.email, len(team.invite_id)) == ("launch", scene.auth.users[alice].email, 26)
    square = await scene.named(alice, team.id, "town-square")
    topic = await scene.named(alice, team.id, "off-topic")
    assert (square.display_name, topic.display_name) == ("Town Square", "Off-Topic")
    assert await scene.notices(square.id) == [("system_join_team", f"{scene.name_of(alice)} joined the team.")]
    assert await scene.notices(topic.id) == [("system_join_channel", f"{scene.name_of(alice)} joined the channel.")]
    assert (square.total_msg_count, square.last_post_at_ms > 0) == (0, True)
    request = memberships_pb2.GetMemberRequest(actor=scene.actor(alice), channel_id=square.id, user_id=alice)
    member = (await scene.call(scene.members.GetMember, request)).member
    assert (member.scheme_admin, member.scheme_user, member.notify_props["desktop"]) == (True, True, "default")
    listed = teams_pb2.GetTeamMembersRequest(actor=scene.actor(alice), team_id=team.id, user_ids=[alice, new_id()])
    (team_member,) = (await scene.call(scene.teams.GetTeamMembers, listed)).members
    assert team_member.scheme_admin
    heard = await scene.events(f"user:{alice}")
    assert [kind for kind, _ in heard] == ["team_joined", "channel_joined", "channel_joined"]
    assert [body.channel_seq for _, body in heard[1:]] == [1, 1]
    assert await scene.kinds(f"channel:{square.id}") == ["member_added", "post_created"]
    assert await scene.kinds(f"team:{team.id}") == ["team_member_added"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "a"}, "name"),
        ({"name": "Team"}, "name"),
        ({"name": "apiary"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "x" * 65}, "display_name"),
        ({"type": "X"}, "type"),
        ({"description": "é" * 128}, "description"),
        ({"description": "a\x00b"}, "description"),
        ({"allowed_domains": "x" * 501}, "allowed_domains"),
    ],
)
async def test_a_team_that_may_not_be_is_refused_by_field(scene: Scene, fields: dict[str, str], field: str) -> None:
    alice = await scene.user("alice")
    with refused(Reason.INVALID_TEAM, field=field):
        await scene.team(alice, **fields)
    assert await scene.kinds(f"user:{alice}") == []


async def test_a_name_is_taken_once_and_a_guest_creates_none(scene: Scene) -> None:
    alice, guest = await scene.user("alice"), await scene.user("guest", "system_guest")
    team = await scene.team(alice)
    with refused(Reason.TEAM_NAME_TAKEN):
        await scene.team(alice, name=team.name)
    with refused(Reason.PERMISSION_DENIED, permission="create_team"):
        await scene.team(guest)


async def test_joining_again_changes_nothing_and_others_hear_of_the_first_time(scene: Scene) -> None:
    alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    member = await scene.join(team.id, bob)
    assert (member.scheme_user, member.scheme_admin) == (True, False)
    await scene.join(team.id, carol, by=alice)
    square, topic = [await scene.named(bob, team.id, name) for name in ("town-square", "off-topic")]
    names = {id: scene.name_of(id) for id in (alice, bob, carol)}
    assert (await scene.notices(square.id))[1:] == [
        ("system_join_team", f"{names[bob]} joined the team."),
        ("system_add_to_team", f"{names[carol]} added to the team by {names[alice]}."),
    ]
    assert (await scene.notices(topic.id))[1:] == [
        ("system_join_channel", f"{names[bob]} joined the channel."),
        ("system_add_to_channel", f"{names[carol]} added to the channel by {names[alice]}."),
    ]
    assert await scene.kinds(f"user:{bob}") == ["team_joined", "channel_joined", "channel_joined"]
    assert await scene.kinds(f"team:{team.id}") == ["team_member_added"] * 3


async def test_who_may_join_and_who_may_add(scene: Scene) -> None:
    alice, bob, guest = await scene.user("alice"), await scene.user("bob"), await scene.user("guest", "system_guest")
    closed = await scene.team(alice, allow_open_invite=False)
    with refused(Reason.PERMISSION_DENIED, permission="join_private_teams"):
        await scene.join(closed.id, bob)
    with refused(Reason.PERMISSION_DENIED, permission="add_user_to_team"):
        await scene.join(closed.id, alice, by=bob)
    await scene.join(closed.id, bob, by=alice)
    with refused(Reason.PERMISSION_DENIED, permission="invite_guest"):
        await scene.join(closed.id, guest, by=bob)
    with refused(Reason.TEAM_NOT_FOUND):
        await scene.join(new_id(), bob)
    strict = await scene.team(alice, allowed_domains="example.org, @other.org")
    with refused(Reason.TEAM_DOMAIN_REFUSED):
        await scene.join(strict.id, bob)


async def test_a_user_created_a_moment_ago_is_known_although_the_bus_lost_it(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    scene.auth.publishing = False
    bob = await scene.user("bob")
    assert (await scene.join(team.id, bob)).user_id == bob
    scene.auth.users["z" * 26] = scene.auth.users[bob]  # an actor whom the log does not know
    with refused(Reason.USER_NOT_FOUND):
        await scene.join(team.id, "z" * 26)


async def test_leaving_a_team_leaves_all_its_channels_and_coming_back_begins_anew(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    own = await scene.channel(bob, team.id, type="P")
    await scene.quit(team.id, bob)
    square = await scene.named(alice, team.id, "town-square")
    assert (await scene.notices(square.id))[-1] == ("system_leave_team", f"{scene.name_of(bob)} left the team.")
    heard = await scene.events(f"user:{bob}")
    left = [body.channel_id for kind, body in heard if kind == "channel_left"]
    assert len(left) == 3
    assert own.id in left
    assert heard[-1][0] == "team_left"
    assert (await scene.kinds(f"channel:{own.id}"))[-1] == "member_removed"
    assert scene.sql("SELECT 1 FROM channel_members WHERE user_id = %s", bob) == []
    with refused(Reason.TEAM_MEMBER_NOT_FOUND):
        await scene.quit(team.id, bob)
    member = await scene.join(team.id, bob)
    assert member.delete_at_ms == 0
    with refused(Reason.PERMISSION_DENIED, permission="remove_user_from_team"):
        await scene.quit(team.id, alice, by=bob)
    await scene.quit(team.id, bob, by=alice)
    assert (await scene.notices(square.id))[-1][0] == "system_remove_from_team"


async def test_what_is_shown_of_a_team_depends_on_who_looks(scene: Scene) -> None:
    alice, bob, eve = await scene.user("alice"), await scene.user("bob"), await scene.user("eve")
    team = await scene.team(alice)
    hidden = await scene.team(alice, allow_open_invite=False)
    await scene.join(team.id, bob)

    async def get(user_id: str, **by: str) -> teams_pb2.Team:
        request = teams_pb2.GetTeamRequest(actor=scene.actor(user_id), **by)
        return (await scene.call(scene.teams.GetTeam, request)).team

    def secrets(shown: teams_pb2.Team) -> tuple[bool, bool]:
        return bool(shown.invite_id), bool(shown.email)

    assert secrets(await get(alice, id=team.id)) == (True, True)
    assert secrets(await get(bob, id=team.id)) == (True, False)
    assert secrets(await get(eve, name=team.name)) == (False, False)
    with refused(Reason.PERMISSION_DENIED):
        await get(eve, id=hidden.id)
    with refused(Reason.TEAM_NOT_FOUND, by="name"):
        await get(eve, name="nowhere")
    request = teams_pb2.ListTeamsRequest(actor=scene.actor(eve), per_page=200)
    listed = (await scene.call(scene.teams.ListTeams, request)).teams
    assert team.id in [t.id for t in listed]
    assert hidden.id not in [t.id for t in listed]
    assert not any(t.invite_id for t in listed)
    mine = teams_pb2.ListTeamsForUserRequest(actor=scene.actor(alice), user_id=alice)
    assert {t.id for t in (await scene.call(scene.teams.ListTeamsForUser, mine)).teams} == {team.id, hidden.id}
    with refused(Reason.PERMISSION_DENIED):
        await scene.call(
            scene.teams.ListTeamsForUser, teams_pb2.ListTeamsForUserRequest(actor=scene.actor(eve), user_id=alice)
        )
    with refused(Reason.PERMISSION_DENIED, permission="view_team"):
        await scene.call(
            scene.teams.ListTeamMembers, teams_pb2.ListTeamMembersRequest(actor=scene.actor(eve), team_id=team.id)
        )


async def test_a_changed_team_is_announced_without_its_secrets(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    change = teams_pb2.PatchTeamRequest(actor=scene.actor(alice), id=team.id, display_name="Renamed")
    patched = (await scene.call(scene.teams.PatchTeam, change)).team
    assert (patched.display_name, patched.description, bool(patched.invite_id)) == ("Renamed", "", True)
    kind, body = (await scene.events(f"team:{team.id}"))[-1]
    assert (kind, body.team.display_name, body.team.invite_id, body.team.email) == ("team_updated", "Renamed", "", "")
    change.actor.CopyFrom(scene.actor(bob))
    with refused(Reason.PERMISSION_DENIED, permission="manage_team"):
        await scene.call(scene.teams.PatchTeam, change)


async def test_a_team_takes_so_many_users_and_channels_and_no_more(grounds: Grounds) -> None:
    limits = {"MaxUsersPerTeam": 2, "MaxChannelsPerTeam": 3, "ExperimentalDefaultChannels": ["news"]}
    async with playing(grounds, grounds.settings("messaging", TeamSettings=limits)) as scene:
        alice, bob, carol = [await scene.user(name) for name in ("alice", "bob", "carol")]
        team = await scene.team(alice)
        assert (await scene.named(alice, team.id, "news")).display_name == "news"
        await scene.join(team.id, bob)
        with refused(Reason.TEAM_FULL):
            await scene.join(team.id, carol)
        await scene.channel(alice, team.id)
        with refused(Reason.TOO_MANY_CHANNELS):
            await scene.channel(alice, team.id)


async def test_many_come_in_for_as_many_statements_as_one(scene: Scene) -> None:
    admin = await scene.user("root", "system_user", "system_admin")
    team = await scene.team(admin)
    costs = []
    for count in (1, 8):
        users = [await scene.user("comer") for _ in range(count)]
        request = teams_pb2.AddTeamMembersRequest(actor=scene.actor(admin), team_id=team.id, user_ids=users)
        with counted() as statements:
            results = (await scene.call(scene.teams.AddTeamMembers, request)).results
        assert [result.member.user_id for result in results] == users
        costs.append(len([statement for statement in statements if "team_members" in statement]))
    assert costs[0] == costs[1]


async def test_a_full_team_refuses_the_one_too_many_and_takes_the_others(grounds: Grounds) -> None:
    settings = grounds.settings("messaging", TeamSettings={"MaxUsersPerTeam": 3})
    async with playing(grounds, settings) as scene:
        alice, bob, carol, dave = [await scene.user(name) for name in ("alice", "bob", "carol", "dave")]
        team = await scene.team(alice)
        users = [bob, carol, dave]
        request = teams_pb2.AddTeamMembersRequest(actor=scene.actor(alice), team_id=team.id, user_ids=users)
        results = (await scene.call(scene.teams.AddTeamMembers, request)).results
        assert [result.error.reason for result in results] == ["", "", "team_full"]
        stats = teams_pb2.GetTeamStatsRequest(actor=scene.actor(bob), team_id=team.id)
        assert (await scene.call(scene.teams.GetTeamStats, stats)).total_member_count == 3
