"""Threads between the domain and the contract."""

from collections.abc import Iterable, Mapping, Sequence

from chorus.messaging.v1 import events_pb2, posts_pb2, threads_pb2
from services.messaging.domain.posts import Post
from services.messaging.domain.threads import FollowedThread, FollowerChange, TeamUnread
from services.messaging.domain.users import User
from services.messaging.wire import posts as wire


def change(
    root: Post, participant_ids: Sequence[str], users: Mapping[str, User], followers: Iterable[FollowerChange]
) -> events_pb2.ThreadChange:
    """Return a thread as it became, for its followers."""
    return events_pb2.ThreadChange(
        root=wire.post(root),
        participants=[participant(users[user_id]) for user_id in participant_ids if user_id in users],
        followers=[
            events_pb2.ThreadFollower(
                user_id=follower.now.user_id,
                last_viewed_at_ms=follower.now.last_viewed_at,
                unread_replies=follower.unread_replies,
                unread_mentions=follower.now.unread_mentions,
                previous_unread_replies=follower.previous_unread_replies,
                previous_unread_mentions=follower.previous_unread_mentions,
                notified=follower.notified,
            )
            for follower in followers
        ],
    )


def participant(user: User) -> events_pb2.ThreadParticipant:
    """Return somebody who replied."""
    return events_pb2.ThreadParticipant(
        id=user.id,
        username=user.username,
        nickname=user.nickname,
        first_name=user.first_name,
        last_name=user.last_name,
        email=user.email,
        locale=user.locale,
        roles=user.roles,
        is_bot=user.is_bot,
        update_at_ms=user.update_at,
        delete_at_ms=user.delete_at,
    )


def followed(thread: FollowedThread, root: posts_pb2.Post) -> threads_pb2.FollowedThread:
    """Return a thread as one of its followers has it; `root` is its first post as the reader is shown it."""
    return threads_pb2.FollowedThread(
        root=root,
        last_viewed_at_ms=thread.last_viewed_at,
        unread_replies=thread.unread_replies,
        unread_mentions=thread.unread_mentions,
    )


def team_unread(unread: TeamUnread) -> threads_pb2.TeamUnread:
    """Return what is unread in a team."""
    return threads_pb2.TeamUnread(
        team_id=unread.team_id,
        msg_count=unread.messages,
        msg_count_root=unread.root_messages,
        mention_count=unread.mentions,
        mention_count_root=unread.root_mentions,
        thread_count=unread.threads,
        thread_mention_count=unread.thread_mentions,
    )
