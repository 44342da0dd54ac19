"""Channels as protobuf."""

from chorus.messaging.v1 import channels_pb2, events_pb2
from services.messaging.domain.access import DIRECT
from services.messaging.domain.channels import Channel


def channel(value: Channel) -> channels_pb2.Channel:
    """Return a channel's message."""
    return channels_pb2.Channel(
        id=value.id,
        create_at_ms=value.create_at,
        update_at_ms=value.update_at,
        delete_at_ms=value.delete_at,
        team_id=value.team_id,
        type=value.type,
        display_name=value.display_name,
        name=value.name,
        header=value.header,
        purpose=value.purpose,
        last_post_at_ms=value.last_post_at,
        last_root_post_at_ms=value.last_root_post_at,
        total_msg_count=value.total_msg_count,
        total_msg_count_root=value.total_msg_count_root,
        creator_id=value.creator_id,
    )


def context(value: Channel, sender: str) -> events_pb2.ChannelContext:
    """Return what a client needs to know of the channel to show a post by the user named `sender`."""
    display_name = f"@{sender}" if value.type == DIRECT else value.display_name
    return events_pb2.ChannelContext(type=value.type, display_name=display_name, name=value.name, team_id=value.team_id)
