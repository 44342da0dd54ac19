"""The channel's own notices: who came, who left, what was changed. Clients render them anew from type and props."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.messaging.domain.channels import Channel
from services.messaging.domain.users import User


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to be posted in a channel in its author's name."""

    channel: Channel
    author: User
    type: str
    message: str
    props: Mapping[str, str] = field(default_factory=dict)
    mentioned_user_ids: tuple[str, ...] = ()


def joined_team(town_square: Channel, user: User) -> Notice:
    """A user came into the team by itself."""
    return _by(town_square, user, "system_join_team", "{} joined the team.")


def left_team(town_square: Channel, user: User) -> Notice:
    """A user went out of the team by itself."""
    return _by(town_square, user, "system_leave_team", "{} left the team.")


def removed_from_team(town_square: Channel, user: User) -> Notice:
    """A user was taken out of the team."""
    return _by(town_square, user, "system_remove_from_team", "{} was removed from the team.")


def added_to_team(town_square: Channel, actor: User, user: User) -> Notice:
    """A user was put into the team by another."""
    return _added(town_square, actor, user, "system_add_to_team", f"{user.username} added to the team by {{}}.")


def joined_channel(channel: Channel, user: User) -> Notice:
    """A user came into the channel by itself."""
    if user.is_guest:
        return _by(channel, user, "system_guest_join_channel", "{} joined the channel as a guest.")
    return _by(channel, user, "system_join_channel", "{} joined the channel.")


def left_channel(channel: Channel, user: User) -> Notice:
    """A user went out of the channel by itself."""
    return _by(channel, user, "system_leave_channel", "{} left the channel.")


def added_to_channel(channel: Channel, actor: User, user: User) -> Notice:
    """A user was put into the channel by another; it is mentioned, so that it learns of it."""
    if user.is_guest:
        text = f"{user.username} added to the channel as a guest by {{}}."
        return _added(channel, actor, user, "system_add_guest_to_chan", text, mentions=True)
    text = f"{user.username} added to the channel by {{}}."
    return _added(channel, actor, user, "system_add_to_channel", text, mentions=True)


def removed_from_channel(channel: Channel, actor: User, user: User) -> Notice:
    """A user was taken out of the channel by another."""
    props = {"removedUserId": user.id, "removedUsername": user.username}
    text = f"{user.username} was removed from the channel."
    return Notice(channel, actor, "system_remove_from_channel", text, props)


def archived(channel: Channel, actor: User) -> Notice:
    """The channel was archived."""
    return _by(channel, actor, "system_channel_deleted", "{} archived the channel.")


def restored(channel: Channel, actor: User) -> Notice:
    """The channel is back."""
    return _by(channel, actor, "system_channel_restored", "{} unarchived the channel.")


def made_open(channel: Channel, actor: User) -> Notice:
    """The channel became an open one."""
    text = "This channel has been converted to a Public Channel and can be joined by any team member."
    return _by(channel, actor, "system_change_chan_privacy", text)


def made_private(channel: Channel, actor: User) -> Notice:
    """The channel became a private one."""
    text = "This channel has been converted to a Private Channel."
    return _by(channel, actor, "system_change_chan_privacy", text)


def changed(before: Channel, after: Channel, actor: User) -> list[Notice]:
    """What differs in header, purpose and display name, a notice each."""
    notices = []
    for kind, what, old, new in (
        ("displayname", "display name", before.display_name, after.display_name),
        ("header", "header", before.header, after.header),
        ("purpose", "purpose", before.purpose, after.purpose),
    ):
        if old == new:
            continue
        if not new:
            text = f"{actor.username} removed the channel {what} (was: {old})"
        elif not old:
            text = f"{actor.username} updated the channel {what} to: {new}"
        else:
            text = f"{actor.username} updated the channel {what} from: {old} to: {new}"
        props = {"username": actor.username, f"old_{kind}": old, f"new_{kind}": new}
        notices.append(Notice(after, actor, f"system_{kind}_change", text, props))
    return notices


def _by(channel: Channel, user: User, kind: str, text: str) -> Notice:
    return Notice(channel, user, kind, text.format(user.username), {"username": user.username})


def _added(channel: Channel, actor: User, user: User, kind: str, text: str, *, mentions: bool = False) -> Notice:
    props = {
        "userId": actor.id,
        "username": actor.username,
        "addedUserId": user.id,
        "addedUsername": user.username,
    }
    return Notice(channel, actor, kind, text.format(actor.username), props, (user.id,) if mentions else ())
