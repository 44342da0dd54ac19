"""Drafts between the domain and the contract."""

from chorus.messaging.v1 import drafts_pb2, posts_pb2
from services.messaging.domain.drafts import Draft


def draft(stored: Draft) -> drafts_pb2.Draft:
    """Return a draft's message."""
    return drafts_pb2.Draft(
        user_id=stored.user_id,
        channel_id=stored.channel_id,
        root_id=stored.root_id,
        message=stored.message,
        type=stored.type,
        props_json=stored.props,
        files=posts_pb2.FileList.FromString(stored.files).files if stored.files else (),
        priority_json=stored.priority,
        create_at_ms=stored.create_at,
        update_at_ms=stored.update_at,
    )


def asked(message: drafts_pb2.Draft, user_id: str) -> Draft:
    """Return a draft as its user asks for it."""
    return Draft(
        user_id=user_id,
        channel_id=message.channel_id,
        root_id=message.root_id,
        message=message.message,
        type=message.type,
        props=message.props_json or "{}",
        files=posts_pb2.FileList(files=message.files).SerializeToString() if message.files else b"",
        priority=message.priority_json,
    )
