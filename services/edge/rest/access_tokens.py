"""Personal access tokens."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.access_tokens import AccessTokenClient
from services.edge.dialect import requests
from services.edge.dialect.access_tokens import token_json
from services.edge.rest.kit import Call, Route, answer, ok


class AccessTokens:
    """The operations on personal access tokens."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/users/{user_id}/tokens", self.create),
            Route("GET", "/users/{user_id}/tokens", self.of_user),
            Route("GET", "/users/tokens", self.list),
            Route("GET", "/users/tokens/{token_id}", self.get),
            Route("POST", "/users/tokens/revoke", self.revoke),
            Route("POST", "/users/tokens/disable", self.disable),
            Route("POST", "/users/tokens/enable", self.enable),
        )

    def __init__(self, client: AccessTokenClient) -> None:
        """Tokens are auth's."""
        self._tokens = client

    async def create(self, call: Call) -> web.StreamResponse:
        """Make a token: the only answer that holds its secret."""
        body = await call.json(requests.ACCESS_TOKEN, "user_access_token")
        made = await self._tokens.create(call.caller, call.id("user_id"), body.description or "")
        return answer(token_json(made.token) | {"token": made.secret})

    async def of_user(self, call: Call) -> web.StreamResponse:
        """Return a page of a user's tokens."""
        found = await self._tokens.page(call.caller, call.id("user_id"), *call.page())
        return answer([token_json(token) for token in found])

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a page of everybody's tokens, to administrators."""
        return answer([token_json(token) for token in await self._tokens.page(call.caller, "", *call.page())])

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a token."""
        return answer(token_json(await self._tokens.get(call.caller, call.id("token_id"))))

    async def revoke(self, call: Call) -> web.StreamResponse:
        """End a token for good."""
        await self._tokens.revoke(call.caller, await _named(call))
        return ok()

    async def disable(self, call: Call) -> web.StreamResponse:
        """Let a token sign in no longer."""
        await self._tokens.set_active(call.caller, await _named(call), False)
        return ok()

    async def enable(self, call: Call) -> web.StreamResponse:
        """Let a token sign in again."""
        await self._tokens.set_active(call.caller, await _named(call), True)
        return ok()


async def _named(call: Call) -> str:
    token_id = (await call.json(requests.TOKEN_ID, "token_id")).token_id or ""
    if not is_valid_id(token_id):
        raise DomainError(Reason.INVALID_ARGUMENT, field="token_id")
    return token_id
