"""Calls of messaging: posts, and the reactions to them."""

from collections.abc import Sequence
from typing import Final

from chorus.messaging.v1 import posts_pb2, posts_pb2_grpc, reactions_pb2, reactions_pb2_grpc
from services.chassis.errors import DomainError, Reason
from services.chassis.lanes import Lanes
from services.chassis.metrics import Metrics
from services.chassis.rpc.client import Peer
from services.chassis.rpc.errors import from_item
from services.chassis.tasks import Tasks
from services.edge.caller import Caller
from services.edge.clients.actor import actor

LANES: Final = 8
"""Batches of drafts under way at once, by channel, when there is that much to do."""

_BATCH_ITEMS: Final = 256
_BATCH_WAITING: Final = 4096
_BATCH_SECONDS: Final = 8.0


class PostClient:
    """Posts and their history."""

    def __init__(self, peer: Peer, tasks: Tasks, metrics: Metrics) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._posts = posts_pb2_grpc.PostServiceStub(peer.channel)
        self._lanes: Lanes[posts_pb2.PostDraft, posts_pb2.Post] = Lanes(
            "create_posts",
            self._send,
            tasks,
            metrics,
            most=LANES,
            max_items=_BATCH_ITEMS,
            max_waiting=_BATCH_WAITING,
            size=posts_pb2.PostDraft.ByteSize,
        )

    async def _send(self, lane: int, drafts: Sequence[posts_pb2.PostDraft]) -> list[posts_pb2.Post | DomainError]:
        request = posts_pb2.CreatePostsRequest(drafts=drafts)
        answer = await self._peer.call(self._posts.CreatePosts, request, seconds=_BATCH_SECONDS, lane=lane)
        return [
            result.post if result.WhichOneof("result") == "post" else from_item(result.error)
            for result in answer.results
        ]

    async def create(self, caller: Caller, draft: posts_pb2.PostDraft) -> posts_pb2.Post:
        """Store a post, together with whatever else waits for its lane.

        The draft carries the post's id, so what is lost on the way is sent once more: the same id makes no second post.
        """
        draft.actor.CopyFrom(actor(caller))
        try:
            return await self._lanes.submit(draft.channel_id, draft)
        except DomainError as error:
            if error.reason is not Reason.UNAVAILABLE:
                raise
        return await self._lanes.submit(draft.channel_id, draft)

    async def get(self, caller: Caller, post_id: str, *, include_deleted: bool = False) -> posts_pb2.Post:
        """Return a post."""
        request = posts_pb2.GetPostRequest(actor=actor(caller), id=post_id, include_deleted=include_deleted)
        return (await self._peer.call(self._posts.GetPost, request)).post

    async def get_many(self, caller: Caller, ids: Sequence[str]) -> Sequence[posts_pb2.Post]:
        """Return those of the posts that the caller may read."""
        request = posts_pb2.GetPostsRequest(actor=actor(caller), ids=ids)
        return (await self._peer.call(self._posts.GetPosts, request)).posts

    async def page(self, caller: Caller, request: posts_pb2.ListPostsRequest) -> posts_pb2.ListPostsResponse:
        """Return a page of a channel's history, with the position of the log that it shows."""
        request.actor.CopyFrom(actor(caller))
        return await self._peer.call(self._posts.ListPosts, request)

    async def unread(self, caller: Caller, request: posts_pb2.ListUnreadPostsRequest) -> posts_pb2.PostPage:
        """Return the history around what a user has not seen."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._posts.ListUnreadPosts, request)).page

    async def thread(self, caller: Caller, request: posts_pb2.GetThreadRequest) -> posts_pb2.GetThreadResponse:
        """Return a root post and its replies."""
        request.actor.CopyFrom(actor(caller))
        return await self._peer.call(self._posts.GetThread, request)

    async def patch(self, caller: Caller, request: posts_pb2.PatchPostRequest) -> posts_pb2.Post:
        """Change parts of a post; return it as it is now."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._posts.PatchPost, request)).post

    async def pin(self, caller: Caller, post_id: str, pinned: bool) -> None:
        """Pin a post to its channel, or take it off."""
        request = posts_pb2.PinPostRequest(actor=actor(caller), id=post_id, pinned=pinned)
        await self._peer.call(self._posts.PinPost, request)

    async def pinned(self, caller: Caller, channel_id: str) -> Sequence[posts_pb2.Post]:
        """Return a channel's pinned posts, oldest first."""
        request = posts_pb2.ListPinnedPostsRequest(actor=actor(caller), channel_id=channel_id)
        return (await self._peer.call(self._posts.ListPinnedPosts, request)).posts

    async def saved(self, caller: Caller, request: posts_pb2.ListSavedPostsRequest) -> Sequence[posts_pb2.Post]:
        """Return a page of those of some posts that the caller may read, newest first."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._posts.ListSavedPosts, request)).posts

    async def delete(self, caller: Caller, post_id: str) -> None:
        """Delete a post and its replies."""
        await self._peer.call(self._posts.DeletePost, posts_pb2.DeletePostRequest(actor=actor(caller), id=post_id))

    async def send_ephemeral(self, caller: Caller, request: posts_pb2.SendEphemeralRequest) -> posts_pb2.Post:
        """Show a post to one user."""
        request.actor.CopyFrom(actor(caller))
        return (await self._peer.call(self._posts.SendEphemeral, request)).post


class ReactionClient:
    """Reactions to posts."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._reactions = reactions_pb2_grpc.ReactionServiceStub(peer.channel)

    async def add(self, caller: Caller, post_id: str, emoji_name: str) -> posts_pb2.Reaction:
        """Add the caller's reaction; again is no change."""
        request = reactions_pb2.AddReactionRequest(actor=actor(caller), post_id=post_id, emoji_name=emoji_name)
        return (await self._peer.call(self._reactions.AddReaction, request)).reaction

    async def remove(self, caller: Caller, user_id: str, post_id: str, emoji_name: str) -> None:
        """Remove a reaction; none is no change."""
        request = reactions_pb2.RemoveReactionRequest(
            actor=actor(caller), user_id=user_id, post_id=post_id, emoji_name=emoji_name
        )
        await self._peer.call(self._reactions.RemoveReaction, request)

    async def of_post(self, caller: Caller, post_id: str) -> Sequence[posts_pb2.Reaction]:
        """Return a post's reactions, oldest first."""
        request = reactions_pb2.ListReactionsRequest(actor=actor(caller), post_id=post_id)
        return (await self._peer.call(self._reactions.ListReactions, request)).reactions

    async def of_posts(self, caller: Caller, post_ids: Sequence[str]) -> Sequence[posts_pb2.Reaction]:
        """Return the reactions to posts, oldest first."""
        request = reactions_pb2.ListReactionsOfPostsRequest(actor=actor(caller), post_ids=post_ids)
        return (await self._peer.call(self._reactions.ListReactionsOfPosts, request)).reactions
