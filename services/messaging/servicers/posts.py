"""PostService: unpack, operation, pack."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import grpc

from chorus.common.v1 import actor_pb2
from chorus.messaging.v1 import posts_pb2, posts_pb2_grpc
from services.chassis.batching import Batcher
from services.chassis.errors import DomainError
from services.chassis.events import EventLog
from services.chassis.rpc.errors import to_item
from services.messaging.domain.posts import Draft, Post
from services.messaging.domain.previewed_posts import Previewed, Viewing
from services.messaging.operations.history import History, Page, PageQuery, SavedQuery, ThreadQuery, UnreadQuery
from services.messaging.operations.post_changes import Patch, PostChanges
from services.messaging.operations.previewed_posts import PreviewedPosts
from services.messaging.wire import posts as wire

Context = grpc.aio.ServicerContext[Any, Any]


class PostServicer(posts_pb2_grpc.PostServiceServicer):
    """Posts over gRPC. Drafts of all calls meet in one committer: the busier we are, the fewer COMMITs a post."""

    def __init__(
        self,
        committer: Batcher[Draft, Post],
        changes: PostChanges,
        history: History,
        previewed: PreviewedPosts,
        events: EventLog,
        count_item_error: Callable[[str], None],
    ) -> None:
        """`count_item_error(reason)` is told of each draft that fails in a call that succeeds."""
        self._committer, self._changes, self._history, self._events = committer, changes, history, events
        self._previewed = previewed
        self._count_item_error = count_item_error

    async def CreatePosts(
        self, request: posts_pb2.CreatePostsRequest, context: Context
    ) -> posts_pb2.CreatePostsResponse:
        """Store drafts."""
        answers = await self._committer.submit_all([wire.draft(draft) for draft in request.drafts])
        viewings = {
            Viewing(draft.actor.user_id, tuple(draft.actor.roles), answer.previewed_id)
            for draft, answer in zip(request.drafts, answers, strict=True)
            if isinstance(answer, Post) and answer.previewed_id
        }
        shown = await self._previewed.shown(viewings)
        adornments = await self._history.adornments([answer for answer in answers if isinstance(answer, Post)])
        results = []
        for draft, answer in zip(request.drafts, answers, strict=True):
            if isinstance(answer, DomainError):
                self._count_item_error(answer.reason.value)
                results.append(posts_pb2.CreatePostResult(error=to_item(answer)))
            else:
                viewing = Viewing(draft.actor.user_id, tuple(draft.actor.roles), answer.previewed_id)
                results.append(
                    posts_pb2.CreatePostResult(
                        post=wire.post(
                            answer,
                            draft.pending_post_id,
                            adornments.reactions_to(answer),
                            adornments.emoji_of(answer),
                            shown.get(viewing),
                        )
                    )
                )
        return posts_pb2.CreatePostsResponse(results=results)

    async def GetPosts(self, request: posts_pb2.GetPostsRequest, context: Context) -> posts_pb2.GetPostsResponse:
        """Return posts."""
        found, adornments = await self._history.get_many(request.ids, request.actor.user_id, request.actor.roles)
        previewed = await self._shown_to(request.actor, found)
        return posts_pb2.GetPostsResponse(posts=wire.posts(found, adornments, previewed=previewed))

    async def GetPost(self, request: posts_pb2.GetPostRequest, context: Context) -> posts_pb2.GetPostResponse:
        """Return a post."""
        post, adornments = await self._history.get(
            request.id, request.actor.user_id, request.actor.roles, include_deleted=request.include_deleted
        )
        previewed = await self._shown_to(request.actor, [post])
        return posts_pb2.GetPostResponse(post=wire.posts([post], adornments, previewed=previewed)[0])

    async def ListPosts(self, request: posts_pb2.ListPostsRequest, context: Context) -> posts_pb2.ListPostsResponse:
        """Return a page."""
        query = PageQuery(
            request.channel_id, request.page, request.per_page, request.since_ms, request.before, request.after,
            request.include_deleted, request.skip_threads, request.roots_only,
        )  # fmt: skip
        page = await self._history.page(query, request.actor.user_id, request.actor.roles)
        return posts_pb2.ListPostsResponse(
            page=await self._page(request.actor, page, request.actor.user_id if request.roots_only else ""),
            seq=page.seq,
            incarnation=self._events.incarnation,
            emoji_seq=page.adornments.emoji_seq,
            personal=any(post.previewed_id for post in (*page.posts, *page.thread_posts)),
        )

    async def ListUnreadPosts(
        self, request: posts_pb2.ListUnreadPostsRequest, context: Context
    ) -> posts_pb2.ListUnreadPostsResponse:
        """Return what is around the first unseen post."""
        query = UnreadQuery(
            request.channel_id, request.limit_before, request.limit_after, request.skip_threads, request.roots_only
        )
        viewed_at = await self._history.last_viewed_at(
            request.actor.user_id, request.actor.roles, request.user_id, request.channel_id
        )
        page = await self._history.unread(query, request.actor.user_id, request.actor.roles, last_viewed_at=viewed_at)
        return posts_pb2.ListUnreadPostsResponse(
            page=await self._page(request.actor, page, request.user_id if request.roots_only else "")
        )

    async def _shown_to(self, reader: actor_pb2.Actor, posts: Iterable[Post]) -> Mapping[str, Previewed]:
        return await self._previewed.shown_to(reader.user_id, reader.roles, posts)

    async def _page(self, reader: actor_pb2.Actor, page: Page, follower_id: str) -> posts_pb2.PostPage:
        """Return a page for a reader; with whether a user follows the threads, unless `follower_id` is empty."""
        following = await self._history.following(follower_id, page.posts) if follower_id else {}
        previewed = await self._shown_to(reader, (*page.posts, *page.thread_posts))
        return posts_pb2.PostPage(
            posts=wire.posts(page.posts, page.adornments, following, previewed),
            thread_posts=wire.posts(page.thread_posts, page.adornments, previewed=previewed),
            next_post_id=page.next_post_id,
            prev_post_id=page.prev_post_id,
        )

    async def GetThread(self, request: posts_pb2.GetThreadRequest, context: Context) -> posts_pb2.GetThreadResponse:
        """Return a thread."""
        query = ThreadQuery(
            request.post_id, request.per_page, request.from_post, request.from_create_at_ms, request.from_update_at_ms,
            request.direction == posts_pb2.THREAD_DIRECTION_UP,
        )  # fmt: skip
        thread = await self._history.thread(query, request.actor.user_id, request.actor.roles)
        reader = request.actor.user_id
        following = await self._history.following(reader, thread.posts) if request.with_following else {}
        previewed = await self._shown_to(request.actor, thread.posts)
        return posts_pb2.GetThreadResponse(
            posts=wire.posts(thread.posts, thread.adornments, following, previewed),
            has_next=thread.has_next,
            seq=thread.seq,
            incarnation=self._events.incarnation,
        )

    async def PatchPost(self, request: posts_pb2.PatchPostRequest, context: Context) -> posts_pb2.PatchPostResponse:
        """Change a post."""
        patch = Patch(
            message=request.message if request.HasField("message") else None,
            props=request.props_json if request.HasField("props_json") else None,
            is_pinned=request.is_pinned if request.HasField("is_pinned") else None,
            files=_files(request.files.files, request.files) if request.HasField("files") else None,
        )
        post, adornments = await self._changes.patch(request.id, patch, request.actor.user_id, request.actor.roles)
        previewed = await self._shown_to(request.actor, [post])
        return posts_pb2.PatchPostResponse(post=wire.posts([post], adornments, previewed=previewed)[0])

    async def PinPost(self, request: posts_pb2.PinPostRequest, context: Context) -> posts_pb2.PinPostResponse:
        """Pin a post, or take it off."""
        await self._changes.pin(request.id, request.pinned, request.actor.user_id, request.actor.roles)
        return posts_pb2.PinPostResponse()

    async def ListPinnedPosts(
        self, request: posts_pb2.ListPinnedPostsRequest, context: Context
    ) -> posts_pb2.ListPinnedPostsResponse:
        """Return a channel's pinned posts."""
        found, adornments = await self._history.pinned(request.channel_id, request.actor.user_id, request.actor.roles)
        shown = await self._shown_to(request.actor, found)
        return posts_pb2.ListPinnedPostsResponse(posts=wire.posts(found, adornments, previewed=shown))

    async def ListSavedPosts(
        self, request: posts_pb2.ListSavedPostsRequest, context: Context
    ) -> posts_pb2.ListSavedPostsResponse:
        """Return a page of saved posts."""
        query = SavedQuery(request.ids, request.team_id, request.channel_id, request.page, request.per_page)
        found, adornments = await self._history.saved(query, request.actor.user_id, request.actor.roles)
        shown = await self._shown_to(request.actor, found)
        return posts_pb2.ListSavedPostsResponse(posts=wire.posts(found, adornments, previewed=shown))

    async def DeletePost(self, request: posts_pb2.DeletePostRequest, context: Context) -> posts_pb2.DeletePostResponse:
        """Delete a post."""
        await self._changes.delete(request.id, request.actor.user_id, request.actor.roles)
        return posts_pb2.DeletePostResponse()

    async def SendEphemeral(
        self, request: posts_pb2.SendEphemeralRequest, context: Context
    ) -> posts_pb2.SendEphemeralResponse:
        """Show a post to one user."""
        post = await self._changes.send_ephemeral(
            request.actor.user_id,
            request.actor.roles,
            user_id=request.user_id,
            channel_id=request.channel_id,
            root_id=request.root_id,
            message=request.message,
            props=request.props_json,
        )
        return posts_pb2.SendEphemeralResponse(post=wire.post(post))

    async def FindExistingPosts(
        self, request: posts_pb2.FindExistingPostsRequest, context: Context
    ) -> posts_pb2.FindExistingPostsResponse:
        """Return which posts exist."""
        return posts_pb2.FindExistingPostsResponse(ids=await self._history.existing(request.ids))


def _files(files: Sequence[object], message: posts_pb2.FileList) -> tuple[bytes, int]:
    return message.SerializeToString(), len(files)
