"""Who takes part in a workload: people, their sessions, and the channels that they talk in."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.e2e.client import Place, Rest
from tests.faults.caller import Caller, Request, Session
from tests.faults.history import Args, Done, Person, Recorder, Value

PASSWORD = "a quiet place to break"
_REMEMBERED = 200


class Unprepared(Exception):
    """The mesh did not let the workload begin; the text says what it answered."""


@dataclass(frozen=True, slots=True)
class Known:
    """A post that somebody was acknowledged."""

    id: str
    author: str
    at: int
    root: str


@dataclass(slots=True)
class Room:
    """A channel, and what its people know of it."""

    id: str
    private: bool
    recent: deque[Known] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


@dataclass(slots=True)
class Player:
    """Somebody with an account and, most of the time, a session."""

    id: str
    name: str
    caller: Caller
    sessions: int = 1


class Cast:
    """Makes people and channels, and records it."""

    def __init__(
        self,
        recorder: Recorder,
        http: aiohttp.ClientSession,
        edges: Sequence[Place],
        front: Place,
        chance: random.Random,
        admin: Rest,
        name: str,
    ) -> None:
        """`name` begins every name, so that several workloads can use one mesh."""
        self.recorder, self.http, self.edges, self.chance = recorder, http, edges, chance
        # Half of everything goes through Envoy, the other half to an edge of the client's choice.
        self.places = [*edges, *[front] * len(edges)]
        self._admin, self._name = admin, name
        self._team = ""
        self.admin: Caller

    async def open(self) -> None:
        """Make the team; the first user is its owner, and reads what others may not."""
        me: dict[str, Any] = await self._admin.get("/users/me")
        self.recorder.add(Person(me["id"], "admin"))
        self.admin = Caller(
            self.recorder, self.http, self.places, self.chance, me["id"], Session("s-admin", self._admin.token)
        )
        team = await self._admin.post("/teams", {"name": f"{self._name}team", "display_name": "Faults", "type": "O"})
        self._team = team["id"]

    async def player(self, name: str) -> Player:
        """Somebody new, in the team, signed in."""
        full = f"{self._name}{name}"
        account = {"username": full, "email": f"{full}@example.org", "password": PASSWORD}
        made = await self._admin.post("/users", account)
        await self._admin.post(f"/teams/{self._team}/members", {"team_id": self._team, "user_id": made["id"]})
        self.recorder.add(Person(made["id"], name))
        caller = Caller(self.recorder, self.http, self.places, self._own_chance(name), made["id"], Session("", ""))
        player = Player(made["id"], name, caller)
        await self.sign_in(player)
        return player

    async def sign_in(self, player: Player) -> bool:
        """Give a player a new session."""
        full = f"{self._name}{player.name}"
        session = Session(f"s-{player.name}-{player.sessions}", "")
        player.sessions += 1
        visitor = SignIn(self.recorder, self.http, self.places, self._own_chance(session.name), player.id, session)
        done = await visitor.write(
            "sign_in",
            Args(),
            Request("POST", "/users/login", {"login_id": full, "password": PASSWORD}),
        )
        if done.outcome == "ok":
            player.caller.session = Session(session.name, visitor.token)
        return done.outcome == "ok"

    async def room(self, name: str, owner: Player, members: Sequence[Player], *, private: bool = False) -> Room:
        """A channel of these people."""
        body = {
            "team_id": self._team,
            "name": f"{self._name}{name}",
            "display_name": name,
            "type": "P" if private else "O",
        }
        made = self._sure(
            await owner.caller.write(
                "create", Args(), Request("POST", "/channels", body), lambda answer: Value(id=answer["id"])
            )
        )
        room = Room(made.value.id, private)
        for member in members:
            self._sure(await self.add(owner, room, member))
        return room

    async def add(self, by: Player, room: Room, member: Player) -> Done:
        """Bring somebody into a channel."""
        return await by.caller.write(
            "add",
            Args(channel=room.id, user=member.id),
            Request("POST", f"/channels/{room.id}/members", {"user_id": member.id}),
        )

    async def remove(self, by: Player, room: Room, member: Player) -> Done:
        """Take somebody out of a channel."""
        return await by.caller.write(
            "remove",
            Args(channel=room.id, user=member.id),
            Request("DELETE", f"/channels/{room.id}/members/{member.id}"),
        )

    def _own_chance(self, name: str) -> random.Random:
        return random.Random(f"{self.chance.random()} {name}")

    @staticmethod
    def _sure(done: Done) -> Done:
        if done.outcome != "ok":
            raise Unprepared(f"{done.outcome} {done.status} {done.why}")
        return done


class SignIn(Caller):
    """A caller without a session, who keeps the token that it is given."""

    token = ""

    async def _send(self, place: Place, request: Request) -> tuple[int, bytes]:
        async with self._http.request(request.method, f"{place.rest}{request.path}", json=request.body) as response:
            self.token = response.headers.get("Token", "")
            return response.status, await response.read()
