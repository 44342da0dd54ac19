"""What a channel may be, how direct and group channels are named, and who may change what."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.messaging.domain.access import DIRECT, GROUP, OPEN, PRIVATE, ChannelAccess, Roles, may_in_team, require
from services.messaging.domain.users import User

TOWN_SQUARE: Final = "town-square"
OFF_TOPIC: Final = "off-topic"
GROUP_SIZES: Final = range(3, 9)
"""How many users a group channel has."""

_DISPLAY: Final = {TOWN_SQUARE: "Town Square", OFF_TOPIC: "Off-Topic"}
_is_name: Final = re.compile(r"[a-z0-9]+([a-z\-_0-9]+|(__)?)[a-z0-9]*").fullmatch
_is_direct_name: Final = re.compile(r"[a-z0-9]{26}__[a-z0-9]{26}").fullmatch
_is_group_name: Final = re.compile(r"[a-f0-9]{40}").fullmatch
_MANAGE: Final = {OPEN: "manage_public_channel_properties", PRIVATE: "manage_private_channel_properties"}
_DELETE: Final = {OPEN: "delete_public_channel", PRIVATE: "delete_private_channel"}
_CONVERT: Final = {OPEN: "convert_private_channel_to_public", PRIVATE: "convert_public_channel_to_private"}
_CREATE: Final = {OPEN: "create_public_channel", PRIVATE: "create_private_channel"}


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as it is stored; times in ms since the epoch, `team_id` empty for direct and group channels."""

    id: str
    create_at: int
    update_at: int
    delete_at: int
    team_id: str
    type: str
    display_name: str
    name: str
    header: str = ""
    purpose: str = ""
    creator_id: str = ""
    last_post_at: int = 0
    last_root_post_at: int = 0
    total_msg_count: int = 0
    total_msg_count_root: int = 0

    @property
    def personal(self) -> bool:
        """Whether it is a direct or group channel: of its users, not of a team."""
        return self.type in (DIRECT, GROUP)

    @property
    def is_town_square(self) -> bool:
        """Whether it is the channel that every member of the team is in."""
        return self.name == TOWN_SQUARE and not self.personal


@dataclass(frozen=True, slots=True)
class ChannelPatch:
    """What a change asks for; None keeps."""

    name: str | None = None
    display_name: str | None = None
    header: str | None = None
    purpose: str | None = None

    def apply(self, channel: Channel, at: int) -> Channel:
        """Return the channel changed at `at`; the same channel when nothing differs."""
        changes = {
            name: value
            for name in ("name", "display_name", "header", "purpose")
            if (value := getattr(self, name)) is not None and value != getattr(channel, name)
        }
        return replace(channel, update_at=at, **changes) if changes else channel


@dataclass(frozen=True, slots=True)
class Stats:
    """A channel's numbers."""

    member_count: int
    guest_count: int
    pinned_post_count: int
    files_count: int


def default_names(configured: Sequence[str]) -> list[str]:
    """Return the names of a team's default channels; `configured` stands in for the second one."""
    return list(dict.fromkeys([TOWN_SQUARE, *(configured or (OFF_TOPIC,))]))


def default_display_name(name: str) -> str:
    """Return the name that people see of a default channel."""
    return _DISPLAY.get(name, name)


def check(channel: Channel) -> None:
    """Raise invalid_channel with the field that is wrong; for what people name, so not for direct or group channels."""
    name = channel.name
    named_like_personal = _is_direct_name(name) or _is_group_name(name)
    faults = (
        ("name", not 1 <= len(name) <= 64 or not _is_name(name) or bool(named_like_personal)),
        ("display_name", not channel.display_name.strip() or len(channel.display_name) > 64),
        ("type", channel.type not in (OPEN, PRIVATE)),
    )
    field = next((name for name, wrong in faults if wrong), "")
    if field:
        raise DomainError(Reason.INVALID_CHANNEL, field=field)
    check_texts(channel)


def check_texts(channel: Channel) -> None:
    """Raise invalid_channel when a text is too long or holds what no database takes."""
    for field, text, longest in (
        ("display_name", channel.display_name, 64),
        ("header", channel.header, 1024),
        ("purpose", channel.purpose, 250),
    ):
        if len(text) > longest or "\x00" in text:
            raise DomainError(Reason.INVALID_CHANNEL, field=field)


