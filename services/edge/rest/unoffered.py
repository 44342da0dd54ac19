"""What clients ask for whatever a server offers: the truth about what this one lacks, in the shape that they expect.

None of it is an error: the web client asks on every load and tells its user of each refusal.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from services.chassis.errors import DomainError, Reason
from services.edge.clients.auth import AuthClient
from services.edge.clients.teams import TeamClient
from services.edge.dialect.client_config import client_license
from services.edge.rest.kit import Call, Route, answer, ok, require

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_IDS: Final = msgspec.json.Decoder(list[str])
_NO_LIMITS: Final = {
    "maxUsersLimit": 0,
    "maxUsersHardLimit": 0,
    "activeUserCount": 0,
    "singleChannelGuestCount": 0,
    "singleChannelGuestLimit": 0,
    "postHistoryLimit": 0,
    "lastAccessiblePostTime": 0,
}
_NOT_COUNTED: Final = -1
_STANDARD: Final = (
    "channel_open_count",
    "channel_private_count",
    "post_count",
    "unique_user_count",
    "team_count",
    "total_websocket_connections",
    "total_master_db_connections",
    "total_read_db_connections",
    "daily_active_users",
    "monthly_active_users",
    "inactive_user_count",
    "single_channel_guest_count",
)


class Unoffered:
    """The operations that clients use without asking whether there is anything behind them."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/limits/server", self.limits),
            Route("GET", "/analytics/old", self.analytics),
            Route("GET", "/system/onboarding/complete", self.onboarding),
            Route("GET", "/system/notices/{teamId}", self.nothing),
            Route("PUT", "/system/notices/view", self.notices_viewed),
            Route("GET", "/custom_profile_attributes/fields", self.nothing),
            Route("GET", "/plugins/webapp", self.nothing, session=False),
            Route("GET", "/agents/status", self.agents),
            Route("GET", "/trial-license/prev", self.trial),
            Route("GET", "/teams/{team_id}/commands/autocomplete_suggestions", self.commands),
            Route("POST", "/client_perf", self.measured, trusts_requester=True),
            Route("POST", "/logs", self.logged, session=False),
        )

    def __init__(self, auth: AuthClient, teams: TeamClient) -> None:
        """How many users there are, auth knows; who may ask about a team, messaging."""
        self._auth, self._teams = auth, teams

    async def nothing(self, call: Call) -> web.StreamResponse:
        """Return an empty list."""
        return answer([])

    async def limits(self, call: Call) -> web.StreamResponse:
        """Return the limits of a licence, which are none; who administers is told how many users there are."""
        if not call.caller.is_admin:
            return answer(_NO_LIMITS)
        return answer(_NO_LIMITS | {"activeUserCount": await self._auth.count_users()})

    async def analytics(self, call: Call) -> web.StreamResponse:
        """Return the standard figures; what no service counts says so."""
        require(call.caller.may("get_analytics"), "get_analytics")
        if call.query("name", "standard") != "standard":
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="name")
        figures = dict.fromkeys(_STANDARD, _NOT_COUNTED) | {"unique_user_count": await self._auth.count_users()}
        return answer([{"name": name, "value": value} for name, value in figures.items()])

    async def onboarding(self, call: Call) -> web.StreamResponse:
        """Say that there is nothing to be set up by a wizard."""
        require(call.caller.is_admin, "manage_system")
        return answer({"name": "FirstAdminSetupComplete", "value": "true"})

    async def notices_viewed(self, call: Call) -> web.StreamResponse:
        """Take note of notices that nobody sent."""
        await call.json(_IDS, "notices")
        return ok()

    async def agents(self, call: Call) -> web.StreamResponse:
        """Say that no agent lives here."""
        return answer({"available": False, "reason": ""})

    async def trial(self, call: Call) -> web.StreamResponse:
        """Return the trial licence that there never was."""
        return answer(client_license())

    async def commands(self, call: Call) -> web.StreamResponse:
        """Propose no command to somebody who begins a post with a slash."""
        await self._teams.require_view(call.caller, call.id("team_id"))
        return answer([])

    async def measured(self, call: Call) -> web.StreamResponse:
        """Take a client's own measurements, and drop them: clients are told not to send any."""
        await call.json(_OBJECT, "report")
        return ok()

    async def logged(self, call: Call) -> web.StreamResponse:
        """Take a line of a client's log and drop it: what anybody may send is no log of ours."""
        line = await call.json(_OBJECT, "log")
        return answer({name: line[name] for name in ("level", "message") if isinstance(line.get(name), str)})
