"""ThreadService: unpack, operation, pack."""

from collections.abc import Sequence
from typing import Any

import grpc

from chorus.common.v1 import actor_pb2
from chorus.messaging.v1 import threads_pb2, threads_pb2_grpc
from services.messaging.domain.threads import FollowedThread, ThreadsQuery
from services.messaging.operations.history import History
from services.messaging.operations.previewed_posts import PreviewedPosts
from services.messaging.operations.threads import ThreadOperations
from services.messaging.servicers.actors import actor
from services.messaging.wire import posts as post_wire
from services.messaging.wire import threads as wire

Context = grpc.aio.ServicerContext[Any, Any]


class ThreadServicer(threads_pb2_grpc.ThreadServiceServicer):
    """Followed threads over gRPC."""

    def __init__(self, operations: ThreadOperations, history: History, previewed: PreviewedPosts) -> None:
        """Serve `operations`; the others say what is shown with the threads' first posts."""
        self._operations, self._history, self._previewed = operations, history, previewed

    async def ListThreads(
        self, request: threads_pb2.ListThreadsRequest, context: Context
    ) -> threads_pb2.ListThreadsResponse:
        """Return a page."""
        query = ThreadsQuery(
            request.user_id, request.team_id, request.per_page, request.before, request.after, request.since_ms,
            request.unread, request.deleted, request.exclude_direct,
        )  # fmt: skip
        threads, totals = await self._operations.page(
            actor(request.actor), query, threads=not request.totals_only, totals=not request.threads_only
        )
        return threads_pb2.ListThreadsResponse(
            threads=await self._shown(request.actor, threads),
            total=totals.total,
            total_unread=totals.unread,
            total_unread_mentions=totals.mentions,
        )

    async def _shown(
        self, reader: actor_pb2.Actor, threads: Sequence[FollowedThread]
    ) -> list[threads_pb2.FollowedThread]:
        """Return threads as they are shown to a reader."""
        roots = [thread.root for thread in threads]
        adornments = await self._history.adornments(roots)
        previewed = await self._previewed.shown_to(reader.user_id, reader.roles, roots)
        shown = post_wire.posts(roots, adornments, previewed=previewed)
        return [wire.followed(thread, root) for thread, root in zip(threads, shown, strict=True)]

    async def GetFollowedThread(
        self, request: threads_pb2.GetFollowedThreadRequest, context: Context
    ) -> threads_pb2.GetFollowedThreadResponse:
        """Return a thread."""
        thread = await self._operations.get(actor(request.actor), request.user_id, request.thread_id)
        return threads_pb2.GetFollowedThreadResponse(thread=(await self._shown(request.actor, [thread]))[0])

    async def ReadThread(
        self, request: threads_pb2.ReadThreadRequest, context: Context
    ) -> threads_pb2.ReadThreadResponse:
        """Mark a thread as seen."""
        thread = await self._operations.read(
            actor(request.actor), request.user_id, request.thread_id, request.timestamp_ms
        )
        return threads_pb2.ReadThreadResponse(thread=(await self._shown(request.actor, [thread]))[0])

    async def ReadAllThreads(
        self, request: threads_pb2.ReadAllThreadsRequest, context: Context
    ) -> threads_pb2.ReadAllThreadsResponse:
        """Mark all threads as seen."""
        await self._operations.read_all(actor(request.actor), request.user_id, request.team_id)
        return threads_pb2.ReadAllThreadsResponse()

    async def UnreadThread(
        self, request: threads_pb2.UnreadThreadRequest, context: Context
    ) -> threads_pb2.UnreadThreadResponse:
        """Put a thread back to unread."""
        thread = await self._operations.unread(
            actor(request.actor), request.user_id, request.thread_id, request.post_id
        )
        return threads_pb2.UnreadThreadResponse(thread=(await self._shown(request.actor, [thread]))[0])

    async def FollowThread(
        self, request: threads_pb2.FollowThreadRequest, context: Context
    ) -> threads_pb2.FollowThreadResponse:
        """Begin or stop to follow."""
        await self._operations.follow(
            actor(request.actor), request.user_id, request.thread_id, following=request.following
        )
        return threads_pb2.FollowThreadResponse()

    async def CountTeamUnreads(
        self, request: threads_pb2.CountTeamUnreadsRequest, context: Context
    ) -> threads_pb2.CountTeamUnreadsResponse:
        """Return what is unread in teams."""
        found = await self._operations.team_unreads(
            actor(request.actor), request.user_id, request.team_id, with_threads=request.include_threads
        )
        return threads_pb2.CountTeamUnreadsResponse(teams=map(wire.team_unread, found))
