"""People, teams and channels for one test, and what a test reads back of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

from deploy.local.mesh import Mesh
from tests.conftest import ADMIN
from tests.e2e import client, sockets
from tests.e2e.client import Person, Place, Rest, sign_in
from tests.e2e.sockets import Socket

PASSWORD = "a quiet place to talk"
_numbers = count(1)


def unique(stem: str) -> str:
    """A name that nothing else in the mesh has."""
    return f"{stem}{next(_numbers)}"


class World:
    """Makes what a test needs, and closes what it opened."""

    def __init__(self, http: aiohttp.ClientSession, edges: tuple[Place, Place], front: Place, admin: Rest) -> None:
        self.http = http
        self.edges = edges
        self.front = front
        self.admin = admin
        """The first user, at the first edge."""
        self._open = AsyncExitStack()

    async def close(self) -> None:
        """Close every socket; each is checked for gaps in its numbers."""
        await self._open.aclose()

    async def person(self, stem: str = "user", place: Place | None = None) -> Person:
        """Somebody new, signed in at the place, or through Envoy."""
        name = unique(stem)
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        made = await self.admin.post("/users", account)
        rest = await sign_in(self.http, place or self.front, name, PASSWORD)
        return Person(made["id"], name, account["email"], PASSWORD, rest)

    async def people(self, *stems: str) -> list[Person]:
        """Several, each at the next edge in turn."""
        return [await self.person(stem, self.edges[number % 2]) for number, stem in enumerate(stems)]

    async def team(self, *members: Person) -> dict[str, Any]:
        """A team of these people, owned by the admin."""
        team: dict[str, Any] = await self.admin.post(
            "/teams", {"name": unique("team"), "display_name": "A team", "type": "O"}
        )
        for member in members:
            await self.admin.post(f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": member.id})
        return team

    async def channel(self, team: dict[str, Any], *members: Person, kind: str = "O") -> dict[str, Any]:
        """A channel of these members of the team; the first one creates it."""
        creator = members[0].rest if members else self.admin
        channel: dict[str, Any] = await creator.post(
            "/channels",
            {"team_id": team["id"], "name": unique("channel"), "display_name": "A channel", "type": kind},
        )
        for member in members[1:]:
            await creator.post(f"/channels/{channel['id']}/members", {"user_id": member.id})
        return channel

    async def room(self, *people: Person, kind: str = "O") -> dict[str, Any]:
        """A channel in a team of its own, with these people in both."""
        return await self.channel(await self.team(*people), *people, kind=kind)

    async def listen(self, person: Person, place: Place) -> Socket:
        """A signed-in socket there, after its hello."""
        return await self.keep(await sockets.listen(self.http, place, person.username, person.token))

    async def listen_everywhere(self, *people: Person) -> list[Socket]:
        """A socket of each person at each edge."""
        return [await self.listen(person, place) for person in people for place in self.edges]

    async def keep(self, socket: Socket) -> Socket:
        """Close the socket at the end of the test."""
        self._open.push_async_callback(socket.close)
        return socket


@asynccontextmanager
async def world_of(edges: tuple[Place, Place], front: Place) -> AsyncIterator[World]:
    """Make a maker of people, teams and channels, signed in as the mesh's first user."""
    # No cookies of its own: one client here speaks for many people, and the cookie would win over the token.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = World(http, edges, front, await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"]))
        try:
            yield made
        finally:
            await made.close()


def world_in(mesh: Mesh) -> AbstractAsyncContextManager[World]:
    """Make one in a mesh of the test's own."""
    return world_of((client.edge(mesh.ports, 1), client.edge(mesh.ports, 2)), client.front(mesh))


async def eventually(ask: Callable[[], Awaitable[Any]], true: Callable[[Any], bool], seconds: float = 15) -> Any:
    """Ask again and again until the answer is right, for what follows a write without being part of it."""
    last: Any = None
    deadline = time.monotonic() + seconds
    while not true(last := await ask()):
        assert time.monotonic() < deadline, f"not within {seconds} s; the last answer was {last}"
    return last


async def say(rest: Rest, channel_id: str, message: str = "hello", **fields: Any) -> dict[str, Any]:
    """Post; return the post."""
    post: dict[str, Any] = await rest.post("/posts", {"channel_id": channel_id, "message": message, **fields})
    return post


async def history(rest: Rest, channel_id: str) -> list[dict[str, Any]]:
    """All ordinary posts of the channel, oldest first, read page by page."""
    found: list[dict[str, Any]] = []
    for page in count():
        part = await rest.get(f"/channels/{channel_id}/posts", page=page, per_page=200)
        found += [part["posts"][post_id] for post_id in part["order"]]
        if len(part["order"]) < 200:
            break
    found.reverse()
    return [post for post in found if not post["type"]]


async def histories(rests: Sequence[Rest], channel_id: str) -> list[list[dict[str, Any]]]:
    """The history as each client reads it."""
    return list(await asyncio.gather(*(history(rest, channel_id) for rest in rests)))


def ids(posts: Sequence[dict[str, Any]]) -> list[str]:
    """The posts' ids."""
    return [post["id"] for post in posts]
