"""A reconnect storm, as a phase of the load: an edge is killed from outside, and all its sockets are back at once.

Meanwhile others go on reading and posting at a rate, each request charged from when it was due.
"""

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from picows import WSError

from tests.load.acting import acting
from tests.load.listeners import Listener, open_socket

if TYPE_CHECKING:
    from tests.load.load import Load

_AGAIN = 0.25  # seconds after an attempt that failed
_READS, _POSTS = 40.0, 10.0  # a second
_LINES = 20


async def storm(load: "Load", seconds: float) -> dict[str, Any]:
    """Read and post for so long; whatever socket the server ends comes again at once, until it lives.

    `lost` is how many that were, `live_s` how long after the first of them ended the last one lived again.
    """
    first, last = 0.0, 0.0
    refused: Counter[str] = Counter()
    coming: set[asyncio.Task[None]] = set()

    async def come_again(place: int, before: Listener) -> None:
        nonlocal last
        while True:
            try:
                load.listeners[place] = await open_socket(load.url, before.person, load.tally, before)
                break
            except (OSError, TimeoutError, WSError) as error:
                refused[type(error).__name__] += 1
                await asyncio.sleep(_AGAIN)
        last = time.perf_counter()

    def ended(listener: Listener) -> None:
        nonlocal first
        first = first or time.perf_counter()
        place = places.pop(id(listener), None)
        if place is not None:
            coming.add(asyncio.create_task(come_again(place, listener)))

    places = {id(listener): place for place, listener in enumerate(load.listeners)}
    load.tally.on_closed = ended
    readers, writers = await load.lines(_LINES), await load.lines(_LINES)
    reads, posts = await asyncio.gather(
        acting(readers, seconds, load.reading(readers), 200, rate=_READS),
        acting(writers, seconds, load.posting(writers), 201, rate=_POSTS),
    )
    await asyncio.gather(*coming)
    load.tally.on_closed = None
    load.tally.closed = 0  # they were meant to be
    return {
        "done": reads["done"] + posts["done"],
        "seconds": reads["seconds"],
        "lost": len(coming),
        "live_s": last - first if coming else None,
        "attempts_refused": dict(refused),
        "slowest_ms": max(kind["distribution"][-1][1] for kind in (reads, posts)),
        "page_p99_ms": reads["p99_ms"],
        "post_p99_ms": posts["p99_ms"],
        "requests_failed": dict(Counter(reads["failures"]) + Counter(posts["failures"])),
    }
