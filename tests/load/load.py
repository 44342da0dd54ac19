"""The load, in a process of its own: reads a phase a line from standard input, answers one JSON object a line.

    {"phase": "post", "seconds": 6, "most": 9000}   →   {"done": 11520, "seconds": 6.01, "p50_ms": 15.9, …}

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
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import uvloop

from tests.load import connection
from tests.load.connection import Connection, Refused
from tests.load.crowd import Crowd, endless, gather
from tests.load.latency import distribution, due
from tests.load.listeners import MARK, Listener, Tally, open_sockets
from tests.load.report import quantile_ms

PAGE = 60
"""Posts on a page that is read."""

_TEXT = "the quick brown fox jumps over the lazy dog and tells it on every node of the mesh "
_IDLE_PAUSE = 0.025  # seconds between two posts through an idle mesh
_LATEST_DELIVERY = 20.0  # seconds after the last post

_EARLY = 0.002  # seconds before a request is due: the loop's own timer is a millisecond late at times

Act = Callable[[int, int, float], Awaitable[int]]
"""What a worker (its number, its how-manieth time, when that was due) does; the HTTP status it got, 0 for none, or
below that for a wrong body."""


class Load:
    """One server under load."""

    def __init__(self, url: str, people: int, channels: int, workers: int, sockets: int, admin: str) -> None:
        self._url = url
        self._people = people
        self._channels = channels
        self._workers = workers
        self._sockets = sockets
        self._admin = admin
        self._crowd = Crowd((), ())
        self._tally = Tally()
        self._listeners: Sequence[Listener] = ()
        self._run = secrets.token_hex(4)
        self._posted = 0
        self.most: int | None = None
        """Requests after which a phase ends, before its time is up; None for no such end."""

    async def setup(self, _: float) -> dict[str, Any]:
        """People, a team, channels; so many posts in each channel that its page is full."""
        began = time.perf_counter()
        self._crowd = await gather(self._url, self._people, self._channels, self._admin)
        lines = await self._lines(self._workers)
        queue = iter([number % self._channels for number in range((PAGE + 4) * self._channels)])
        act = self._posting(lines, self._crowd.channels)

        async def fill(worker: int) -> None:
            for channel in queue:
                status = await act(worker, channel - worker, time.perf_counter())
                if status != 201:
                    raise Refused(f"POST /api/v4/posts answered {status}")

        await asyncio.gather(*(fill(worker) for worker in range(self._workers)))
        _close(lines)
        return {"seconds": time.perf_counter() - began}

    async def ping(self, seconds: float) -> dict[str, Any]:
        """Nothing but HTTP: a request that no service has to work for."""
        message = connection.request("GET", "/api/v4/system/ping")

        async def act(worker: int, _: int, __: float) -> int:
            return (await lines[worker].send(message)).status

        lines = await self._lines(self._workers)
        return await self._loop(lines, seconds, act, 200)

    async def idle(self, seconds: float) -> dict[str, Any]:
        """One post after another through a mesh that does nothing else."""
        lines = await self._lines(1)
        act = self._posting(lines, self._crowd.channels)
        return await self._loop(lines, seconds, act, 201, rate=1 / _IDLE_PAUSE)

    async def post(self, seconds: float) -> dict[str, Any]:
        """As many posts as go, to all channels."""
        lines = await self._lines(self._workers)
        return await self._loop(lines, seconds, self._posting(lines, self._crowd.channels), 201)

    async def read(self, seconds: float) -> dict[str, Any]:
        """As many newest pages as go, of all channels."""
        lines = await self._lines(self._workers)
        return await self._loop(lines, seconds, self._reading(lines), 200)

    async def beside(self, seconds: float, rate: float = 20) -> dict[str, Any]:
        """As many newest pages as go, while so many posts a second are written into them."""
        readers, writers = await self._lines(self._workers), await self._lines(int(rate))
        reads, posts = await asyncio.gather(
            self._loop(readers, seconds, self._reading(readers), 200),
            self._loop(writers, seconds, self._posting(writers, self._crowd.channels), 201, rate=rate),
        )
        failures = Counter(reads["failures"]) + Counter(posts["failures"])
        return {**reads, "failures": dict(failures), "posts": posts["done"], "post_p99_ms": posts["p99_ms"]}

    async def connect(self, _: float) -> dict[str, Any]:
        """Open the sockets that the next phases deliver to."""
        began = time.perf_counter()
        self._listeners = await open_sockets(self._url, self._crowd, self._sockets, self._tally)
        return {"done": len(self._listeners), "seconds": time.perf_counter() - began}

    async def paced(self, seconds: float, rate: float = 20) -> dict[str, Any]:
        """Twenty posts a second, to all channels and sockets: how long a delivery takes."""
        lines = await self._lines(min(self._workers, int(rate)))
        act = self._posting(lines, self._crowd.channels)
        return await self._delivered(self._loop(lines, seconds, act, 201, rate=rate))

    async def fanout(self, seconds: float) -> dict[str, Any]:
        """As many posts as go, to one channel and all sockets: how many deliveries go."""
        lines = await self._lines(self._workers)
        act = self._posting(lines, self._crowd.channels[:1])
        return await self._delivered(self._loop(lines, seconds, act, 201))

    async def _lines(self, count: int) -> list[Connection]:
        return [await connection.connect(self._url) for _ in range(count)]

    def _posting(self, lines: Sequence[Connection], channels: Sequence[str]) -> Act:
        people = endless(self._crowd, len(lines))
        mark = MARK.decode()

        async def act(worker: int, turn: int, planned: float) -> int:
            person = people[worker]
            channel = channels[(worker + turn) % len(channels)]
            self._posted += 1
            body = (
                f'{{"channel_id":"{channel}","message":"{_TEXT}{mark}{planned:.6f} of {self._run}",'
                f'"pending_post_id":"{person.id}:{self._run}{self._posted}"}}'
            )
            return (
                await lines[worker].send(connection.request("POST", "/api/v4/posts", person.token, body.encode()))
            ).status

        return act

    def _reading(self, lines: Sequence[Connection]) -> Act:
        messages = [
            [
                connection.request("GET", f"/api/v4/channels/{channel}/posts?page=0&per_page={PAGE}", person.token)
                for channel in self._crowd.channels
            ]
            for person in endless(self._crowd, len(lines))
        ]

        async def act(worker: int, _: int, __: float) -> int:
            answer = await lines[worker].send(random.choice(messages[worker]))
            return answer.status if answer.body.count(b'"create_at"') >= PAGE else -answer.status

        return act

    async def _loop(
        self, lines: Sequence[Connection], seconds: float, act: Act, wanted: int, rate: float = 0
    ) -> dict[str, Any]:
        """Every line acts again and again, at once when its last answer came, or all together at `rate` a second.

        With a rate, latencies and delays count from when a request was due (see latency.due).
        """
        latencies = array("d")
        failures: Counter[str] = Counter()
        began = time.perf_counter()
        ends = began + seconds
        left = self.most

        async def worker(number: int) -> None:
            nonlocal left
            times = due(began, rate, number, len(lines), ends) if rate else _at_once(ends)
            for turn, planned in enumerate(times):
                if left is not None:
                    if left <= 0:
                        return
                    left -= 1
                await _until(planned)
                try:
                    status = await act(number, turn, planned)
                except (OSError, TimeoutError) as error:
                    failures[type(error).__name__] += 1
                    return
                latencies.append(time.perf_counter() - planned)
                if status != wanted:
                    failures[str(status) if status >= 0 else f"{-status}, wrong body"] += 1

        await asyncio.gather(*(worker(number) for number in range(len(lines))))
        took = time.perf_counter() - began
        _close(lines)
        if not latencies:
            raise Refused(f"nothing was answered: {dict(failures)}")
        done = len(latencies) - sum(count for name, count in failures.items() if name[0].isdigit())
        return {"done": done, "seconds": took, **_quantiles(latencies), "failures": dict(failures)}

    async def _delivered(self, loop: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        """The phase, and what the sockets got of it until the last delivery came."""
        tally = self._tally
        tally.clear()
        began = time.perf_counter()
        figures = await loop
        expected = figures["done"] * len(self._listeners)
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
            **_quantiles(tally.delays),
            "frame_bytes": tally.bytes // max(1, tally.deliveries),
            "misnumbered": tally.misnumbered,
            "closed": tally.closed,
        }


PHASES: Mapping[str, Callable[[Load, float], Awaitable[dict[str, Any]]]] = {
    "setup": Load.setup,
    "ping": Load.ping,
    "idle": Load.idle,
    "post": Load.post,
    "read": Load.read,
    "beside": Load.beside,
    "connect": Load.connect,
    "paced": Load.paced,
    "fanout": Load.fanout,
}


def _quantiles(seconds: "array[float]") -> dict[str, Any]:
    ordered = sorted(seconds)
    return {
        "p50_ms": quantile_ms(ordered, 0.5),
        "p99_ms": quantile_ms(ordered, 0.99),
        "distribution": distribution(ordered),
    }


def _at_once(ends: float) -> Iterator[float]:
    while (now := time.perf_counter()) < ends:
        yield now


async def _until(planned: float) -> None:
    """Wait for a time, to some ten microseconds: the last stretch turn by turn, in which answers are read as ever."""
    wait = planned - time.perf_counter()
    if wait > _EARLY:
        await asyncio.sleep(wait - _EARLY)
    # Not an event: nothing but the clock sets it.
    while time.perf_counter() < planned:  # noqa: ASYNC110
        await asyncio.sleep(0)


def _close(lines: Sequence[Connection]) -> None:
    for line in lines:
        line.close()


async def serve(load: Load) -> None:
    """Run the phases that are asked for until there are no more, or one fails: its answer is {"error": …}."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        load.most = asked.get("most")
        gc.collect()
        began = time.process_time()
        try:
            figures = await PHASES[asked["phase"]](load, asked["seconds"])
        except (Refused, OSError, TimeoutError) as error:
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
            return
        figures["generator_cpu"] = time.process_time() - began
        print(json.dumps(figures), flush=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="tests.load.load", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--url", required=True, help="http://HOST:PORT of a server of the Mattermost API")
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--channels", type=int, default=10)
    parser.add_argument("--workers", type=int, default=32, help="requests under way at once")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--admin", default="", help="login:password, on a server that has users")
    asked = parser.parse_args()
    load = Load(asked.url, asked.people, asked.channels, asked.workers, asked.sockets, asked.admin)
    uvloop.run(serve(load))


if __name__ == "__main__":
    main()
