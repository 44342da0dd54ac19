"""Accounts: system roles, guests, activation, passwords."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.accounts import AccountClient
from services.edge.dialect import requests
from services.edge.rest.kit import Call, Route, ok


class Accounts:
    """The operations on accounts."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("DELETE", "/users/{user_id}", self.delete),
            Route("PUT", "/users/{user_id}/active", self.set_active),
            Route("PUT", "/users/{user_id}/roles", self.change_roles),
            Route("PUT", "/users/{user_id}/password", self.change_password),
            Route("POST", "/users/{user_id}/demote", self.demote),
            Route("POST", "/users/{user_id}/promote", self.promote),
        )

    def __init__(self, accounts: AccountClient) -> None:
        """Accounts are auth's."""
        self._accounts = accounts

    async def delete(self, call: Call) -> web.StreamResponse:
        """Deactivate a user: what it wrote stays."""
        if call.flag("permanent"):
            raise DomainError(Reason.NOT_IMPLEMENTED, operation="deleteUser for good")
        await self._accounts.deactivate(call.caller, call.id("user_id"))
        return ok()

    async def set_active(self, call: Call) -> web.StreamResponse:
        """Let a user sign in, or no longer."""
        body = await call.json(requests.ACTIVE, "active")
        if body.active is None:
            raise DomainError(Reason.INVALID_ARGUMENT, field="active")
        await self._accounts.set_active(call.caller, call.id("user_id"), body.active)
        return ok()

    async def change_roles(self, call: Call) -> web.StreamResponse:
        """Give a user other system roles."""
        names = ((await call.json(requests.ROLES, "roles")).roles or "").split()
        if not names:
            raise DomainError(Reason.INVALID_ARGUMENT, field="roles")
        await self._accounts.change_roles(call.caller, call.id("user_id"), names)
        return ok()

    async def change_password(self, call: Call) -> web.StreamResponse:
        """Set one's own password, or as an administrator that of another."""
        body = await call.json(requests.PASSWORD, "user")
        current, new = body.current_password or "", body.new_password or ""
        await self._accounts.change_password(call.caller, call.id("user_id"), current, new)
        return ok()

    async def demote(self, call: Call) -> web.StreamResponse:
        """Make a user a guest."""
        await self._accounts.demote(call.caller, call.id("user_id"))
        return ok()

    async def promote(self, call: Call) -> web.StreamResponse:
        """Make a guest a member."""
        await self._accounts.promote(call.caller, call.id("user_id"))
        return ok()
