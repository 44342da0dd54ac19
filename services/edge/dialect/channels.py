"""Channels."""

from typing import Any

from chorus.messaging.v1 import channels_pb2


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
