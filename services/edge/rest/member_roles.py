"""The roles of members in channels and teams."""

from collections.abc import Sequence

from aiohttp import web

from services.edge.clients.member_roles import MemberRoleClient
from services.edge.dialect import member_roles, requests
from services.edge.rest.kit import Call, Route, ok


class MemberRoles:
    """The operations on roles of members."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("PUT", "/channels/{channel_id}/members/{user_id}/roles", self.in_channel),
            Route("PUT", "/channels/{channel_id}/members/{user_id}/schemeRoles", self.flags_in_channel),
            Route("PUT", "/teams/{team_id}/members/{user_id}/roles", self.in_team),
            Route("PUT", "/teams/{team_id}/members/{user_id}/schemeRoles", self.flags_in_team),
        )

    def __init__(self, client: MemberRoleClient) -> None:
        """`client` keeps them."""
        self._roles = client

    async def in_channel(self, call: Call) -> web.StreamResponse:
        """Give a member of a channel roles by name."""
        roles = member_roles.named(await call.json(requests.ROLES, "roles"))
        await self._roles.set_in_channel(call.caller, call.id("channel_id"), call.id("user_id"), roles)
        return ok()

    async def flags_in_channel(self, call: Call) -> web.StreamResponse:
        """Make a member of a channel an administrator, or an ordinary one again."""
        roles = member_roles.flagged(await call.json(requests.SCHEME_ROLES, "scheme_roles"))
        await self._roles.set_in_channel(call.caller, call.id("channel_id"), call.id("user_id"), roles)
        return ok()

    async def in_team(self, call: Call) -> web.StreamResponse:
        """Give a member of a team roles by name."""
        roles = member_roles.named(await call.json(requests.ROLES, "roles"))
        await self._roles.set_in_team(call.caller, call.id("team_id"), call.id("user_id"), roles)
        return ok()

    async def flags_in_team(self, call: Call) -> web.StreamResponse:
        """Make a member of a team an administrator, or an ordinary one again."""
        roles = member_roles.flagged(await call.json(requests.SCHEME_ROLES, "scheme_roles"))
        await self._roles.set_in_team(call.caller, call.id("team_id"), call.id("user_id"), roles)
        return ok()
