"""Coming into channels and going out of them, as part of a change that has locked their topics and the users'."""

from collections.abc import Sequence

from chorus.messaging.v1 import events_pb2
from services.chassis.topics import channel_topic, user_topic
from services.messaging.domain import memberships
from services.messaging.domain.channels import Channel
from services.messaging.domain.memberships import Member
from services.messaging.domain.users import User
from services.messaging.operations.changing import Change
from services.messaging.store import memberships as store


async def enter(change: Change, entries: Sequence[tuple[Channel, User]], *, admin: bool = False) -> list[Member]:
    """Put users who are no members yet into channels; each user's event carries the seq of its entry."""
    members = []
    for channel, user in entries:
        at = change.next_at(channel_topic(channel.id))
        members.append(memberships.new_member(channel.id, user, at, admin=admin))
        seq = change.announce(
            channel_topic(channel.id),
            events_pb2.MemberAdded(channel_id=channel.id, user_id=user.id, team_id=channel.team_id),
            at,
        )
        change.announce(
            user_topic(user.id),
            events_pb2.ChannelJoined(
                channel_id=channel.id, team_id=channel.team_id, channel_type=channel.type, channel_seq=seq
            ),
            at,
        )
    if members:
        await store.insert(change.tx, members)
    return members


async def leave(change: Change, user_id: str, channels: Sequence[Channel], remover_id: str) -> None:
    """Take a member out of channels: what comes behind this in their topics is not for it."""
    for channel in channels:
        at = change.next_at(channel_topic(channel.id))
        seq = change.announce(
            channel_topic(channel.id),
            events_pb2.MemberRemoved(channel_id=channel.id, user_id=user_id, remover_id=remover_id),
            at,
        )
        change.announce(
            user_topic(user_id),
            events_pb2.ChannelLeft(channel_id=channel.id, remover_id=remover_id, channel_seq=seq),
            at,
        )
    if channels:
        await store.delete(change.tx, user_id, [channel.id for channel in channels])
