"""Sidebar categories: the headings under which a user sees the channels of a team."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.categories import CategoryClient
from services.edge.dialect import categories, requests
from services.edge.dialect.users import listed
from services.edge.rest.kit import Call, Route, answer, ok, require

_ALL: Final = "/users/{user_id}/teams/{team_id}/channels/categories"
_ONE: Final = _ALL + "/{category_id}"


class Categories:
    """The operations on sidebar categories."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", _ALL, self.list),
            Route("POST", _ALL, self.create),
            Route("PUT", _ALL, self.update_many),
            Route("GET", _ALL + "/order", self.order),
            Route("PUT", _ALL + "/order", self.reorder),
            Route("GET", _ONE, self.get),
            Route("PUT", _ONE, self.update),
            Route("DELETE", _ONE, self.delete),
        )

    def __init__(self, client: CategoryClient) -> None:
        """`client` keeps them."""
        self._categories = client

    async def list(self, call: Call) -> web.StreamResponse:
        """Return all headings with their channels."""
        return answer(categories.categories_json(await self._all(call)))

    async def order(self, call: Call) -> web.StreamResponse:
        """Return the headings' ids in their order."""
        return answer([category.id for category in await self._all(call)])

    async def reorder(self, call: Call) -> web.StreamResponse:
        """Put the headings into an order; the answer repeats it."""
        ids = listed(await call.json(requests.IDS, "category_ids"), "category_ids")
        present = {category.id for category in await self._all(call)}
        if not present.issuperset(ids):  # somebody else's
            raise DomainError(Reason.INVALID_ARGUMENT, field="category")
        await self._categories.order(call.caller, call.id("user_id"), call.id("team_id"), ids)
        return answer(ids)

    async def get(self, call: Call) -> web.StreamResponse:
        """Return one heading."""
        return answer(categories.category_json(await self._existing(call)))

    async def create(self, call: Call) -> web.StreamResponse:
        """Make a custom heading."""
        user_id, team_id = call.id("user_id"), call.id("team_id")
        body = await call.json(requests.CATEGORY, "category")
        asked = categories.category(body, user_id, team_id)
        made = await self._categories.create(call.caller, user_id, team_id, asked)
        return answer(categories.category_json(made))

    async def update(self, call: Call) -> web.StreamResponse:
        """Change a heading and what is under it."""
        user_id, team_id = call.id("user_id"), call.id("team_id")
        body = await call.json(requests.CATEGORY, "category")
        asked = categories.category(body, user_id, team_id)
        asked.id = (await self._existing(call)).id
        changed = await self._categories.update(call.caller, user_id, team_id, [asked])
        return answer(categories.category_json(changed[0]))

    async def update_many(self, call: Call) -> web.StreamResponse:
        """Change several headings at once, as when a channel is moved from one to another."""
        user_id, team_id = call.id("user_id"), call.id("team_id")
        bodies = await call.json(requests.CATEGORIES, "category")
        asked = categories.changes(bodies, user_id, team_id)
        changed = await self._categories.update(call.caller, user_id, team_id, asked)
        return answer([categories.category_json(category) for category in changed])

    async def delete(self, call: Call) -> web.StreamResponse:
        """Remove a custom heading."""
        category_id = call.request.match_info["category_id"]
        await self._categories.delete(call.caller, call.id("user_id"), call.id("team_id"), category_id)
        return ok()

    async def _all(self, call: Call) -> Sequence[categories.Category]:
        return await self._categories.list(call.caller, call.id("user_id"), call.id("team_id"))

    async def _existing(self, call: Call) -> categories.Category:
        """Return the heading of the path. An unknown one is refused like somebody else's."""
        category_id = call.request.match_info["category_id"]
        found = [category for category in await self._all(call) if category.id == category_id]
        require(bool(found), "edit_other_users")
        return found[0]
