"""A busy workplace, as a phase of the load: mostly idle sockets, many readers, few writers, all at their own rates.

Every kind of action has its rate and its due times, so that none waits for another (see latency.due): a stall of the
server is charged with all that people meant to do meanwhile.
"""

import asyncio
import json
import random
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from picows import WSError

from tests.load import connection
from tests.load.acting import acting, quantiles, until
from tests.load.latency import due
from tests.load.listeners import open_socket

if TYPE_CHECKING:
    from tests.load.load import Load

READS = 6.5
"""Pages read for each post."""
SWITCHES = 1.5
"""Channels gone to for each post: the channel is viewed, its page and one's membership are read."""
TYPINGS = 2.0
"""Notices of typing for each post."""
RETURNS = 0.2
"""Sockets that end and come again for each post."""
_LINES = 24  # of each kind of request: as many may be late at once


async def workday(load: "Load", seconds: float, rate: float = 10) -> dict[str, Any]:
    """So many posts a second into the rooms, and everything else in proportion; needs rooms and open sockets."""
    load.tally.clear()
    readers, writers, visitors = [await load.lines(_LINES) for _ in range(3)]
    posting = load.posting(writers, load.places)

    async def switch(worker: int, _: int, __: float) -> int:
        room = random.choice(load.places)
        person = random.choice(room.people)
        here = f"/api/v4/channels/{room.channel}"
        view = json.dumps({"channel_id": room.channel}).encode()
        for message in (
            connection.request("POST", "/api/v4/channels/members/me/view", person.token, view),
            connection.request("GET", f"{here}/posts?page=0&per_page=60", person.token),
            connection.request("GET", f"{here}/members/me", person.token),
        ):
            status = (await visitors[worker].send(message)).status
            if status != 200:
                return status
        return 200

    reads, posts, switches, typings, returns = await asyncio.gather(
        acting(readers, seconds, load.reading(readers), 200, rate=READS * rate),
        acting(writers, seconds, posting, 201, rate=rate),
        acting(visitors, seconds, switch, 200, rate=SWITCHES * rate),
        _at_rate(lambda: _type(load), TYPINGS * rate, seconds),
        _at_rate(lambda: _come_again(load), RETURNS * rate, seconds),
    )
    kinds = {"page": reads, "post": posts, "switch": switches, "return": returns}
    failures = sum((Counter(kind["failures"]) for kind in (*kinds.values(), typings)), Counter[str]())
    return {
        "done": posts["done"],
        "seconds": posts["seconds"],
        "failures": dict(failures),
        "closed": load.tally.closed,
        "misnumbered": load.tally.misnumbered,
        "sockets": len(load.listeners),
        "deliveries": load.tally.deliveries,
        **{
            name: {key: kind[key] for key in ("done", "p50_ms", "p99_ms", "distribution")}
            for name, kind in kinds.items()
        },
        "delivery": quantiles(load.tally.delays),
    }


async def _at_rate(act: Callable[[], Awaitable[None]], rate: float, seconds: float) -> dict[str, Any]:
    """Do it at its rate, each time beside those that are not done yet."""
    began = time.perf_counter()
    latencies = array("d")
    failures: Counter[str] = Counter()

    async def once(planned: float) -> None:
        try:
            await act()
        except (OSError, TimeoutError, WSError) as error:
            failures[type(error).__name__] += 1
        else:
            latencies.append(time.perf_counter() - planned)

    async with asyncio.TaskGroup() as group:
        for planned in due(began, rate, 0, 1, began + seconds):
            await until(planned)
            group.create_task(once(planned))
    return {"done": len(latencies), **quantiles(latencies), "failures": dict(failures)}


async def _type(load: "Load") -> None:
    listener = random.choice(load.listeners)
    room = random.choice([room for room in load.places if listener.person in room.people])
    listener.say("user_typing", {"channel_id": room.channel, "parent_id": ""})


async def _come_again(load: "Load") -> None:
    place = random.choice([number for number, listener in enumerate(load.listeners) if listener.is_open])
    before = load.listeners[place]
    before.leave()
    load.listeners[place] = await open_socket(load.url, before.person, load.tally, before)
