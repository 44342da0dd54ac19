"""The HTTP application: what holds for every request, around the handlers of the resources.

Request id, version and security headers, limits, the session and its CSRF rule, errors, metrics. Operations of the
catalogue that no resource has answer 501; unknown addresses answer 404.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Final

import msgspec
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from services.chassis.admin import Readiness
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_id
from services.chassis.logs import request_id
from services.chassis.rpc.call import deadline
from services.edge.caller import Session
from services.edge.dialect.errors import app_error, retry_after
from services.edge.metrics import RestMetrics
from services.edge.rest.catalogue import catalogue
from services.edge.rest.cookies import forget_session
from services.edge.rest.kit import COMPOSITE_IDS, JSON, Call, Resource, Route
from services.edge.rest.overdue import Overdue
from services.edge.rest.pages import Pages
from services.edge.rest.presented import Place, token_of
from services.edge.sessions import Sessions

_log = logging.getLogger(__name__)

PREFIX: Final = "/api/v4"
MAX_URL: Final = 2048
REQUEST_SECONDS: Final = 25.0
"""For a request as a whole, and a second at most: less than Envoy's 30 s, so that the answer that it took too long is
ours."""

CLIENT_GONE: Final = 499
"""Counted as the status of a request whose client did not wait; nobody receives it."""

KEEP_ALIVE_SECONDS: Final = 75.0
"""Longer than Envoy keeps an idle connection, so that Envoy is the one who closes."""

_HEADERS: Final = {
    "Permissions-Policy": "",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Application:
    """Serves the resources."""

    def __init__(
        self,
        resources: Iterable[Resource],
        sessions: Sessions,
        readiness: Readiness,
        metrics: RestMetrics,
        *,
        version: str,
        body_limit: int,
        strict_csrf: bool = False,
        cookie_path: str = "/",
        pages: Pages | None = None,
        limit: Middleware | None = None,
    ) -> None:
        """`version` is what X-Version-Id says; `body_limit` is in bytes, for requests that carry no file.
        Sessions' cookies lie at `cookie_path`.

        `pages` answers outside of the API; without it there is nothing. `limit` sees every request first.
        """
        self._sessions, self._readiness, self._metrics = sessions, readiness, metrics
        self._version, self._body_limit, self._strict_csrf = version, body_limit, strict_csrf
        self._cookie_path = cookie_path
        self._pages = pages
        self._middlewares = () if limit is None else (limit,)
        self.routes = tuple(route for resource in resources for route in resource.routes())
        self._overdue = Overdue()
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises OSError when it is taken."""
        self._runner = web.AppRunner(
            self.build(), access_log=None, keepalive_timeout=KEEP_ALIVE_SECONDS, shutdown_timeout=10.0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, backlog=1024).start()
        addresses: Sequence[tuple[str, int]] = self._runner.addresses
        return addresses[0][1]

    async def close(self) -> None:
        """Stop listening; requests in flight are answered first."""
        if self._runner is not None:
            await self._runner.cleanup()

    def build(self) -> web.Application:
        """Return everything as an aiohttp application."""
        # Bodies are bounded by Call, per route.
        app = web.Application(client_max_size=2**62, middlewares=self._middlewares)
        app.on_response_prepare.append(self._add_headers)
        app.router.add_get("/healthz", self._healthz)
        table = [(route.method, PREFIX + route.path, self._serving(route)) for route in self.routes]
        served = {(method, path) for method, path, _ in table}
        table += [
            (operation.method, operation.path, self._refusing(operation.name))
            for operation in catalogue()
            if (operation.method, operation.path) not in served
        ]
        # aiohttp asks in the order of registration: what is spelled out comes before what a name stands for.
        for method, path, handler in sorted(table, key=lambda row: [part[:1] == "{" for part in row[1].split("/")]):
            app.router.add_route(method, path, handler)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        return app

    def _serving(self, route: Route) -> AiohttpHandler:
        method, path = route.method, PREFIX + route.path
        requests, seconds = self._metrics.requests, self._metrics.seconds.labels(method, path)
        counted = cache(lambda status: requests.labels(method, path, status))  # naming labels costs more than counting

        async def serve(request: web.Request) -> web.StreamResponse:
            started = time.perf_counter()
            status = 500
            try:
                response = await self._answer(request, route)
                status = response.status
                return response
            finally:
                counted(status).inc()
                seconds.observe(time.perf_counter() - started)

        return serve

    async def _answer(self, request: web.Request, route: Route) -> web.StreamResponse:
        request_id.set(new_id())
        until = asyncio.get_running_loop().time() + REQUEST_SECONDS
        try:
            if len(request.raw_path) > MAX_URL:
                raise DomainError(Reason.URL_TOO_LONG)
            if route.streams:
                deadline.set(None)
                return await self._handle(request, route)
            deadline.set(until)
            return await self._overdue.end(self._handle(request, route), until)
        except DomainError as error:
            return self._refusal(error)
        except TimeoutError:
            return self._refusal(DomainError(Reason.DEADLINE_EXCEEDED))
        except Exception as error:
            if request.transport is None or request.transport.is_closing():
                return web.Response(status=CLIENT_GONE)
            if isinstance(error, web.RequestPayloadError):  # chunks that are none, or an encoding that isn't
                return self._refusal(DomainError(Reason.INVALID_ARGUMENT, field="body"))
            # The cause stays here: a stack trace never leaves the process.
            _log.exception("request failed", extra={"route": route.path, "method": route.method})
            return self._refusal(DomainError(Reason.INTERNAL))

    async def _handle(self, request: web.Request, route: Route) -> web.StreamResponse:
        token, place = token_of(request)
        session = await self._session(request, route, token, place)
        call = Call(request, session, token if session is not None else "", self._body_limit)
        for name in request.match_info:
            if name.endswith("_id") and name not in COMPOSITE_IDS:
                call.id(name)
        return await route.handler(call)

    async def _session(self, request: web.Request, route: Route, token: str, place: Place) -> Session | None:
        """Return who asks; None for nobody, where the route allows that."""
        session = await self._sessions.authenticate(token) if token else None
        if session is not None and place is Place.QUERY:
            raise DomainError(Reason.TOKEN_IN_QUERY)  # reserved to OAuth sessions, which do not exist yet
        if session is not None and place is Place.COOKIE and not self._meant(request, route, session):
            session = None
        if session is None and route.session:
            raise DomainError(Reason.SESSION_EXPIRED)
        return session

    def _meant(self, request: web.Request, route: Route, session: Session) -> bool:
        """Say whether a cookie's request is the user's own will, and not another site's (CSRF)."""
        if request.method == hdrs.METH_GET or route.trusts_requester:
            return True
        if session.csrf and request.headers.get("X-CSRF-Token") == session.csrf:
            return True
        return not self._strict_csrf and request.headers.get("X-Requested-With") == "XMLHttpRequest"

    def _refusing(self, operation: str) -> AiohttpHandler:
        async def refuse(request: web.Request) -> web.StreamResponse:
            request_id.set(new_id())
            if (page := self._page(request)) is not None:  # the catalogue has what a client's build holds, too
                return page
            self._metrics.requests.labels(request.method, "not implemented", 501).inc()
            return self._refusal(DomainError(Reason.NOT_IMPLEMENTED, operation=operation))

        return refuse

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        request_id.set(new_id())
        too_long = len(request.raw_path) > MAX_URL
        if not too_long and (page := self._page(request)) is not None:
            return page
        self._metrics.requests.labels("*", "unknown", 404).inc()
        return self._refusal(DomainError(Reason.URL_TOO_LONG if too_long else Reason.ROUTE_NOT_FOUND))

    def _page(self, request: web.Request) -> web.StreamResponse | None:
        if self._pages is None or (page := self._pages.answer(request)) is None:
            return None
        self._metrics.requests.labels(request.method, "page", page.status).inc()
        return page

    async def _healthz(self, _: web.Request) -> web.StreamResponse:
        """Envoy asks here: 503 from the first moment of draining takes this edge out of rotation."""
        if self._readiness.draining:
            return web.Response(status=503, body=b'{"status":"draining"}', headers=JSON)
        return web.Response(body=b'{"status":"OK"}', headers=JSON)

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers.pop(hdrs.SERVER, None)  # what we are built with is nobody's business
        headers["X-Request-Id"] = request_id.get()
        headers["X-Version-Id"] = self._version
        headers.update(_HEADERS)
        kept = hdrs.EXPIRES in headers or not request.path.startswith("/api/")
        if request.method == hdrs.METH_GET and not kept:
            headers[hdrs.EXPIRES] = "0"

    def _refusal(self, error: DomainError) -> web.Response:
        body = app_error(error, request_id.get())
        response = web.Response(body=msgspec.json.encode(body), status=body.status_code, headers=JSON)
        if (seconds := retry_after(error)) is not None:
            response.headers[hdrs.RETRY_AFTER] = str(seconds)
        if error.reason is Reason.SESSION_EXPIRED:
            forget_session(response, self._cookie_path)
        return response
