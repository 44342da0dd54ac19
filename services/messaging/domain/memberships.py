"""Who comes into a channel and goes out of it, and what members have seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.access import OPEN, ChannelAccess, may_in_team, require
from services.messaging.domain.channels import Channel
from services.messaging.domain.users import User

DEFAULT_NOTIFY_PROPS: Final[Mapping[str, str]] = {
    "desktop": "default",
    "mark_unread": "all",
    "push": "default",
    "email": "default",
    "ignore_channel_mentions": "default",
    "channel_auto_follow_threads": "off",
}
_LEVELS: Final = frozenset({"default", "all", "mention", "none"})
_ALLOWED: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "desktop": (_LEVELS, "notify_level"),
    "push": (_LEVELS, "push_level"),
    "mark_unread": (frozenset({"all", "mention"}), "unread_level"),
    "email": (frozenset({"default", "true", "false"}), "email_value"),
    "ignore_channel_mentions": (frozenset({"default", "on", "off"}), "ignore_channel_mentions_value"),
    "channel_auto_follow_threads": (frozenset({"on", "off"}), "channel_auto_follow_threads_value"),
}
MAX_NOTIFY_PROPS_RUNES: Final = 10_000
"""All settings of a membership together: they are read with every membership."""

_HIDDEN: Final = -1
"""What others see of the times at which a member looked."""


@dataclass(frozen=True, slots=True)
class Member:
    """A user's membership in a channel; times in ms since the epoch."""

    channel_id: str
    user_id: str
    scheme_guest: bool
    scheme_user: bool
    scheme_admin: bool
    explicit_roles: str
    last_viewed_at: int
    msg_count: int
    msg_count_root: int
    mention_count: int
    mention_count_root: int
    last_update_at: int
    notify_props: Mapping[str, str] = field(default_factory=dict)

    def shown_to(self, viewer_id: str) -> "Member":
        """Return what the viewer may see of it: when somebody else last looked is nobody's business."""
        if viewer_id == self.user_id:
            return self
        return replace(self, last_viewed_at=_HIDDEN, last_update_at=_HIDDEN)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a member has seen of a channel, and what there is."""

    channel_id: str
    team_id: str
    last_post_at: int
    unread: int
    unread_root: int
    mentions: int
    mentions_root: int
    last_viewed_at: int

    @property
    def anything_unread(self) -> bool:
        """Whether looking changes what the user's other clients show."""
        return self.unread > 0 or self.mentions > 0

    @property
    def up_to_date(self) -> bool:
        """Whether looking changes nothing at all."""
        return not self.anything_unread and self.last_viewed_at >= self.last_post_at


def new_member(channel_id: str, user: User, at: int, *, admin: bool = False) -> Member:
    """Return a membership that begins at `at`, with nothing seen."""
    return Member(
        channel_id=channel_id,
        user_id=user.id,
        scheme_guest=user.is_guest,
        scheme_user=not user.is_guest,
        scheme_admin=admin,
        explicit_roles="",
        last_viewed_at=0,
        msg_count=0,
        msg_count_root=0,
        mention_count=0,
        mention_count_root=0,
        last_update_at=at,
        notify_props=DEFAULT_NOTIFY_PROPS,
    )


def check_notify_props(props: Mapping[str, str]) -> None:
    """Raise invalid_notify_props for a setting with a value that it can't have; unknown ones are the clients' own."""
    for name, value in props.items():
        allowed, fault = _ALLOWED.get(name, (None, "notify_props"))
        if (allowed is not None and value not in allowed) or "\x00" in name + value:
            raise DomainError(Reason.INVALID_NOTIFY_PROPS, field=fault)
    if sum(len(name) + len(value) for name, value in props.items()) > MAX_NOTIFY_PROPS_RUNES:
        raise DomainError(Reason.INVALID_NOTIFY_PROPS, field="notify_props")


def require_add(
    channel: Channel, access: ChannelAccess, actor_id: str, system_roles: Sequence[str], user_ids: Sequence[str]
) -> None:
    """Raise unless the actor may put the users into the channel: direct_channel_not_joinable, permission_denied, …"""
    if channel.personal:
        raise DomainError(Reason.DIRECT_CHANNEL_NOT_JOINABLE)
    if channel.type == OPEN and set(user_ids) == {actor_id}:
        permission = "join_public_channels"
        require(may_in_team(permission, system_roles, access.team), permission)
    else:
        permission = _manage_members(channel)
        require(access.may(permission, system_roles), permission)
    if channel.delete_at:
        raise DomainError(Reason.CHANNEL_ARCHIVED, how="add_member")


def require_remove(
    channel: Channel, access: ChannelAccess, actor_id: str, system_roles: Sequence[str], user: User
) -> None:
    """Raise unless the actor may take the user out: direct_channel_not_leavable, default_channel_not_leavable, …"""
    if channel.personal:
        raise DomainError(Reason.DIRECT_CHANNEL_NOT_LEAVABLE)
    if actor_id != user.id:
        permission = _manage_members(channel)
        require(access.may(permission, system_roles), permission)
    if channel.is_town_square and not user.is_guest:
        raise DomainError(Reason.DEFAULT_CHANNEL_NOT_LEAVABLE)
    if channel.delete_at:
        raise DomainError(Reason.CHANNEL_ARCHIVED)


def _manage_members(channel: Channel) -> str:
    return "manage_public_channel_members" if channel.type == OPEN else "manage_private_channel_members"
