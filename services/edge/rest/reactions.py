"""Reactions to posts."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.posts import ReactionClient
from services.edge.dialect import requests
from services.edge.dialect.posts import reaction_json
from services.edge.dialect.users import listed
from services.edge.rest.kit import Call, Route, answer, ok


class Reactions:
    """The operations on reactions."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/reactions", self.add),
            Route("POST", "/posts/ids/reactions", self.of_posts),
            Route("GET", "/posts/{post_id}/reactions", self.of_post),
            Route("DELETE", "/users/{user_id}/posts/{post_id}/reactions/{emoji_name}", self.remove),
        )

    def __init__(self, client: ReactionClient) -> None:
        """`client` keeps them."""
        self._reactions = client

    async def add(self, call: Call) -> web.StreamResponse:
        """React as oneself; again is no change."""
        body = await call.json(requests.REACTION, "reaction")
        post_id, emoji_name = body.post_id or "", body.emoji_name or ""
        if not (is_valid_id(post_id) and is_valid_id(body.user_id or "") and emoji_name):
            raise DomainError(Reason.INVALID_REACTION)
        if body.user_id != call.caller.user_id:
            raise DomainError(Reason.REACTION_OF_OTHER)
        return answer(reaction_json(await self._reactions.add(call.caller, post_id, emoji_name)))

    async def of_post(self, call: Call) -> web.StreamResponse:
        """Return a post's reactions, oldest first."""
        found = await self._reactions.of_post(call.caller, call.id("post_id"))
        return answer([reaction_json(reaction) for reaction in found])

    async def of_posts(self, call: Call) -> web.StreamResponse:
        """Return the reactions to some posts, by post."""
        ids = listed(await call.json(requests.IDS, "post_ids"), "post_ids")
        if not all(map(is_valid_id, ids)):
            raise DomainError(Reason.INVALID_ARGUMENT, field="post_ids")
        by_post: dict[str, list[Any]] = {post_id: [] for post_id in ids}
        for reaction in await self._reactions.of_posts(call.caller, ids):
            by_post[reaction.post_id].append(reaction_json(reaction))
        return answer(by_post)

    async def remove(self, call: Call) -> web.StreamResponse:
        """Take a reaction back; none is no change."""
        try:
            await self._reactions.remove(call.caller, call.id("user_id"), call.id("post_id"), call.name("emoji_name"))
        except DomainError as error:
            if error.reason is Reason.REACTION_ARCHIVED:
                raise DomainError(error.reason, how="delete") from None
            raise
        return ok()
