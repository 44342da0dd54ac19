"""Channel memberships as protobuf."""

from chorus.messaging.v1 import memberships_pb2
from services.messaging.domain.memberships import Member


def member(value: Member) -> memberships_pb2.Member:
    """Return a channel membership's message."""
    return memberships_pb2.Member(
        channel_id=value.channel_id,
        user_id=value.user_id,
        scheme_guest=value.scheme_guest,
        scheme_user=value.scheme_user,
        scheme_admin=value.scheme_admin,
        explicit_roles=value.explicit_roles,
        last_viewed_at_ms=value.last_viewed_at,
        msg_count=value.msg_count,
        msg_count_root=value.msg_count_root,
        mention_count=value.mention_count,
        mention_count_root=value.mention_count_root,
        last_update_at_ms=value.last_update_at,
        notify_props=value.notify_props,
    )
