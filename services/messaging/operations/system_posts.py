"""Posting the channels' own notices, inside of the transaction that makes the change they tell of."""

import json
from collections.abc import Sequence

from chorus.messaging.v1 import events_pb2, posts_pb2
from services.chassis.ids import new_id
from services.chassis.topics import channel_topic
from services.messaging.domain.posts import counted
from services.messaging.domain.system_posts import Notice
from services.messaging.operations.changing import Change
from services.messaging.store import system_posts as store
from services.messaging.wire.channels import context


async def post_system_messages(change: Change, notices: Sequence[Notice]) -> None:
    """Store notices in this order and announce them; each channel's topic is locked by `change`."""
    posts = []
    for notice in notices:
        topic = channel_topic(notice.channel.id)
        post = store.SystemPost(
            id=new_id(),
            channel_id=notice.channel.id,
            user_id=notice.author.id,
            message=notice.message,
            type=notice.type,
            props=json.dumps(dict(notice.props), ensure_ascii=False),
            create_at=change.next_at(topic),
            counted=counted(notice.type),
            mentioned_user_ids=notice.mentioned_user_ids,
        )
        posts.append(post)
        change.announce(topic, _created(notice, post), post.create_at)
    if posts:
        await store.insert(change.tx, posts)


def _created(notice: Notice, post: store.SystemPost) -> events_pb2.PostCreated:
    return events_pb2.PostCreated(
        post=posts_pb2.Post(
            id=post.id,
            channel_id=post.channel_id,
            user_id=post.user_id,
            message=post.message,
            type=post.type,
            props_json=post.props,
            create_at_ms=post.create_at,
            update_at_ms=post.create_at,
        ),
        channel=context(notice.channel, notice.author.username),
        sender_name="System",
        mentioned_user_ids=post.mentioned_user_ids,
    )
