"""Custom statuses: what users say they are doing."""

from collections.abc import Sequence

from aiohttp import web

from services.edge.clients.custom_statuses import CustomStatusClient
from services.edge.dialect import requests
from services.edge.dialect.custom_statuses import custom_status
from services.edge.rest.kit import Call, Route, ok


class CustomStatuses:
    """The operations on custom statuses."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("PUT", "/users/{user_id}/status/custom", self.set),
            Route("DELETE", "/users/{user_id}/status/custom", self.clear),
            Route("DELETE", "/users/{user_id}/status/custom/recent", self.forget),
            Route("POST", "/users/{user_id}/status/custom/recent/delete", self.forget),
        )

    def __init__(self, client: CustomStatusClient) -> None:
        """They are auth's, as properties of users."""
        self._statuses = client

    async def set(self, call: Call) -> web.StreamResponse:
        """Set a user's status."""
        status = custom_status(await call.json(requests.CUSTOM_STATUS, "custom_status"))
        await self._statuses.set(call.caller, call.id("user_id"), status)
        return ok()

    async def clear(self, call: Call) -> web.StreamResponse:
        """Take a user's status away."""
        await self._statuses.clear(call.caller, call.id("user_id"))
        return ok()

    async def forget(self, call: Call) -> web.StreamResponse:
        """Take a status out of the latest ones."""
        status = custom_status(await call.json(requests.CUSTOM_STATUS, "custom_status"))
        await self._statuses.forget(call.caller, call.id("user_id"), status)
        return ok()