def create_permission(channel_type: str) -> str:
    """Return what a team's member needs to create such a channel. Raises invalid_channel_type, invalid_channel."""
    if channel_type in (DIRECT, GROUP):
        raise DomainError(Reason.INVALID_CHANNEL_TYPE)
    if channel_type not in _CREATE:
        raise DomainError(Reason.INVALID_CHANNEL, field="type")
    return _CREATE[channel_type]


def require_patch(channel: Channel, patch: ChannelPatch, access: ChannelAccess, system_roles: Sequence[str]) -> None:
    """Raise unless the channel may be changed so: permission_denied, channel_archived, default_channel_name_fixed …"""
    if channel.personal:
        require(access.channel is not None, "manage_private_channel_properties")
        for field in ("name", "display_name", "purpose"):
            if getattr(patch, field) not in (None, getattr(channel, field)):
                raise DomainError(Reason.INVALID_CHANNEL, field=field)
    else:
        require(access.may(_MANAGE[channel.type], system_roles), _MANAGE[channel.type])
    if channel.delete_at:
        raise DomainError(Reason.CHANNEL_ARCHIVED)
    if channel.is_town_square and patch.name not in (None, channel.name):
        raise DomainError(Reason.DEFAULT_CHANNEL_NAME_FIXED)


def require_delete(channel: Channel, access: ChannelAccess, system_roles: Sequence[str]) -> None:
    """Raise unless the channel may be archived: channel_type_not_deletable, permission_denied, …"""
    if channel.personal:
        raise DomainError(Reason.CHANNEL_TYPE_NOT_DELETABLE)
    require(access.may(_DELETE[channel.type], system_roles), _DELETE[channel.type])
    if channel.delete_at:
        raise DomainError(Reason.CHANNEL_ALREADY_ARCHIVED)
    if channel.is_town_square:
        raise DomainError(Reason.DEFAULT_CHANNEL_NOT_DELETABLE)


def require_restore(channel: Channel, system_roles: Sequence[str], team: Roles | None) -> None:
    """Raise unless the channel may come back: permission_denied, channel_not_archived."""
    allowed = not channel.personal and may_in_team("manage_team", system_roles, team)
    require(allowed or granted(system_roles, "sysconsole_write_user_management_channels"), "manage_team")
    if not channel.delete_at:
        raise DomainError(Reason.CHANNEL_NOT_ARCHIVED)


def require_privacy(channel: Channel, kind: str, access: ChannelAccess, system_roles: Sequence[str]) -> None:
    """Raise unless the channel may become open or private: permission_denied, default_channel_not_private, …"""
    require(not channel.personal and access.may(_CONVERT[kind], system_roles), _CONVERT[kind])
    if channel.delete_at:
        raise DomainError(Reason.CHANNEL_ARCHIVED)
    if channel.is_town_square and kind == PRIVATE:
        raise DomainError(Reason.DEFAULT_CHANNEL_NOT_PRIVATE)


def direct_name(one: str, other: str) -> str:
    """Return the name of the channel of two users, the same whoever asks."""
    return "__".join(sorted((one, other)))


def group_name(user_ids: Iterable[str]) -> str:
    """Return the name of the channel of several users, the same whoever asks and in whatever order."""
    return hashlib.sha1("".join(sorted(user_ids)).encode(), usedforsecurity=False).hexdigest()


def group_display_name(users: Iterable[User]) -> str:
    """Return the usernames, sorted, cut at 64 bytes."""
    joined = ", ".join(sorted(user.username for user in users))
    return joined.encode()[:64].decode(errors="ignore")


def direct_users(user_ids: Sequence[str]) -> list[str]:
    """Return the one or two users of a direct channel, sorted. Raises direct_channel_users."""
    if len(user_ids) != 2:
        raise DomainError(Reason.DIRECT_CHANNEL_USERS)
    return sorted(set(user_ids))


def group_users(user_ids: Sequence[str], actor_id: str) -> list[str]:
    """Return the users of a group channel, the actor among them, sorted. Raises group_channel_size."""
    users = sorted({*user_ids, actor_id})
    if len(users) not in GROUP_SIZES:
        raise DomainError(Reason.GROUP_CHANNEL_SIZE)
    return users
