"""Channels, in both directions."""

from typing import Any, Final

from chorus.messaging.v1 import channels_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.requests import ChannelBody, ChannelPatchBody, PrivacyBody

NOT_COUNTED: Final = -1
"""The number of files when the asker wants none counted."""


def channel_json(channel: channels_pb2.Channel) -> dict[str, Any]:
    """Return a channel."""
    return {
        "id": channel.id,
        "create_at": channel.create_at_ms,
        "update_at": channel.update_at_ms,
        "delete_at": channel.delete_at_ms,
        "team_id": channel.team_id,
        "type": channel.type,
        "display_name": channel.display_name,
        "name": channel.name,
        "header": channel.header,
        "purpose": channel.purpose,
        "last_post_at": channel.last_post_at_ms,
        "total_msg_count": channel.total_msg_count,
        "extra_update_at": 0,
        "creator_id": channel.creator_id,
        "scheme_id": None,
        "props": None,
        "group_constrained": None,
        "autotranslation": False,
        "shared": None,
        "total_msg_count_root": channel.total_msg_count_root,
        "policy_id": None,
        "last_root_post_at": channel.last_root_post_at_ms,
        "banner_info": None,
        "policy_enforced": False,
        "policy_is_active": False,
        "default_category_name": "",
    }


def stats_json(channel_id: str, stats: channels_pb2.GetStatsResponse, *, files: bool) -> dict[str, Any]:
    """Return a channel's numbers."""
    return {
        "channel_id": channel_id,
        "member_count": stats.member_count,
        "guest_count": stats.guest_count,
        "pinnedpost_count": stats.pinned_post_count,
        "files_count": stats.files_count if files else NOT_COUNTED,
    }


def new_channel(body: ChannelBody) -> channels_pb2.CreateChannelRequest:
    """Return the channel that is asked for. Raises invalid_channel_type, permission_denied, invalid_argument."""
    if body.type in ("D", "G"):
        raise DomainError(Reason.INVALID_CHANNEL_TYPE)
    if not is_valid_id(body.team_id or ""):
        raise DomainError(Reason.INVALID_ARGUMENT, field="team_id")
    return channels_pb2.CreateChannelRequest(
        team_id=body.team_id or "",
        name=body.name or "",
        display_name=body.display_name or "",
        type=body.type or "",
        header=body.header or "",
        purpose=body.purpose or "",
    )


def patch(body: ChannelPatchBody, channel_id: str) -> channels_pb2.PatchChannelRequest:
    """Return the change that is asked for."""
    return channels_pb2.PatchChannelRequest(
        id=channel_id, name=body.name, display_name=body.display_name, header=body.header, purpose=body.purpose
    )


def update(body: ChannelBody, channel_id: str) -> channels_pb2.PatchChannelRequest:
    """Return the whole new state that is asked for; names stay when they are not given. Raises invalid_argument."""
    if body.id != channel_id:
        raise DomainError(Reason.INVALID_ARGUMENT, field="channel_id")
    return channels_pb2.PatchChannelRequest(
        id=channel_id,
        name=body.name or None,
        display_name=body.display_name or None,
        header=body.header or "",
        purpose=body.purpose or "",
    )


def privacy(body: PrivacyBody) -> str:
    """Return what a channel is to become, "O" or "P". Raises invalid_argument."""
    if body.privacy not in ("O", "P"):
        raise DomainError(Reason.INVALID_ARGUMENT, field="privacy")
    return body.privacy
