"""Threads: followed, read, put back to unread; and what is unread in teams."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.auth import AuthClient
from services.edge.clients.threads import ThreadClient
from services.edge.dialect import threads
from services.edge.dialect.users import UserShapes
from services.edge.rest.kit import PER_PAGE_MAX, Call, Route, answer, ok

PER_PAGE = 30
_OF_TEAM = "/users/{user_id}/teams/{team_id}/threads"
_ONE = _OF_TEAM + "/{thread_id}"


class Threads:
    """The operations on threads."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", _OF_TEAM, self.list),
            Route("PUT", _OF_TEAM + "/read", self.read_all),
            Route("GET", _ONE, self.get),
            Route("PUT", _ONE + "/read/{timestamp}", self.read),
            Route("POST", _ONE + "/set_unread/{post_id}", self.unread),
            Route("PUT", _ONE + "/following", self.follow),
            Route("DELETE", _ONE + "/following", self.unfollow),
            Route("GET", "/users/{user_id}/teams/unread", self.team_unreads),
            Route("GET", "/users/{user_id}/teams/{team_id}/unread", self.team_unread),
        )

    def __init__(self, client: ThreadClient, auth: AuthClient, shapes: UserShapes) -> None:
        """`auth` knows the participants whom `shapes` render."""
        self._threads, self._auth, self._shapes = client, auth, shapes

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of the threads that a user follows."""
        size = "per_page" if call.query("per_page") else "pageSize"
        question = threads.page_request(
            call.id("user_id"),
            call.id("team_id"),
            per_page=call.number(size, PER_PAGE, most=PER_PAGE_MAX),
            before=call.query_id("before"),
            after=call.query_id("after"),
            since_ms=call.time("since"),
            unread=call.flag("unread"),
            deleted=call.flag("deleted"),
            exclude_direct=call.flag("excludeDirect"),
            totals_only=call.flag("totalsOnly"),
            threads_only=call.flag("threadsOnly"),
        )
        page = await self._threads.page(call.caller, question)
        profiles = await self._profiles(call, page.threads)
        return answer(threads.threads_json(page, profiles))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a followed thread."""
        return await self._shown(call, await self._threads.get(call.caller, call.id("user_id"), call.id("thread_id")))

    async def read(self, call: Call) -> web.StreamResponse:
        """Mark a thread as seen up to a time."""
        text = call.name("timestamp")
        if not (text.isascii() and text.isdigit()) or len(text) > 18:
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="timestamp")
        thread = await self._threads.read(call.caller, call.id("user_id"), call.id("thread_id"), int(text))
        return await self._shown(call, thread)

    async def read_all(self, call: Call) -> web.StreamResponse:
        """Mark all followed threads of a team as seen."""
        await self._threads.read_all(call.caller, call.id("user_id"), call.id("team_id"))
        return ok()

    async def unread(self, call: Call) -> web.StreamResponse:
        """Put a thread back to unread from one of its posts on."""
        thread = await self._threads.unread(call.caller, call.id("user_id"), call.id("thread_id"), call.id("post_id"))
        return await self._shown(call, thread)

    async def follow(self, call: Call) -> web.StreamResponse:
        """Begin to follow a thread."""
        await self._threads.follow(call.caller, call.id("user_id"), call.id("thread_id"), following=True)
        return ok()

    async def unfollow(self, call: Call) -> web.StreamResponse:
        """Stop to follow a thread."""
        await self._threads.follow(call.caller, call.id("user_id"), call.id("thread_id"), following=False)
        return ok()

    async def team_unreads(self, call: Call) -> web.StreamResponse:
        """Return what a user has not seen in each of its teams."""
        found = await self._threads.team_unreads(
            call.caller, call.id("user_id"), include_threads=call.flag("include_collapsed_threads")
        )
        excluded = call.query("exclude_team")
        return answer([threads.team_unread_json(one) for one in found if one.team_id != excluded])

    async def team_unread(self, call: Call) -> web.StreamResponse:
        """Return what a user has not seen in a team."""
        (found,) = await self._threads.team_unreads(
            call.caller, call.id("user_id"), call.id("team_id"), include_threads=True
        )
        return answer(threads.team_unread_json(found))

    async def _shown(self, call: Call, thread: threads.Thread) -> web.StreamResponse:
        return answer(threads.thread_json(thread, await self._profiles(call, [thread])))

    async def _profiles(self, call: Call, found: Sequence[threads.Thread]) -> threads.Profiles:
        """Return the participants' profiles, all by one call, if the client wants them."""
        ids = threads.participants(found) if call.flag("extended") else []
        if not ids:
            return {}
        return {user.id: self._shapes.seen_by(call.caller, user) for user in await self._auth.users(ids=ids)}
