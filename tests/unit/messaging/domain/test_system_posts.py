from dataclasses import replace

from services.messaging.domain import system_posts
from services.messaging.domain.channels import Channel
from services.messaging.domain.posts import counted
from services.messaging.domain.users import User

CHANNEL = Channel("c", 1, 1, 0, "t", "O", "Display", "name")
ALICE, BOB = User("a", "alice"), User("b", "bob")


def test_who_comes_by_itself_and_who_is_brought() -> None:
    came = system_posts.joined_channel(CHANNEL, ALICE)
    assert (came.type, came.message, came.props) == (
        "system_join_channel",
        "alice joined the channel.",
        {"username": "alice"},
    )
    brought = system_posts.added_to_channel(CHANNEL, ALICE, BOB)
    assert (brought.author, brought.message, brought.mentioned_user_ids) == (
        ALICE,
        "bob added to the channel by alice.",
        ("b",),
    )
    assert brought.props == {"userId": "a", "username": "alice", "addedUserId": "b", "addedUsername": "bob"}
    guest = replace(BOB, roles=("system_guest",))
    assert system_posts.joined_channel(CHANNEL, guest).type == "system_guest_join_channel"
    assert system_posts.added_to_channel(CHANNEL, ALICE, guest).type == "system_add_guest_to_chan"


def test_changes_are_told_one_by_one_with_what_was() -> None:
    after = replace(CHANNEL, header="new", purpose="why")
    header, purpose = system_posts.changed(CHANNEL, after, ALICE)
    assert header.message == "alice updated the channel header to: new"
    assert header.props == {"username": "alice", "old_header": "", "new_header": "new"}
    assert purpose.type == "system_purpose_change"
    (gone,) = system_posts.changed(replace(CHANNEL, header="old"), CHANNEL, ALICE)
    assert gone.message == "alice removed the channel header (was: old)"
    assert system_posts.changed(CHANNEL, CHANNEL, ALICE) == []


def test_coming_and_going_counts_as_no_message_but_a_change_does() -> None:
    assert not counted(system_posts.left_team(CHANNEL, BOB).type)
    assert not counted(system_posts.removed_from_channel(CHANNEL, ALICE, BOB).type)
    assert counted(system_posts.archived(CHANNEL, ALICE).type)
