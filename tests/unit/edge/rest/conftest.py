"""The real application around a small resource, with a session or two; no other service."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.chassis.admin import Readiness
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.edge.caller import Session
from services.edge.metrics import RestMetrics
from services.edge.rest.application import Application
from services.edge.rest.kit import Call, Route, answer, ok
from services.edge.sessions import Sessions

TOKEN = "t" * 50
USER = "u" * 26
CSRF = "c" * 26


class Thing(msgspec.Struct):
    name: str | None = None
    size: int | None = None


class Echo:
    """Says what a handler sees; and fails in every way that there is."""

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/users/{user_id}", self.user),
            Route("GET", "/channels", self.seen),
            Route("POST", "/posts", self.body),
            Route("POST", "/roles/names", self.done, trusts_requester=True),
            Route("POST", "/users/logout", self.open, session=False),
            Route("GET", "/users/username/{username}", self.name),
            Route("GET", "/system/ping", self.fail, session=False),
        )

    async def user(self, call: Call) -> web.StreamResponse:
        return answer({"id": call.id("user_id")})

    async def seen(self, call: Call) -> web.StreamResponse:
        page, per_page = call.page()
        return answer({"page": page, "per_page": per_page, "flag": call.flag("flag"), "since": call.time("since")})

    async def body(self, call: Call) -> web.StreamResponse:
        return answer(await call.json(msgspec.json.Decoder(Thing), "post"), 201)

    async def done(self, call: Call) -> web.StreamResponse:
        return ok()

    async def open(self, call: Call) -> web.StreamResponse:
        return answer({"user": call.session.user_id if call.session else None})

    async def name(self, call: Call) -> web.StreamResponse:
        return answer({"name": call.name("username")})

    async def fail(self, call: Call) -> web.StreamResponse:
        match call.query("how"):
            case "bug":
                raise RuntimeError("secret detail")
            case "away":
                raise DomainError(Reason.UNAVAILABLE, part="messaging")
            case "flood":
                raise DomainError(Reason.SIGN_IN_THROTTLED, retry_after_s=7)
            case "hang":
                await asyncio.Event().wait()
        return ok()


class KnownTokens:
    """Stands for Sessions."""

    async def authenticate(self, token: str) -> Session | None:
        return Session("s" * 26, USER, ("system_user",), 0, CSRF) if token == TOKEN else None


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
async def client(readiness: Readiness) -> AsyncIterator["TestClient[Any, Any]"]:
    application = Application(
        [Echo()],
        cast(Sessions, KnownTokens()),
        readiness,
        RestMetrics(Metrics("edge")),
        version="11.6.0.11.6.0.hash.false",
        body_limit=1000,
    )
    async with TestClient(TestServer(application.build())) as made:
        yield made
