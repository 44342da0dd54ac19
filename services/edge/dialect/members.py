"""Channel memberships, in both directions."""

from collections.abc import Mapping
from typing import Any, Final

from chorus.messaging.v1 import memberships_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.chassis.permissions import membership_roles
from services.edge.dialect.requests import MembersBody, ViewBody

MAX_ADDED: Final = 1000
MAX_NOTIFY_PROPS: Final = 100

_DEFAULT_NOTIFY_PROPS: Final = {
    "desktop": "default",
    "mark_unread": "all",
    "push": "default",
    "email": "default",
    "ignore_channel_mentions": "default",
    "channel_auto_follow_threads": "off",
}


def member_json(member: memberships_pb2.Member) -> dict[str, Any]:
    """Return a membership; messaging has hidden from others when its user last looked."""
    roles = membership_roles(
        "channel",
        guest=member.scheme_guest,
        user=member.scheme_user,
        admin=member.scheme_admin,
        explicit=member.explicit_roles,
    )
    return {
        "channel_id": member.channel_id,
        "user_id": member.user_id,
        "roles": " ".join(roles),
        "last_viewed_at": member.last_viewed_at_ms,
        "msg_count": member.msg_count,
        "mention_count": member.mention_count,
        "mention_count_root": member.mention_count_root,
        "urgent_mention_count": 0,
        "msg_count_root": member.msg_count_root,
        "notify_props": _DEFAULT_NOTIFY_PROPS | dict(member.notify_props),
        "last_update_at": member.last_update_at_ms,
        "scheme_guest": member.scheme_guest,
        "scheme_user": member.scheme_user,
        "scheme_admin": member.scheme_admin,
        "explicit_roles": member.explicit_roles,
        "autotranslation_disabled": False,
    }


def unread_json(channel_id: str, unread: memberships_pb2.GetUnreadResponse) -> dict[str, Any]:
    """Return what a user has not seen of a channel."""
    return {
        "team_id": unread.team_id,
        "channel_id": channel_id,
        "msg_count": unread.msg_count,
        "mention_count": unread.mention_count,
        "mention_count_root": unread.mention_count_root,
        "urgent_mention_count": 0,
        "msg_count_root": unread.msg_count_root,
    }


def marked_unread_json(unread: memberships_pb2.MarkUnreadResponse) -> dict[str, Any]:
    """Return a membership that was put back to unread; its counts are of what is seen."""
    member = unread.member
    return {
        "team_id": unread.team_id,
        "user_id": member.user_id,
        "channel_id": member.channel_id,
        "msg_count": member.msg_count,
        "mention_count": member.mention_count,
        "mention_count_root": member.mention_count_root,
        "urgent_mention_count": 0,
        "msg_count_root": member.msg_count_root,
        "last_viewed_at": member.last_viewed_at_ms,
    }


def notify_props(body: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that are to change; clients name the membership among them. Raises invalid_argument."""
    if len(body) > MAX_NOTIFY_PROPS:
        raise DomainError(Reason.INVALID_ARGUMENT, field="notify_props")
    return {name: value for name, value in body.items() if name not in ("channel_id", "user_id")}


def added(body: MembersBody) -> list[str]:
    """Return whom to put into a channel. Raises invalid_argument."""
    if body.user_ids is None:
        if not is_valid_id(body.user_id or ""):
            raise DomainError(Reason.INVALID_ARGUMENT, field="user_id")
        return [body.user_id or ""]
    ids = list(dict.fromkeys(body.user_ids))
    if not ids or len(ids) > MAX_ADDED or not all(map(is_valid_id, ids)):
        raise DomainError(Reason.INVALID_ARGUMENT, field="user_ids")
    return ids


def root_of(body: MembersBody) -> str:
    """Return the thread from which users were added; empty for none. Raises invalid_argument."""
    if body.post_root_id and not is_valid_id(body.post_root_id):
        raise DomainError(Reason.INVALID_ARGUMENT, field="post_root_id")
    return body.post_root_id or ""


def viewed(body: ViewBody) -> list[str]:
    """Return the channels that were looked at. Raises invalid_argument."""
    for field in ("channel_id", "prev_channel_id"):
        channel_id = getattr(body, field)
        if channel_id and not is_valid_id(channel_id):
            raise DomainError(Reason.INVALID_ARGUMENT, field=field)
    return list(dict.fromkeys(filter(None, (body.channel_id, body.prev_channel_id))))
