"""Posts that are kept at hand: pinned to their channel, or saved by somebody for itself."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.posts import PostClient
from services.edge.clients.preferences import PreferenceClient
from services.edge.dialect import posts
from services.edge.rest.kit import Call, Route, answer, ok, tagged

CATEGORY: Final = "flagged_post"
"""The preferences by which clients save posts: under the post's id."""
MAX_SAVED: Final = 10_000
"""Saved posts that are looked at; further ones are not shown."""


class KeptPosts:
    """The operations on pinned and saved posts."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/posts/{post_id}/pin", self.pin),
            Route("POST", "/posts/{post_id}/unpin", self.unpin),
            Route("GET", "/channels/{channel_id}/pinned", self.pinned),
            Route("GET", "/users/{user_id}/posts/flagged", self.saved),
        )

    def __init__(self, client: PostClient, preferences: PreferenceClient) -> None:
        """`preferences` tell which posts somebody has saved."""
        self._posts, self._preferences = client, preferences

    async def pin(self, call: Call) -> web.StreamResponse:
        """Pin a post to its channel."""
        await self._posts.pin(call.caller, call.id("post_id"), True)
        return ok()

    async def unpin(self, call: Call) -> web.StreamResponse:
        """Take a post off its channel's pinned ones."""
        await self._posts.pin(call.caller, call.id("post_id"), False)
        return ok()

    async def pinned(self, call: Call) -> web.StreamResponse:
        """Return a channel's pinned posts."""
        found = await self._posts.pinned(call.caller, call.id("channel_id"))
        return tagged(call, posts.plain_list_json(found))

    async def saved(self, call: Call) -> web.StreamResponse:
        """Return a page of the posts that a user has saved, as far as the caller may read them."""
        team_id, channel_id = call.query_id("team_id"), call.query_id("channel_id")
        try:
            kept = await self._preferences.find(call.caller, call.id("user_id"), CATEGORY)
        except DomainError as error:
            if error.reason is not Reason.PREFERENCES_NOT_FOUND:
                raise
            kept = ()
        ids = [one.name for one in kept if is_valid_id(one.name)]
        page, per_page = call.page()
        question = posts.saved_request(
            ids[:MAX_SAVED], team_id=team_id, channel_id=channel_id, page=page, per_page=per_page
        )
        return answer(posts.plain_list_json(await self._posts.saved(call.caller, question)))
