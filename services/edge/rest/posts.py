"""Posts: written, read, changed, deleted."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id, new_id
from services.edge.cache.pages import EncodedPage, PageCache
from services.edge.caller import Caller
from services.edge.clients.files import FileClient
from services.edge.clients.posts import PostClient
from services.edge.dialect import posts, requests
from services.edge.dialect.files import file_json
from services.edge.rest.kit import (
    PER_PAGE,
    PER_PAGE_MAX,
    Call,
    Route,
    answer,
    created,
    encoded,
    ok,
    require,
    tagged,
    under_tag,
)

MAX_IDS = 1000


class Posts:
    """The operations on posts."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/posts", self.create),
            Route("POST", "/posts/ephemeral", self.create_ephemeral),
            Route("POST", "/posts/ids", self.by_ids),
            Route("GET", "/posts/{post_id}", self.get),
            Route("PUT", "/posts/{post_id}", self.update),
            Route("DELETE", "/posts/{post_id}", self.delete),
            Route("PUT", "/posts/{post_id}/patch", self.patch),
            Route("GET", "/posts/{post_id}/thread", self.thread),
            Route("GET", "/posts/{post_id}/files/info", self.files),
            Route("GET", "/channels/{channel_id}/posts", self.page),
            Route("GET", "/users/{user_id}/channels/{channel_id}/posts/unread", self.unread),
        )

    def __init__(self, client: PostClient, files: FileClient, pages: PageCache) -> None:
        """`files` ties attachments to posts; `pages` keeps what all readers of a channel see alike."""
        self._posts = client
        self._pages = pages
        self._files = files

    async def create(self, call: Call) -> web.StreamResponse:
        """Write a post: its id is minted here, and keys it on every hop."""
        body = await call.json(requests.POST, "post")
        post_id = new_id()
        draft = posts.draft(body, post_id, set_online=call.flag("set_online", default=True))
        if file_ids := posts.file_ids(body):
            draft.files.extend(await self._files.claim(call.caller, post_id, draft.channel_id, file_ids))
        return created(posts.post_json(await self._posts.create(call.caller, draft)))

    async def create_ephemeral(self, call: Call) -> web.StreamResponse:
        """Show a post to one user."""
        body = await call.json(requests.EPHEMERAL, "body")
        return created(posts.post_json(await self._posts.send_ephemeral(call.caller, posts.ephemeral(body))))

    async def by_ids(self, call: Call) -> web.StreamResponse:
        """Return those of some posts that the caller may read."""
        ids = await call.json(requests.IDS, "post_ids")
        if not ids or len(ids) > MAX_IDS:
            raise DomainError(Reason.INVALID_ARGUMENT, field="post_ids")
        found = await self._posts.get_many(call.caller, list(dict.fromkeys(ids)))
        return answer([posts.post_json(post) for post in found])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a post."""
        deleted = call.flag("include_deleted")
        require(not deleted or call.caller.is_admin, "manage_system")
        post = await self._posts.get(call.caller, call.id("post_id"), include_deleted=deleted)
        return tagged(call, posts.post_json(post))

    async def files(self, call: Call) -> web.StreamResponse:
        """Return the descriptions of a post's files."""
        post = await self._posts.get(call.caller, call.id("post_id"))
        return tagged(call, [file_json(file) for file in post.files])

    async def update(self, call: Call) -> web.StreamResponse:
        """Change a post; what the body leaves out is kept."""
        body = await call.json(requests.POST, "post")
        if body.id != call.id("post_id"):
            raise DomainError(Reason.INVALID_ARGUMENT, field="id")
        return answer(await self._patched(call, body))

    async def patch(self, call: Call) -> web.StreamResponse:
        """Change parts of a post."""
        body = await call.json(requests.POST_PATCH, "post")
        try:
            return answer(await self._patched(call, body))
        except DomainError as error:
            if error.reason is Reason.POST_EDIT_ARCHIVED:
                raise DomainError(error.reason, how="patch") from None
            raise

    async def _patched(self, call: Call, body: requests.PostBody | requests.PostPatchBody) -> dict[str, Any]:
        post_id = call.id("post_id")
        files = None if body.file_ids is None else await self._kept_and_new(call.caller, post_id, posts.file_ids(body))
        return posts.post_json(await self._posts.patch(call.caller, posts.patch(body, post_id, files)))

    async def _kept_and_new(self, caller: Caller, post_id: str, file_ids: Sequence[str]) -> list[Any]:
        """Return the files that a post is to have: of its present ones those named, and new ones that can be tied."""
        post = await self._posts.get(caller, post_id)
        infos = {file.id: file for file in post.files}
        if new := [file_id for file_id in file_ids if file_id not in infos]:
            infos |= {file.id: file for file in await self._files.claim(caller, post_id, post.channel_id, new)}
        return [infos[file_id] for file_id in file_ids if file_id in infos]

    async def delete(self, call: Call) -> web.StreamResponse:
        """Delete a post with its replies."""
        if call.flag("permanent"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="deletePost with permanent=true")
        await self._posts.delete(call.caller, call.id("post_id"))
        return ok()

    async def thread(self, call: Call) -> web.StreamResponse:
        """Return a thread."""
        per_page = call.number("perPage", 0)
        if per_page > PER_PAGE_MAX:
            raise DomainError(Reason.INVALID_ARGUMENT, field="perPage")
        question = posts.thread_request(
            call.id("post_id"),
            per_page=per_page,
            from_post=_anchor(call, "fromPost"),
            from_create_at_ms=call.time("fromCreateAt"),
            from_update_at_ms=call.time("fromUpdateAt"),
            updates_only=call.flag("updatesOnly"),
            direction=call.query("direction"),
            with_following=call.flag("collapsedThreads"),
        )
        thread = await self._posts.thread(call.caller, question)
        return tagged(call, posts.thread_json(thread, threads=call.flag("collapsedThreads")))

    async def page(self, call: Call) -> web.StreamResponse:
        """Return a page of a channel's history."""
        deleted, threads = call.flag("include_deleted"), call.flag("collapsedThreads")
        require(not deleted or call.caller.is_admin, "manage_system")
        page, per_page = call.page()
        question = posts.page_request(
            call.id("channel_id"),
            page=page,
            per_page=per_page,
            since_ms=call.time("since"),
            before=_anchor(call, "before"),
            after=_anchor(call, "after"),
            include_deleted=deleted,
            skip_threads=call.flag("skipFetchThreads"),
            roots_only=threads,
        )
        if deleted or threads or question.since_ms:
            shown = posts.page_json((await self._posts.page(call.caller, question)).page, threads=threads)
            return answer(shown) if question.since_ms else tagged(call, shown)

        async def read() -> EncodedPage:
            found = await self._posts.page(call.caller, question)
            shown = encoded(posts.page_json(found.page))
            emoji_seq = found.emoji_seq if found.HasField("emoji_seq") else None
            return EncodedPage.of(shown, found.seq, found.incarnation, emoji_seq=emoji_seq, personal=found.personal)

        kept = await self._pages.get(call.caller, question.channel_id, question.SerializeToString(), read)
        return under_tag(call, kept.body, kept.tag)

    async def unread(self, call: Call) -> web.StreamResponse:
        """Return a channel's history around the first post that a user has not seen."""
        before, after = (call.number(name, PER_PAGE, most=PER_PAGE_MAX) for name in ("limit_before", "limit_after"))
        if not after:
            raise DomainError(Reason.INVALID_ARGUMENT, field="limit_after")
        threads = call.flag("collapsedThreads")
        question = posts.unread_request(
            call.id("user_id"),
            call.id("channel_id"),
            limit_before=before,
            limit_after=after,
            skip_threads=call.flag("skipFetchThreads"),
            roots_only=threads,
        )
        return tagged(call, posts.page_json(await self._posts.unread(call.caller, question), threads=threads))


def _anchor(call: Call, name: str) -> str:
    """Return a post's id of the query. A wrong one is answered like a wrong body: the reference does so here."""
    text = call.request.query.get(name, "")
    if text and not is_valid_id(text):
        raise DomainError(Reason.INVALID_ARGUMENT, field=name)
    return text
