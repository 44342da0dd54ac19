"""Messaging, through the mesh."""

from collections.abc import Sequence

from chorus.common.v1 import actor_pb2
from chorus.messaging.v1 import channels_pb2, channels_pb2_grpc, posts_pb2, posts_pb2_grpc
from services.chassis.rpc.client import Peer
from services.files.domain.files import Actor


class MessagingClient:
    """Asks messaging about channels and posts. Raises unavailable and the like, never guesses."""

    def __init__(self, peer: Peer) -> None:
        """Call through `peer`."""
        self._peer = peer
        self._channels = channels_pb2_grpc.ChannelServiceStub(peer.channel)
        self._posts = posts_pb2_grpc.PostServiceStub(peer.channel)

    async def allowed(self, actor: Actor, channel_ids: Sequence[str], permission: str) -> list[bool]:
        """Say for each channel whether the actor holds the permission there."""
        who = actor_pb2.Actor(user_id=actor.user_id, roles=actor.roles)
        request = channels_pb2.CheckAccessRequest(
            checks=[
                channels_pb2.AccessCheck(actor=who, channel_id=channel, permission=permission)
                for channel in channel_ids
            ]
        )
        return list((await self._peer.call(self._channels.CheckAccess, request)).allowed)

    async def existing_posts(self, post_ids: Sequence[str]) -> set[str]:
        """Return those of the posts that exist."""
        request = posts_pb2.FindExistingPostsRequest(ids=post_ids)
        return set((await self._peer.call(self._posts.FindExistingPosts, request)).ids)
