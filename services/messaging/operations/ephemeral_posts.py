"""Posts that one user sees, and no history."""

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.ids import new_id
from services.chassis.topics import user_topic
from services.messaging.domain import posts
from services.messaging.domain.posts import EPHEMERAL, Post
from services.messaging.wire import posts as wire


def ephemeral(
    *, author_id: str, channel_id: str, root_id: str, message: str, props: str, at: int, post_id: str = ""
) -> Post:
    """Return a post that is stored nowhere; under a new id, unless it has one already."""
    return Post(
        id=post_id or new_id(), channel_id=channel_id, user_id=author_id, root_id=root_id, original_id="",
        message=message, type=EPHEMERAL, props=props or "{}", hashtags=posts.hashtags(message), files=b"",
        file_count=0, create_at=at, update_at=at, edit_at=0, delete_at=0, is_pinned=False, has_reactions=False,
        reply_count=0, last_reply_at=0, participants=(),
    )  # fmt: skip


def shown_to(user_id: str, post: Post) -> log_pb2.LogEntry:
    """Return the event that shows such a post to a user, on whatever sockets it has now."""
    body = events_pb2.EphemeralPosted(post=wire.post(post))
    return log_pb2.LogEntry(
        topic=user_topic(user_id), at_ms=post.create_at, kind="ephemeral_posted", body=body.SerializeToString()
    )
