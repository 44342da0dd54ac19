"""Preferences: what a user's clients keep for it."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.posts import PostClient
from services.edge.clients.preferences import PreferenceClient
from services.edge.dialect import requests
from services.edge.dialect.preferences import flagged_post_ids, preference_json, preferences
from services.edge.rest.kit import Call, Route, answer, ok


class Preferences:
    """The operations on preferences."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/users/{user_id}/preferences", self.list),
            Route("PUT", "/users/{user_id}/preferences", self.save),
            Route("POST", "/users/{user_id}/preferences/delete", self.delete),
            Route("GET", "/users/{user_id}/preferences/{category}", self.of_category),
            Route("GET", "/users/{user_id}/preferences/{category}/name/{preference_name}", self.get),
        )

    def __init__(self, client: PreferenceClient, posts: PostClient) -> None:
        """`posts` knows which posts the caller may save for later."""
        self._preferences, self._posts = client, posts

    async def list(self, call: Call) -> web.StreamResponse:
        """Return all preferences of a user."""
        found = await self._preferences.find(call.caller, call.id("user_id"))
        return answer([preference_json(each) for each in found])

    async def of_category(self, call: Call) -> web.StreamResponse:
        """Return those of a category, of which there must be one."""
        found = await self._preferences.find(call.caller, call.id("user_id"), call.name("category"))
        return answer([preference_json(each) for each in found])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return one by its name."""
        category, name = call.name("category"), call.name("preference_name")
        (found,) = await self._preferences.find(call.caller, call.id("user_id"), category, name)
        return answer(preference_json(found))

    async def save(self, call: Call) -> web.StreamResponse:
        """Set preferences, all or none."""
        bodies = await call.json(requests.PREFERENCES, "preferences")
        listed = preferences(bodies)
        flagged = flagged_post_ids(listed)
        if flagged and len(await self._posts.get_many(call.caller, flagged)) < len(flagged):
            raise DomainError(Reason.INVALID_ARGUMENT, field="preference.name")
        await self._preferences.save(call.caller, call.id("user_id"), listed)
        return ok()

    async def delete(self, call: Call) -> web.StreamResponse:
        """Remove preferences; one that is not there is no change."""
        bodies = await call.json(requests.PREFERENCES, "preferences")
        listed = preferences(bodies)
        await self._preferences.delete(call.caller, call.id("user_id"), listed)
        return ok()
