"""How a test speaks to the mesh over REST: to an edge of its choice, or to Envoy's front."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from deploy.local.mesh import Mesh
from deploy.local.ports import Ports
from tests.coverage import sightings

SECONDS = 15.0
"""How long an answer may take before the test gives up on it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client connects to."""

    name: str
    host: str
    rest_port: int
    websocket_port: int

    @property
    def rest(self) -> str:
        """What paths of the API are appended to."""
        return f"http://{self.host}:{self.rest_port}/api/v4"

    @property
    def websocket(self) -> str:
        """Where sockets are opened."""
        return f"ws://{self.host}:{self.websocket_port}/api/v4/websocket"


def front(mesh: Mesh) -> Place:
    """Envoy, which chooses an edge."""
    return Place("front", "127.0.0.1", mesh.ports.front, mesh.ports.front)


def edge(ports: Ports, ordinal: int) -> Place:
    """One edge, past Envoy."""
    first = ports.instance("edge", ordinal)
    return Place(f"edge-{ordinal}", "127.0.0.1", first, first + 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The id of the error, or nothing when the body is no error object."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return ""
        return str(value.get("id", "")) if isinstance(value, dict) and "status_code" in value else ""

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and error id, which is what a test of a refusal compares."""
        return self.status, self.error

    def expect(self, status: int) -> Any:
        """Return the body's value; fail, with the whole answer, when the status is another one."""
        assert self.status == status, f"{self.method} {self.path}: {self.status} and not {status}: {self.body[:600]!r}"
        return self.json if self.body else None


class Rest:
    """A client of one place, with one token or none. It keeps no cookies unless they are given as a header."""

    def __init__(self, http: aiohttp.ClientSession, place: Place, token: str = "") -> None:
        self.http = http
        self.place = place
        self.token = token

    def at(self, place: Place) -> "Rest":
        """The same session elsewhere."""
        return Rest(self.http, place, self.token)

    async def send(
        self,
        method: str,
        path: str,
        value: Any = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, with `value` as JSON or `body` as it is, and return whatever comes back."""
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent and "Cookie" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if value is not None:
            body = json.dumps(value).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(
            method,
            f"{self.place.rest}{path}",
            data=body,
            headers=sent,
            params=params,
            timeout=aiohttp.ClientTimeout(SECONDS),
        ) as response:
            answer = Answer(
                method,
                path,
                response.status,
                response.headers,
                await response.read(),
                {name: morsel.value for name, morsel in response.cookies.items()},
            )
        kind = answer.headers.get("Content-Type", "")
        sightings.note(method, response.url.path, answer.status, kind, answer.body)
        return answer

    async def get(self, path: str, expect: int = 200, **params: str | int) -> Any:
        """GET and return the value."""
        texts = {name: str(value) for name, value in params.items()}
        return (await self.send("GET", path, params=texts)).expect(expect)

    async def post(self, path: str, value: Any = None, expect: int = 201) -> Any:
        """POST and return the value."""
        return (await self.send("POST", path, value)).expect(expect)

    async def put(self, path: str, value: Any = None, expect: int = 200) -> Any:
        """PUT and return the value."""
        return (await self.send("PUT", path, value)).expect(expect)

    async def delete(self, path: str, expect: int = 200) -> Any:
        """DELETE and return the value."""
        return (await self.send("DELETE", path)).expect(expect)

    async def refused(self, method: str, path: str, value: Any = None, **how: Any) -> tuple[int, str]:
        """Send, and return status and error id."""
        return (await self.send(method, path, value, **how)).refusal


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, signed in once."""

    id: str
    username: str
    email: str
    password: str
    rest: Rest

    @property
    def token(self) -> str:
        """Of the session."""
        return self.rest.token

    def at(self, place: Place) -> Rest:
        """The person's client there."""
        return self.rest.at(place)


async def sign_in(http: aiohttp.ClientSession, place: Place, login_id: str, password: str) -> Rest:
    """Sign in there; return the client of the new session."""
    answer = await Rest(http, place).send("POST", "/users/login", {"login_id": login_id, "password": password})
    answer.expect(200)
    return Rest(http, place, answer.headers["Token"])
