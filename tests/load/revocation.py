"""How long a revoked session is still answered, and its socket still told something: over many tries.

    python -m tests.load.revocation --tries 1000

Somebody posts without end; each try signs a person in, opens a socket at one edge, asks another edge as that person
without a pause, ends the session at the first edge, and notes when that was answered. Counted is the time from then to
the last good answer or frame that the session got. With Redis healthy, paused, and cut off (each process reaches it
over a wire).
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import aiohttp

from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import Ports, free_block
from deploy.local.programs import REDIS
from deploy.local.topology import DEFAULT_SCALE, topology
from tests.conftest import ADMIN, sign_up_admin
from tests.e2e import client
from tests.e2e.client import Person, Place, sign_in
from tests.e2e.world import World
from tests.faults.wires import WiredCommand, Wiring, wires_of

_DATA = REPOSITORY / "build" / "revocation"
_WATCHED = 0.3
"""Seconds for which a revoked session is watched; with the bus broken ten times as long."""
_AT_ONCE = 4
_ANSWER = aiohttp.ClientTimeout(10)
_BOUNDS = {"healthy": 0.1, "paused": 2.0, "cut off": 2.0}


class Tries:
    """Tries on one mesh."""

    def __init__(self, http: aiohttp.ClientSession, edges: Sequence[Place], person: Person, watched: float) -> None:
        self.late: list[float] = []
        """Of each try, seconds from the revoking call's answer to the last good answer or frame; 0 for none."""
        self._http, self._edges, self._person, self._watched = http, edges, person, watched

    async def run(self, many: int) -> None:
        """So many tries, some at once."""
        queue = iter(range(many))

        async def one_after_another() -> None:
            for number in queue:
                self.late.append(await self._one(number))

        await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))

    async def _one(self, number: int) -> float:
        here, there = self._edges[number % 2], self._edges[(number + 1) % 2]
        rest = await sign_in(self._http, here, self._person.username, self._person.password)
        headers = {"Authorization": f"Bearer {rest.token}"}
        socket = await self._http.ws_connect(there.websocket, headers=headers, max_msg_size=0)
        heard, answered = asyncio.Event(), asyncio.Event()
        last = 0.0

        async def listen() -> None:
            nonlocal last
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    last = time.monotonic()
                    heard.set()

        async def ask() -> None:
            nonlocal last
            while True:
                async with self._http.get(f"{there.rest}/users/me", headers=headers, timeout=_ANSWER) as answer:
                    await answer.read()
                    if answer.status == 200:
                        last = time.monotonic()
                        answered.set()
                    elif answer.status == 401:
                        return

        tasks = [asyncio.create_task(listen()), asyncio.create_task(ask())]
        await heard.wait()
        await answered.wait()
        (await rest.send("POST", "/users/logout")).expect(200)
        ended = time.monotonic()
        await asyncio.wait(tasks, timeout=self._watched)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await socket.close()
        return max(0.0, last - ended)


async def _talk(person: Person, places: Sequence[Place], channel_id: str) -> None:
    """Events all the while, for each of the sockets."""
    number = 0
    while True:
        number += 1
        body = {"channel_id": channel_id, "message": f"{number}"}
        await person.at(places[number % 2]).send("POST", "/posts", body)
        await asyncio.sleep(0.01)


async def _measure(mesh: Mesh, wiring: Wiring, tries: int, broken_tries: int) -> dict[str, list[float]]:
    edges = (client.edge(mesh.ports, 1), client.edge(mesh.ports, 2))
    found: dict[str, list[float]] = {}
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0)
    ) as http:
        admin = await sign_in(http, edges[0], ADMIN["username"], ADMIN["password"])
        world = World(http, edges, client.front(mesh), admin)
        ana, ben = await world.people("ana", "ben")
        channel = await world.room(ana, ben)
        talk = asyncio.create_task(_talk(ana, edges, channel["id"]))
        wires = [wire for wire in wiring.wires if wire.store == "redis"]

        def order(what: str) -> None:
            for wire in wires:
                wiring.order(wire, what)

        async def batch(name: str, many: int, watched: float) -> None:
            measured = Tries(http, edges, ben, watched)
            await measured.run(many)
            found[name] = measured.late

        await batch("healthy", tries, _WATCHED)
        pid = mesh.pid(REDIS)
        os.kill(pid, signal.SIGSTOP)
        try:
            await batch("paused", broken_tries, 10 * _WATCHED)
        finally:
            os.kill(pid, signal.SIGCONT)
        order("cut")
        await batch("cut off", broken_tries, 10 * _WATCHED)
        order("pass")
        talk.cancel()
        await world.close()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when a bound was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.revocation", description=__doc__)
    parser.add_argument("--tries", type=int, default=1000, help="with Redis healthy")
    parser.add_argument("--broken", type=int, default=1000, help="with Redis paused, and again with it cut off")
    given = parser.parse_args(arguments)
    shutil.rmtree(_DATA, ignore_errors=True)
    with ExitStack() as stack:
        front = free_block()
        names = [instance.name for instance in topology(Ports(front), _DATA, DEFAULT_SCALE).instances]
        wiring = Wiring(wires_of(Ports(front), names), REPOSITORY)
        stack.callback(wiring.close)
        mesh = Mesh(_DATA, front, command=WiredCommand(wiring.wires))
        stack.callback(mesh.erase)
        mesh.up()
        asyncio.run(sign_up_admin(client.front(mesh)))
        found = asyncio.run(_measure(mesh, wiring, given.tries, given.broken))
    figures = {}
    for name, late in found.items():
        p50, worst = 1000 * statistics.median(late), 1000 * max(late)
        figures[name] = {"tries": len(late), "p50_ms": round(p50, 2), "max_ms": round(worst, 2)}
        print(f"Redis {name:8} {len(late):5} tries   p50 {p50:7.2f} ms   max {worst:8.2f} ms")
    print(json.dumps(figures))
    return int(any(max(late) > _BOUNDS[name] for name, late in found.items()))


if __name__ == "__main__":
    sys.exit(main())
