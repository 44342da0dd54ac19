"""Roles: what their holders may do, as clients learn it to enable their buttons."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.dialect import requests
from services.edge.dialect.roles import all_roles, known_roles, role_by_id, role_json
from services.edge.rest.kit import Call, Route, answer, require

MAX_ROLES: Final = 100


class Roles:
    """The operations on roles. All are built in, so that no service need be asked."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/roles", self.list),
            Route("POST", "/roles/names", self.by_names, trusts_requester=True),
            Route("GET", "/roles/name/{role_name}", self.by_name),
            Route("GET", "/roles/{role_id}", self.get),
        )

    async def list(self, call: Call) -> web.StreamResponse:
        """Return all roles, to administrators."""
        require(call.caller.is_admin, "manage_system")
        return answer(all_roles())

    async def by_names(self, call: Call) -> web.StreamResponse:
        """Return those of some roles that exist."""
        names = await call.json(requests.IDS, "rolenames")
        if not names or len(names) > MAX_ROLES:
            raise DomainError(Reason.INVALID_ARGUMENT, field="rolenames")
        return answer(known_roles(names))

    async def by_name(self, call: Call) -> web.StreamResponse:
        """Return a role by name."""
        return answer(role_json(call.name("role_name")))

    async def get(self, call: Call) -> web.StreamResponse:
        """Return a role."""
        return answer(role_by_id(call.id("role_id")))
