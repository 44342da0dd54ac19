"""The load, in a process of its own: reads a phase a line from standard input, answers one JSON object a line.

    {"phase": "post", "seconds": 6, "most": 9000, "how": {"workers": 8}}   →   {"done": 9000, "seconds": 5.01, …}

Between two lines it is idle, so that whoever drives it can read clocks in peace. See PHASES for what there is.
"""

import argparse
import asyncio
import gc
import json
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import uvloop

from tests.load import connection
from tests.load.acting import Act, acting, close, quantiles
from tests.load.connection import Connection, Refused
from tests.load.crowd import Crew, Crowd, Person, Room, endless, gather, make_rooms
from tests.load.listeners import MARK, Listener, Tally, open_sockets
from tests.load.storm import storm
from tests.load.workday import workday

PAGE = 60
"""Posts on a page that is read."""

TEXT = "the quick brown fox jumps over the lazy dog and tells it on every node of the mesh "
"""What everybody says."""
_IDLE_PAUSE = 0.025  # seconds between two posts through an idle mesh
_LATEST_DELIVERY = 20.0  # seconds after the last post


class Load:
    """One server under load."""

    accepted = 201
    """The status by which it says that it took a post."""

    def __init__(self, url: str, crew: Crew) -> None:
        self.url = url
        """Of the server."""
        self.crew = crew
        self.crowd = Crowd()
        """Everybody, after `setup`."""
        self.tally = Tally()
        """What the sockets got."""
        self.listeners: list[Listener] = []
        """The sockets that are open."""
        self.places: list[Room] = []
        """Channels of some of them, made by the phase `rooms`."""
        self.run = secrets.token_hex(4)
        """What marks this run's names and posts."""
        self.posted = 0
        """Posts that were sent so far."""
        self.most: int | None = None
        """Requests after which a phase ends, before its time is up; None for no such end."""

    @property
    def hearing(self) -> int:
        """How many get every post into a channel of all."""
        return len(self.listeners)

    async def setup(self, _: float) -> dict[str, Any]:
        """People, a team, channels; so many posts in each channel that its page is full."""
        began = time.perf_counter()
        self.crowd = await gather(self.url, self.crew.people, self.crew.channels, self.crew.admin)
        lines = await self.lines(self.crew.workers)
        queue = iter([number % self.crew.channels for number in range((PAGE + 4) * self.crew.channels)])
        act = self.posting(lines)

        async def fill(worker: int) -> None:
            for channel in queue:
                status = await act(worker, channel - worker, time.perf_counter())
                if status != 201:
                    raise Refused(f"POST /api/v4/posts answered {status}")

        await asyncio.gather(*(fill(worker) for worker in range(self.crew.workers)))
        close(lines)
        return {"seconds": time.perf_counter() - began}

    async def rooms(self, _: float, members: Sequence[int] = ()) -> dict[str, Any]:
        """Further channels with so many members each; their ids, in order."""
        self.places += await make_rooms(self.url, self.crowd, members)
        return {
            "done": len(members),
            "seconds": 0.0,
            "ids": [room.channel for room in self.places[-len(members) :]],
            "rooms": len(self.places),
        }

    async def ping(self, seconds: float) -> dict[str, Any]:
        """Nothing but HTTP: a request that no service has to work for."""
        message = connection.request("GET", "/api/v4/system/ping")

        async def act(worker: int, _: int, __: float) -> int:
            return (await lines[worker].send(message)).status

        lines = await self.lines(self.crew.workers)
        return await self._loop(lines, seconds, act, 200)

    async def idle(self, seconds: float) -> dict[str, Any]:
        """One post after another through a mesh that does nothing else."""
        lines = await self.lines(1)
        return await self._loop(lines, seconds, self.posting(lines), 201, rate=1 / _IDLE_PAUSE)

    async def post(self, seconds: float, workers: int = 0, room: int | None = None) -> dict[str, Any]:
        """As many posts as go, to all channels or into one of the rooms; so many under way."""
        lines = await self.lines(workers or self.crew.workers)
        rooms = [self.places[room]] if room is not None else ()
        return await self._loop(lines, seconds, self.posting(lines, rooms), 201)

    async def read(self, seconds: float, workers: int = 0) -> dict[str, Any]:
        """As many newest pages as go, of all channels; so many under way."""
        lines = await self.lines(workers or self.crew.workers)
        return await self._loop(lines, seconds, self.reading(lines), 200)

    async def beside(self, seconds: float, rate: float = 20) -> dict[str, Any]:
        """As many newest pages as go, while so many posts a second are written into them."""
        readers, writers = await self.lines(self.crew.workers), await self.lines(int(rate))
        reads, posts = await asyncio.gather(
            self._loop(readers, seconds, self.reading(readers), 200),
            self._loop(writers, seconds, self.posting(writers), 201, rate=rate),
        )
        failures = Counter(reads["failures"]) + Counter(posts["failures"])
        return {**reads, "failures": dict(failures), "posts": posts["done"], "post_p99_ms": posts["p99_ms"]}

    async def connect(self, _: float, sockets: int = 0, past: str = "") -> dict[str, Any]:
        """Open sockets, to deliver to, until there are so many; `past` Envoy, at an edge's address."""
        began = time.perf_counter()
        missing = (sockets or self.crew.sockets) - len(self.listeners)
        opened = await open_sockets(past or self.url, self.crowd, missing, self.tally)
        self.listeners += opened
        return {"done": len(opened), "seconds": time.perf_counter() - began}

    async def disconnect(self, _: float) -> dict[str, Any]:
        """Close all sockets."""
        for listener in self.listeners:
            listener.leave()
        done = len(self.listeners)
        self.listeners.clear()
        return {"done": done, "seconds": 0.0}

    async def paced(self, seconds: float, rate: float = 20) -> dict[str, Any]:
        """Twenty posts a second, to all channels and sockets: how long a delivery takes."""
        lines = await self.lines(min(self.crew.workers, int(rate)))
        return await self._delivered(self._loop(lines, seconds, self.posting(lines), 201, rate=rate))

    async def fanout(self, seconds: float, workers: int = 0) -> dict[str, Any]:
        """As many posts as go, to one channel and all sockets: how many deliveries go."""
        lines = await self.lines(workers or self.crew.workers)
        act = self.posting(lines, [Room(self.crowd.channels[0], self.crowd.people)])
        return await self._delivered(self._loop(lines, seconds, act, 201))

    async def lines(self, count: int) -> list[Connection]:
        """Open connections for requests."""
        return [await connection.connect(self.url) for _ in range(count)]

    def posting(self, lines: Sequence[Connection], rooms: Sequence[Room] = ()) -> Act:
        """Return what posts into these rooms, or into every channel, as its members in turn; 201 is success."""
        rooms = rooms or [Room(channel, self.crowd.people) for channel in self.crowd.channels]
        mark = MARK.decode()

        async def act(worker: int, turn: int, planned: float) -> int:
            room = rooms[(worker + turn) % len(rooms)]
            person = room.people[worker % len(room.people)]
            self.posted += 1
            text = f"{TEXT}{mark}{planned:.6f} of {self.run}"
            status = (await lines[worker].send(self.post_of(person, room.channel, text))).status
            return 201 if status == self.accepted else status

        return act

    def post_of(self, person: Person, channel: str, text: str) -> bytes:
        """Return the request by which somebody says something that needs no escaping, marked as the newest post."""
        pending = f"{person.id}:{self.run}{self.posted}"
        body = f'{{"channel_id":"{channel}","message":"{text}","pending_post_id":"{pending}"}}'
        return connection.request("POST", "/api/v4/posts", person.token, body.encode())

    def reading(self, lines: Sequence[Connection]) -> Act:
        """Return what reads the newest page of any channel, as people in turn."""
        messages = [
            [
                connection.request("GET", f"/api/v4/channels/{channel}/posts?page=0&per_page={PAGE}", person.token)
                for channel in self.crowd.channels
            ]
            for person in endless(self.crowd.people, len(lines))
        ]

        async def act(worker: int, _: int, __: float) -> int:
            answer = await lines[worker].send(random.choice(messages[worker]))
            return answer.status if answer.body.count(b'"create_at"') >= PAGE else -answer.status

        return act

    async def _loop(
        self, lines: Sequence[Connection], seconds: float, act: Act, wanted: int, rate: float = 0
    ) -> dict[str, Any]:
        return await acting(lines, seconds, act, wanted, rate=rate, most=self.most)

    async def _delivered(self, loop: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """The phase, and what the sockets got of it until the last delivery came."""
        tally = self.tally
        tally.clear()
        began = time.perf_counter()
        figures = await loop
        expected = figures["done"] * self.hearing
        latest = time.perf_counter() + _LATEST_DELIVERY
        # A look now and then: an event would cost every one of a hundred thousand deliveries a second.
        while tally.deliveries < expected and time.perf_counter() < latest:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        took = time.perf_counter() - began
        return {
            **figures,
            "posts": figures["done"],
            "post_p50_ms": figures["p50_ms"],
            "post_p99_ms": figures["p99_ms"],
            "done": tally.deliveries,
            "seconds": took,
            "expected": expected,
            **quantiles(tally.delays),
            "frame_bytes": tally.bytes // max(1, tally.deliveries),
            "misnumbered": tally.misnumbered,
            "closed": tally.closed,
        }


PHASES = ("setup", "rooms", "ping", "idle", "post", "read", "beside", "connect", "disconnect", "paced", "fanout")
"""Each is a method that takes seconds, and options of its own; so do those in _ELSEWHERE, and the load before."""

_ELSEWHERE: Mapping[str, Callable[..., Awaitable[dict[str, Any]]]] = {"workday": workday, "storm": storm}


def phase(load: Load, name: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Return a phase of the load. Raises KeyError when there is none of that name."""
    if name in PHASES:
        found: Callable[..., Awaitable[dict[str, Any]]] = getattr(load, name)
        return found
    return partial(_ELSEWHERE[name], load)


async def serve(load: Load) -> None:
    """Run the phases that are asked for until there are no more, or one fails: its answer is {"error": …}."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        load.most = asked.get("most")
        gc.collect()
        began = time.process_time()
        try:
            figures = await phase(load, asked["phase"])(asked["seconds"], **asked.get("how", {}))
        except (Refused, OSError, TimeoutError) as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
            return
        figures["generator_cpu"] = time.process_time() - began
        print(json.dumps(figures), flush=True)


def main(kind: type[Load] = Load, about: str | None = __doc__) -> None:
    """Run it; `kind` speaks the server's protocol."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--url", required=True, help="http://HOST:PORT of the server")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--channels", type=int, default=10)
    parser.add_argument("--workers", type=int, default=32, help="requests under way at once")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--admin", default="", help="login:password, on a server that has users")
    asked = parser.parse_args()
    crew = Crew(asked.people, asked.channels, asked.workers, asked.sockets, asked.admin)
    uvloop.run(serve(kind(asked.url, crew)))


if __name__ == "__main__":
    main()
