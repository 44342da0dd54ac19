"""Teams, channels, members, statuses, sessions and roles have exactly the protocol's keys, empty or not."""

from typing import Any

import msgspec
import pytest

from chorus.auth.v1 import sessions_pb2
from chorus.messaging.v1 import channel_directory_pb2, channels_pb2, memberships_pb2, teams_pb2
from chorus.presence.v1 import presence_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import ROLES
from services.edge.dialect import channel_directory, channels, members, requests, roles, sessions, statuses, teams

ID = "a" * 26
TEAM = """id create_at update_at delete_at display_name name description email type company_name allowed_domains
    invite_id allow_open_invite scheme_id group_constrained policy_id cloud_limits_archived"""
CHANNEL = """id create_at update_at delete_at team_id type display_name name header purpose last_post_at total_msg_count
    extra_update_at creator_id scheme_id props group_constrained autotranslation shared total_msg_count_root policy_id
    last_root_post_at banner_info policy_enforced policy_is_active default_category_name"""
TEAM_MEMBER = "team_id user_id roles delete_at scheme_guest scheme_user scheme_admin explicit_roles"
MEMBER = """channel_id user_id roles last_viewed_at msg_count mention_count mention_count_root urgent_mention_count
    msg_count_root notify_props last_update_at scheme_guest scheme_user scheme_admin explicit_roles
    autotranslation_disabled"""
UNREAD = """team_id channel_id msg_count mention_count mention_count_root urgent_mention_count msg_count_root"""
SESSION = """id token create_at expires_at last_activity_at user_id device_id roles is_oauth expired_notify props
    team_members local"""
ROLE = (
    """id name display_name description create_at update_at delete_at permissions scheme_managed built_in scheme_id"""
)


@pytest.mark.parametrize(
    ("shown", "keys"),
    [
        (teams.team_json(teams_pb2.Team()), TEAM),
        (teams.member_json(teams_pb2.TeamMember()), TEAM_MEMBER),
        (channels.channel_json(channels_pb2.Channel()), CHANNEL),
        (
            channels.stats_json(ID, channels_pb2.GetStatsResponse(), files=True),
            "channel_id member_count guest_count pinnedpost_count files_count",
        ),
        (members.member_json(memberships_pb2.Member()), MEMBER),
        (
            channel_directory.member_with_team_json(channel_directory_pb2.MemberWithTeam()),
            f"{MEMBER} team_display_name team_name team_update_at",
        ),
        (members.unread_json(ID, memberships_pb2.GetUnreadResponse()), UNREAD),
        (statuses.status_json(presence_pb2.Status()), "user_id status manual last_activity_at dnd_end_time"),
        (sessions.session_json(sessions_pb2.Session()), SESSION),
        (roles.role_json("system_user"), ROLE),
    ],
)
def test_keys(shown: dict[str, Any], keys: str) -> None:
    assert shown.keys() == set(keys.split())


def test_effective_roles_are_the_flags_and_the_explicit_ones() -> None:
    member = memberships_pb2.Member(scheme_user=True, scheme_admin=True, explicit_roles="custom")
    assert members.member_json(member)["roles"] == "channel_user channel_admin custom"
    assert teams.member_json(teams_pb2.TeamMember(scheme_guest=True))["roles"] == "team_guest"


def test_notification_settings_have_their_defaults() -> None:
    props = members.member_json(memberships_pb2.Member(notify_props={"mark_unread": "mention"}))["notify_props"]
    assert (props["mark_unread"], props["desktop"], props["ignore_channel_mentions"]) == (
        "mention",
        "default",
        "default",
    )


def test_files_that_are_not_to_be_counted() -> None:
    assert channels.stats_json(ID, channels_pb2.GetStatsResponse(files_count=3), files=False)["files_count"] == -1


def test_a_session_shows_no_token() -> None:
    assert sessions.session_json(sessions_pb2.Session(id=ID))["token"] == ""


def test_roles_are_told_once_and_unknown_ones_not_at_all() -> None:
    told = roles.known_roles(["system_user", "nobody", "system_user", "channel_admin"])
    assert [role["name"] for role in told] == ["system_user", "channel_admin"]
    assert len({roles.role_json(name)["id"] for name in ROLES}) == len(ROLES)
    assert "create_post" in roles.role_json("channel_user")["permissions"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "D", "team_id": ID}, Reason.INVALID_CHANNEL_TYPE),
        ({"type": "O"}, Reason.INVALID_ARGUMENT),
        ({"type": "O", "team_id": "short"}, Reason.INVALID_ARGUMENT),
    ],
)
def test_channels_that_cannot_be_made_so(body: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(DomainError) as caught:
        channels.new_channel(requests.CHANNEL.decode(msgspec.json.encode(body)))
    assert caught.value.reason is reason


def test_an_update_keeps_names_that_are_not_given_and_clears_texts() -> None:
    request = channels.update(requests.ChannelBody(id=ID, name="", header=None), ID)
    assert not request.HasField("name")
    assert not request.HasField("display_name")
    assert (request.HasField("header"), request.header, request.purpose) == (True, "", "")
    with pytest.raises(DomainError):
        channels.update(requests.ChannelBody(id="b" * 26), ID)


def test_a_patch_changes_what_it_names() -> None:
    request = channels.patch(requests.CHANNEL_PATCH.decode(b'{"header":"","name":null}'), ID)
    assert (request.HasField("header"), request.HasField("name"), request.HasField("purpose")) == (True, False, False)


@pytest.mark.parametrize(
    ("body", "ids"),
    [({"user_id": ID}, [ID]), ({"user_ids": [ID, "b" * 26, ID]}, [ID, "b" * 26])],
)
def test_whom_to_add(body: dict[str, Any], ids: list[str]) -> None:
    assert members.added(requests.MEMBERS.decode(msgspec.json.encode(body))) == ids


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "user_id"),
        ({"user_id": "short"}, "user_id"),
        ({"user_ids": []}, "user_ids"),
        ({"user_ids": [ID, "short"]}, "user_ids"),
        ({"user_ids": [f"{n:026}" for n in range(1001)]}, "user_ids"),
    ],
)
def test_whom_not_to_add(body: dict[str, Any], field: str) -> None:
    with pytest.raises(DomainError) as caught:
        members.added(requests.MEMBERS.decode(msgspec.json.encode(body)))
    assert caught.value.facts == {"field": field}


def test_what_is_looked_at() -> None:
    assert members.viewed(requests.ViewBody(channel_id=ID, prev_channel_id=ID)) == [ID]
    assert members.viewed(requests.ViewBody(channel_id="")) == []
    with pytest.raises(DomainError):
        members.viewed(requests.ViewBody(prev_channel_id="short"))
