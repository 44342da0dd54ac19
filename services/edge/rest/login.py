"""Signing in and out, and a user's sessions."""

from collections.abc import Sequence

from aiohttp import web

from services.chassis.config import Settings
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.clients.auth import AuthClient
from services.edge.dialect import requests, sessions
from services.edge.dialect.users import UserShapes
from services.edge.rest.cookies import cookie_path, forget_session, remember_session
from services.edge.rest.kit import Call, Route, answer, ok
from services.edge.sessions import Sessions


class Login:
    """The operations on sessions."""

    def routes(self) -> Sequence[Route]:
        """Return the route table."""
        return (
            Route("POST", "/users/login", self.login, session=False),
            Route("POST", "/users/logout", self.logout, session=False),
            Route("GET", "/users/{user_id}/sessions", self.list),
            Route("POST", "/users/{user_id}/sessions/revoke", self.revoke),
            Route("POST", "/users/{user_id}/sessions/revoke/all", self.revoke_all),
        )

    def __init__(self, auth: AuthClient, kept: Sessions, shapes: UserShapes, settings: Settings) -> None:
        """`kept` is told of a session that ends here; `settings` say how cookies are set."""
        self._auth, self._kept, self._shapes, self._settings = auth, kept, shapes, settings

    async def login(self, call: Call) -> web.StreamResponse:
        """Sign in. Cookies are for browsers' scripts alone: to others they would be an attack's tool."""
        body = await call.json(requests.LOGIN, "user")
        signed_in = await self._auth.login(sessions.login(body, address=call.address, user_agent=call.user_agent))
        response = answer(self._shapes.for_self(signed_in.user))
        response.headers["Token"] = signed_in.token
        if call.from_script:
            remember_session(
                response,
                call.request,
                self._settings,
                token=signed_in.token,
                user_id=signed_in.user.id,
                csrf=signed_in.session.props["csrf"],
            )
        return response

    async def logout(self, call: Call) -> web.StreamResponse:
        """Sign out; without a session it is done already."""
        if call.session is not None:
            await self._auth.logout(call.token)
            self._kept.forget_token(call.token)
        response = ok()
        forget_session(response, cookie_path(self._settings))
        return response

    async def list(self, call: Call) -> web.StreamResponse:
        """Return a user's sessions, newest first."""
        found = await self._auth.list_sessions(call.caller, call.id("user_id"))
        return answer([sessions.session_json(session) for session in found])

    async def revoke(self, call: Call) -> web.StreamResponse:
        """End one session of a user."""
        session_id = (await call.json(requests.REVOKE, "session_id")).session_id or ""
        if not is_valid_id(session_id):
            raise DomainError(Reason.INVALID_ARGUMENT, field="session_id")
        await self._auth.revoke_session(call.caller, call.id("user_id"), session_id)
        return ok()

    async def revoke_all(self, call: Call) -> web.StreamResponse:
        """End all sessions of a user."""
        await self._auth.revoke_all_sessions(call.caller, call.id("user_id"))
        return ok()
