import pytest

from services.chassis.errors import DomainError, Reason
from services.messaging.domain import channels
from services.messaging.domain.channels import Channel, ChannelPatch
from services.messaging.domain.users import User

CHANNEL = Channel("c", 1, 1, 0, "t", "O", "Display", "name")


def test_a_direct_channel_has_one_name_whoever_asks() -> None:
    assert channels.direct_name("b", "a") == channels.direct_name("a", "b") == "a__b"
    assert channels.direct_users(["b", "a"]) == ["a", "b"]
    assert channels.direct_users(["a", "a"]) == ["a"]
    with pytest.raises(DomainError) as caught:
        channels.direct_users(["a"])
    assert caught.value.reason is Reason.DIRECT_CHANNEL_USERS


def test_a_group_is_named_by_the_digest_of_its_sorted_users() -> None:
    # printf abc | sha1sum
    assert channels.group_name(["c", "a", "b"]) == "a9993e364706816aba3e25717850c26c9cd0d89d"


@pytest.mark.parametrize(("others", "fits"), [(1, False), (2, True), (7, True), (8, False)])
def test_a_group_has_three_to_eight_users_with_who_asks_among_them(others: int, fits: bool) -> None:
    ids = [f"u{n}" for n in range(others)]
    if fits:
        assert channels.group_users([*ids, ids[0]], "me") == sorted([*ids, "me"])
    else:
        with pytest.raises(DomainError):
            channels.group_users(ids, "me")


def test_a_groups_display_name_is_cut_at_64_bytes_and_between_characters() -> None:
    users = [User(str(n), "é" * 20) for n in range(3)]
    shown = channels.group_display_name(users)
    assert len(shown.encode()) <= 64
    assert shown.startswith("é" * 20 + ", ")


def test_default_channels_may_be_chosen_but_town_square_stays() -> None:
    assert channels.default_names(()) == ["town-square", "off-topic"]
    assert channels.default_names(("news", "town-square")) == ["town-square", "news"]


def test_a_patch_that_changes_nothing_is_no_change() -> None:
    assert ChannelPatch(header="", name="name").apply(CHANNEL, 9) is CHANNEL
    changed = ChannelPatch(header="new").apply(CHANNEL, 9)
    assert (changed.header, changed.update_at) == ("new", 9)


@pytest.mark.parametrize("name", ["a", "a-b", "a_b", "0", "a" * 64])
def test_good_names(name: str) -> None:
    channels.check(Channel("c", 1, 1, 0, "t", "P", "Display", name))


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "a" * 65, "é", "a" * 40, "a\n"])
def test_bad_names(name: str) -> None:
    with pytest.raises(DomainError) as caught:
        channels.check(Channel("c", 1, 1, 0, "t", "P", "Display", name))
    assert caught.value.facts == {"field": "name"}
