"""What clients ask of the server itself: is it there, what can it do."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.edge.clients.auth import AuthClient
from services.edge.dialect.client_config import Facts, client_config, client_license
from services.edge.rest.kit import Call, Route, answer


class System:
    """The operations on the server."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("GET", "/system/ping", self.ping, session=False),
            Route("GET", "/config/client", self.config, session=False),
            Route("GET", "/license/client", self.license, session=False),
        )

    def __init__(self, auth: AuthClient, settings: Settings, facts: Facts) -> None:
        """`facts` describe the installation; whether anybody has signed up, auth says."""
        self._auth, self._settings, self._facts = auth, settings, facts

    async def ping(self, call: Call) -> web.StreamResponse:
        """Say that this edge answers."""
        apps = self._settings.ClientRequirements
        return answer(
            {
                "AndroidLatestVersion": apps.AndroidLatestVersion,
                "AndroidMinVersion": apps.AndroidMinVersion,
                "IosLatestVersion": apps.IosLatestVersion,
                "IosMinVersion": apps.IosMinVersion,
                "ActiveSearchBackend": "database",
                "status": "OK",
            }
        )

    async def config(self, call: Call) -> web.StreamResponse:
        """Return what clients must know of the configuration: without a session, only what a sign-in page needs.

        No format is asked for: the web client names one, the Go client doesn't.
        """
        if self._facts.no_accounts and await self._auth.count_users():
            self._facts = replace(self._facts, no_accounts=False)  # never true again
        return answer(client_config(self._settings, signed_in=call.session is not None, facts=self._facts))

    async def license(self, call: Call) -> web.StreamResponse:
        """Return the licence, of which clients think that there is one, in the only format that there is."""
        if call.query("format") != "old":
            raise DomainError(Reason.INVALID_URL_PARAMETER, field="format")
        return answer(client_license())
