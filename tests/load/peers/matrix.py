"""The load in the protocol of Matrix: people post into rooms, and wait for what is new by long polls."""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from tests.load import connection
from tests.load.acting import Act, close
from tests.load.connection import Connection, connect
from tests.load.crowd import Crew, Crowd, Person, endless
from tests.load.listeners import MARK, Tally
from tests.load.load import PAGE, Load, main

_API = "/_matrix/client/v3"
_POLL_MS = 20_000
_MARKED = re.compile(MARK + rb"([0-9.]+) of ")
_FILTER = quote(
    json.dumps(
        {
            "presence": {"types": []},
            "account_data": {"types": []},
            "room": {
                "timeline": {"limit": 100, "types": ["m.room.message"]},
                "state": {"types": []},
                "ephemeral": {"types": []},
                "account_data": {"types": []},
            },
        }
    )
)


class _Poll:
    """Somebody who waits for what is new; stands where a socket stands elsewhere."""

    def __init__(self, person: Person, line: Connection, tally: Tally) -> None:
        self._person, self._line, self._tally = person, line, tally
        self._since = ""
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Find out where everything stands, then wait."""
        await self._ask(0)
        self._task = asyncio.create_task(self._go_on())

    def leave(self) -> None:
        """Wait no more."""
        if self._task is not None:
            self._task.cancel()
        self._line.close()

    async def _go_on(self) -> None:
        while True:
            body = await self._ask(_POLL_MS)
            arrived, tally = time.perf_counter(), self._tally
            for sent in _MARKED.findall(body):
                tally.deliveries += 1
                tally.bytes += len(body)
                tally.delays.append(arrived - float(sent))

    async def _ask(self, wait_ms: int) -> bytes:
        since = f"&since={self._since}" if self._since else ""
        path = f"{_API}/sync?filter={_FILTER}&timeout={wait_ms}{since}"
        answer = await self._line.ask("GET", path, self._person.token)
        self._since = json.loads(answer.body)["next_batch"]
        return answer.body


class MatrixLoad(Load):
    """The same phases against a homeserver; `admin` is the secret by which it lets programs make accounts."""

    accepted = 200

    def __init__(self, url: str, crew: Crew) -> None:
        super().__init__(url, crew)
        self.polls: list[_Poll] = []

    @property
    def hearing(self) -> int:
        """See Load.hearing."""
        return len(self.polls)

    async def setup(self, _: float) -> dict[str, Any]:
        """See Load.setup."""
        began = time.perf_counter()
        line = await connect(self.url)
        people = [await self._account(line, f"p{number}x{self.run}") for number in range(self.crew.people)]
        rooms = [await self._room(line, people, number) for number in range(self.crew.channels)]
        line.close()
        self.crowd = Crowd(tuple(people), tuple(rooms))
        lines = await self.lines(self.crew.workers)
        act = self.posting(lines)
        turns = iter(range((PAGE + 4) * len(rooms)))

        async def fill(worker: int) -> None:
            for turn in turns:
                await act(worker, turn, time.perf_counter())

        await asyncio.gather(*(fill(worker) for worker in range(len(lines))))
        close(lines)
        return {"seconds": time.perf_counter() - began}

    async def connect(self, _: float, sockets: int = 0, past: str = "") -> dict[str, Any]:
        """See Load.connect: so many who wait."""
        began = time.perf_counter()
        for person in endless(self.crowd.people, (sockets or self.crew.sockets) - len(self.polls)):
            poll = _Poll(person, await connect(self.url), self.tally)
            await poll.begin()
            self.polls.append(poll)
        return {"done": len(self.polls), "seconds": time.perf_counter() - began}

    def post_of(self, person: Person, channel: str, text: str) -> bytes:
        """See Load.post_of."""
        body = json.dumps({"msgtype": "m.text", "body": text}).encode()
        path = f"{_API}/rooms/{channel}/send/m.room.message/{self.run}{self.posted}"
        return connection.request("PUT", path, person.token, body)

    def reading(self, lines: Sequence[Connection]) -> Act:
        """See Load.reading."""
        people = endless(self.crowd.people, len(lines))

        async def act(worker: int, turn: int, _: float) -> int:
            room = self.crowd.channels[(worker + turn) % len(self.crowd.channels)]
            path = f"{_API}/rooms/{room}/messages?dir=b&limit={PAGE}"
            answer = await lines[worker].send(connection.request("GET", path, people[worker].token))
            return answer.status if answer.body.count(b'"event_id"') >= PAGE else -answer.status

        return act

    async def _account(self, line: Connection, name: str) -> Person:
        path, password = "/_synapse/admin/v1/register", f"{name}-password"
        nonce = json.loads((await line.ask("GET", path)).body)["nonce"]
        said = "\0".join((nonce, name, password, "notadmin")).encode()
        mac = hmac.new(self.crew.admin.encode(), said, hashlib.sha1).hexdigest()
        account = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": mac}
        made = json.loads((await line.ask("POST", path, "", account)).body)
        return Person(made["user_id"], made["access_token"])

    async def _room(self, line: Connection, people: Sequence[Person], number: int) -> str:
        about = {"preset": "public_chat", "name": f"r{number}x{self.run}"}
        room = json.loads((await line.ask("POST", f"{_API}/createRoom", people[0].token, about)).body)["room_id"]
        for person in people[1:]:
            await line.ask("POST", f"{_API}/join/{quote(room)}", person.token, {})
        return quote(room)


if __name__ == "__main__":
    main(MatrixLoad, __doc__)
