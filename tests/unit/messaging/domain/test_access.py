import pytest

from services.messaging.domain.access import (
    DIRECT,
    OPEN,
    PRIVATE,
    ChannelAccess,
    Roles,
    may,
    may_act_for,
    may_in_team,
    may_see,
)

USER = ("system_user",)
ADMIN = ("system_admin", "system_user")
MEMBER = Roles()
GUEST = Roles(scheme_guest=True, scheme_user=False)
OWNER = Roles(scheme_admin=True)


def test_a_channel_member_posts_and_a_stranger_does_not() -> None:
    assert may("create_post", USER, MEMBER, MEMBER, PRIVATE)
    assert not may("create_post", USER, MEMBER, None, PRIVATE)
    assert not may("create_post", USER, MEMBER, None, OPEN)


@pytest.mark.parametrize(("kind", "readable"), [(OPEN, True), (PRIVATE, False), (DIRECT, False)])
def test_only_an_open_channel_is_read_without_joining(kind: str, readable: bool) -> None:
    assert may("read_channel_content", USER, MEMBER, None, kind) is readable
    assert not may("read_channel", USER, MEMBER, None, kind)


def test_who_is_not_in_the_team_reads_nothing_of_its_open_channels() -> None:
    assert not may("read_channel_content", USER, None, None, OPEN)


def test_a_guest_reads_its_own_channels_only() -> None:
    assert may("read_channel_content", ("system_guest",), GUEST, GUEST, OPEN)
    assert not may("read_channel_content", ("system_guest",), GUEST, None, OPEN)


def test_a_system_administrator_may_everything_everywhere() -> None:
    assert may("read_channel_content", ADMIN, None, None, DIRECT)
    assert may_in_team("manage_team", ADMIN, None)


def test_a_team_role_counts_for_nothing_in_a_direct_channel() -> None:
    assert may("create_post", USER, OWNER, None, PRIVATE)
    assert not may("create_post", USER, OWNER, None, DIRECT)


def test_explicit_roles_add_to_the_flags() -> None:
    assert may("create_post", USER, Roles(explicit_roles="team_post_all"), None, OPEN)


def test_a_private_channel_is_hidden_from_the_team() -> None:
    def seen(kind: str, channel: Roles | None) -> bool:
        return may_see(ChannelAccess("c", kind, "t", "name", 0, MEMBER, channel), USER)

    assert seen(OPEN, None)
    assert seen(PRIVATE, MEMBER)
    assert not seen(PRIVATE, None)


def test_acting_for_others_needs_a_role_and_never_reaches_an_administrator() -> None:
    editor = ("system_user_manager_like",)
    assert may_act_for("a", "a", USER, USER)
    assert not may_act_for("a", "b", USER, USER)
    assert may_act_for("a", "b", ADMIN, ADMIN)
    assert not may_act_for("a", "b", editor, ADMIN)


def test_who_is_a_guest_is_told_by_the_call_and_not_by_what_is_stored() -> None:
    owner = Roles(scheme_admin=True)
    assert not may("delete_post", ("system_guest",), owner, owner, OPEN)
    assert may("create_post", ("system_guest",), owner, owner, OPEN)
    assert not may("manage_channel_roles", ("system_guest",), owner, owner, OPEN)
    assert may("delete_post", ("system_user",), GUEST, GUEST, OPEN)
    assert not may("manage_channel_roles", ("system_user",), GUEST, GUEST, OPEN)
