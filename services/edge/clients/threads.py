"""Calls of messaging: threads that users follow, and what is unread in their teams."""

from collections.abc import Sequence

from chorus.messaging.v1 import threads_pb2, threads_pb2_grpc
from services.chassis.rpc.client import Peer
from services.edge.caller import Caller
from services.edge.clients.actor import actor


class ThreadClient:
    """Followed threads."""

    def __init__(self, peer: Peer) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._threads = threads_pb2_grpc.ThreadServiceStub(peer.channel)

    async def page(self, caller: Caller, request: threads_pb2.ListThreadsRequest) -> threads_pb2.ListThreadsResponse:
        """Return a page of the threads that a user follows, with totals."""
        request.actor.CopyFrom(actor(caller))
        return await self._peer.call(self._threads.ListThreads, request)

    async def get(self, caller: Caller, user_id: str, thread_id: str) -> threads_pb2.FollowedThread:
        """Return a followed thread."""
        request = threads_pb2.GetFollowedThreadRequest(actor=actor(caller), user_id=user_id, thread_id=thread_id)
        return (await self._peer.call(self._threads.GetFollowedThread, request)).thread

    async def read(self, caller: Caller, user_id: str, thread_id: str, at_ms: int) -> threads_pb2.FollowedThread:
        """Mark a thread as seen up to a time, in ms since the epoch."""
        request = threads_pb2.ReadThreadRequest(
            actor=actor(caller), user_id=user_id, thread_id=thread_id, timestamp_ms=at_ms
        )
        return (await self._peer.call(self._threads.ReadThread, request)).thread

    async def read_all(self, caller: Caller, user_id: str, team_id: str) -> None:
        """Mark all followed threads of a team as seen."""
        request = threads_pb2.ReadAllThreadsRequest(actor=actor(caller), user_id=user_id, team_id=team_id)
        await self._peer.call(self._threads.ReadAllThreads, request)

    async def unread(self, caller: Caller, user_id: str, thread_id: str, post_id: str) -> threads_pb2.FollowedThread:
        """Put a thread back to unread from a post on."""
        request = threads_pb2.UnreadThreadRequest(
            actor=actor(caller), user_id=user_id, thread_id=thread_id, post_id=post_id
        )
        return (await self._peer.call(self._threads.UnreadThread, request)).thread

    async def follow(self, caller: Caller, user_id: str, thread_id: str, *, following: bool) -> None:
        """Begin or stop to follow a thread."""
        request = threads_pb2.FollowThreadRequest(
            actor=actor(caller), user_id=user_id, thread_id=thread_id, following=following
        )
        await self._peer.call(self._threads.FollowThread, request)

    async def team_unreads(
        self, caller: Caller, user_id: str, team_id: str = "", *, include_threads: bool
    ) -> Sequence[threads_pb2.TeamUnread]:
        """Return what a user has not seen in each of its teams, or in one."""
        request = threads_pb2.CountTeamUnreadsRequest(
            actor=actor(caller), user_id=user_id, team_id=team_id, include_threads=include_threads
        )
        return (await self._peer.call(self._threads.CountTeamUnreads, request)).teams
