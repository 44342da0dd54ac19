"""The people of the load: made over the API as an admin would, all members of a team and of its channels."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeVar

from tests.load.connection import Connection, Refused, connect

_AT_ONCE = 8
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Crew:
    """How many of what there are."""

    people: int = 40
    channels: int = 10
    workers: int = 32
    """Requests under way at once."""
    sockets: int = 200
    admin: str = ""
    """login:password, on a server that has users."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Room:
    """A channel and those of the crowd who are in it."""

    channel: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody, and where they talk."""

    people: tuple[Person, ...] = ()
    channels: tuple[str, ...] = ()
    """With all of them as members."""
    team: str = ""
    keeper: str = ""
    """The token of who administers all this."""


async def gather(url: str, people: int, channels: int, admin: str) -> Crowd:
    """Make a team with so many people in so many channels.

    `admin` is login:password of an admin, or empty on a server without users, whose first one becomes it.
    Raises Refused with the server's answer.
    """
    lines = [await connect(url) for _ in range(_AT_ONCE)]
    try:
        return await _Founder(lines, admin).found(people, channels)
    finally:
        for line in lines:
            line.close()


async def make_rooms(url: str, crowd: Crowd, sizes: Sequence[int]) -> list[Room]:
    """Make a channel for each size, with so many members: the next ones of the crowd in turn."""
    line = await connect(url)
    turn = cycle(crowd.people)
    made = []
    for number, size in enumerate(sizes):
        name = f"r{number}x{secrets.token_hex(4)}"
        about = {"team_id": crowd.team, "name": name, "display_name": name, "type": "O"}
        channel = json.loads((await line.ask("POST", "/api/v4/channels", crowd.keeper, about, 201)).body)["id"]
        people = tuple(next(turn) for _ in range(min(size, len(crowd.people))))
        for person in people:
            path = f"/api/v4/channels/{channel}/members"
            await line.ask("POST", path, crowd.keeper, {"user_id": person.id}, 201)
        made.append(Room(channel, people))
    line.close()
    return made


class _Founder:
    def __init__(self, lines: list[Connection], admin: str) -> None:
        self._lines = lines
        self._login, _, self._password = admin.partition(":")
        self._tag = secrets.token_hex(4)
        self._token = ""

    async def found(self, people: int, channels: int) -> Crowd:
        first = self._lines[0]
        if not self._login:
            self._login, self._password = f"admin{self._tag}", secrets.token_urlsafe(12) + "aA1!"
            await self._sign_up(first, self._login, self._password)
        _, self._token = await _sign_in(first, self._login, self._password)
        team = {"name": f"bench{self._tag}", "display_name": "Bench", "type": "O"}
        team_id = json.loads((await first.ask("POST", "/api/v4/teams", self._token, team, 201)).body)["id"]

        made: list[Person] = []
        places: list[str] = []

        async def person(line: Connection, number: int) -> None:
            name, password = f"p{number}x{self._tag}", secrets.token_urlsafe(12) + "aA1!"
            user_id = await self._sign_up(line, name, password)
            member = {"team_id": team_id, "user_id": user_id}
            await line.ask("POST", f"/api/v4/teams/{team_id}/members", self._token, member, 201)
            made.append(Person(*await _sign_in(line, name, password)))

        async def channel(line: Connection, number: int) -> None:
            about = {"team_id": team_id, "name": f"c{number}x{self._tag}", "display_name": f"C{number}", "type": "O"}
            answer = await line.ask("POST", "/api/v4/channels", self._token, about, 201)
            places.append(json.loads(answer.body)["id"])

        async def member(line: Connection, who: tuple[str, str]) -> None:
            channel_id, user_id = who
            path = f"/api/v4/channels/{channel_id}/members"
            await line.ask("POST", path, self._token, {"user_id": user_id}, 201)

        await self._spread(person, range(people))
        await self._spread(channel, range(channels))
        # Neighbours in this order are of different channels: a channel takes one change at a time.
        await self._spread(member, [(place, one.id) for one in made for place in places])
        return Crowd(tuple(made), tuple(places), team_id, self._token)

    async def _sign_up(self, line: Connection, name: str, password: str) -> str:
        account = {"email": f"{name}@example.com", "username": name, "password": password}
        try:
            answer = await line.ask("POST", "/api/v4/users", self._token, account, 201)
        except Refused as refused:
            if self._token:
                raise
            advice = "Does the server have users already? Then name an admin: --admin LOGIN:PASSWORD"
            raise Refused(f"{refused}\n{advice}") from None
        return str(json.loads(answer.body)["id"])

    async def _spread(self, work: Callable[[Connection, _Item], Awaitable[None]], items: Iterable[_Item]) -> None:
        """Do the work for each item, on all lines at once."""
        queue = iter(items)

        async def line_through(line: Connection) -> None:
            for item in queue:
                await work(line, item)

        await asyncio.gather(*(line_through(line) for line in self._lines))


async def _sign_in(line: Connection, login: str, password: str) -> tuple[str, str]:
    answer = await line.ask("POST", "/api/v4/users/login", "", {"login_id": login, "password": password})
    return str(json.loads(answer.body)["id"]), answer.header("Token")


def endless(people: Iterable[Person], size: int) -> list[Person]:
    """So many speakers, people in turn."""
    turn = cycle(people)
    return [next(turn) for _ in range(size)]
