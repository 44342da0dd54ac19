"""`make faults`: people use a mesh while it is being broken; then the checker decides whether it kept its promises.

    python -m tests.faults.run --seconds 600 --nemesis kill,pause --seed 7
    python -m tests.faults.run --turns 5

A fail-over of Redis has a mesh of its own, whose Redis is a pair under Sentinel: there are no wires to those, since
Sentinel names them by their own addresses. Both runs are judged alike, and one table shows what they come to.

The histories are kept under build/faults/. Exit codes: 0 all promises kept, 1 one was broken, or no recovery in time.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import Ports, free_block
from deploy.local.programs import Command, service_command
from deploy.local.topology import topology
from tests.conftest import ADMIN, keep_logs, sign_up_admin
from tests.contract.redis_servers import UnderSentinel, running
from tests.e2e import client
from tests.e2e.client import sign_in
from tests.faults.checker import judge, report
from tests.faults.clocks import Clocks
from tests.faults.history import Recorder
from tests.faults.nemesis import Gear, Nemesis, NotRecovered
from tests.faults.plans import FAILOVER, KINDS, STEP, WIRED, Plan
from tests.faults.results import merged, summary, table
from tests.faults.sentinel import sentinel_command
from tests.faults.violation import Violation
from tests.faults.wires import WiredCommand, Wiring, wires_of
from tests.faults.workload import Unsettled, Workload

NOTHING = Gear()
FULL = {"auth": 2, "messaging": 2, "presence": 2, "files": 1, "edge": 3}
_CALM = 1.0
"""Seconds between the end of one fault and the next, at most."""
_ALL = (*KINDS, FAILOVER)
_FAILING_OVER = 0.12
"""The part of a whole run that is for Redis failing over: about 12 s each, as often as the other kinds of fault."""

_A_TURN = 600.0
"""Seconds that a turn of all faults may take: far more than it does, also on a busy machine."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to run."""

    seconds: float
    kinds: Sequence[str] = KINDS
    seed: int = 1
    rate: float = 60.0
    turns: int = 0
    """Every fault so many times to every role, and then an end, within the seconds; 0: as many as the seconds allow."""
    plans: Sequence[Plan] = ()
    """Faults by name, in this order, in place of random ones."""
    rest: float = 60.0
    """Within how many seconds every socket must have caught up once nothing is broken any more."""


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    result: dict[str, Any]
    violations: Sequence[Violation]
    report: Sequence[str]
    trouble: list[str] = field(default_factory=list)
    """What kept the run from its end."""

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations and not self.trouble


async def run(mesh: Mesh, order: Order, history: Path, say: Say, gear: Gear = NOTHING) -> Outcome:
    """Use and break a running mesh for so long, then judge."""
    recorder, trouble = Recorder(history), list[str]()
    edges = [client.edge(mesh.ports, instance.ordinal) for instance in mesh.topology.of("edge")]
    front = client.front(mesh)
    began = time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), connector=connector) as http:
        admin = await sign_in(http, front, ADMIN["username"], ADMIN["password"])
        workload = Workload(
            recorder, http, edges, front, admin, seed=order.seed, rate=order.rate, name=f"f{order.seed}x"
        )
        await workload.prepare()
        workload.start()
        try:
            await _break(Nemesis(mesh, recorder, gear), workload, order, say)
        except (NotRecovered, Unfinished) as error:
            trouble.append(str(error))
        say("all that is under way is finished, and everything is read once more")
        await workload.stop()
        try:
            await workload.settle(order.rest)
        except Unsettled as error:
            trouble.append(str(error))
    timeline, violations = judge(recorder.close())
    result = summary(timeline, violations, order.seed, time.monotonic() - began)
    return Outcome({**result, "trouble": trouble}, violations, list(report(timeline, violations)), trouble)


class Unfinished(Exception):
    """The time was over before all turns were done."""


async def _break(nemesis: Nemesis, workload: Workload, order: Order, say: Say) -> None:
    chance = random.Random(order.seed)
    end = time.monotonic() + order.seconds
    plans = iter(order.plans) if order.plans else nemesis.plans(order.kinds, chance, order.turns)
    await asyncio.sleep(_CALM)
    while time.monotonic() < end and (plan := next(plans, None)) is not None:
        workload.check()
        say(plan.says)
        fault = await nemesis.inject(plan)
        say(f"{plan.says}: over after {fault.until - fault.at:.1f} s")
        await asyncio.sleep(chance.uniform(0.1, 1.0) * _CALM)
    workload.check()
    if order.turns:
        if next(plans, None) is not None:
            raise Unfinished(f"{order.turns} turns were not done in {order.seconds:g} s")
    elif not order.plans:
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        workload.check()


def main() -> int:
    """See the module."""
    order = _order()
    folder = REPOSITORY / "build" / "faults" / f"seed-{order.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)

    outcomes = [_on_a_mesh(part, folder / name, say) for name, part in _parts(order)]
    result = merged([outcome.result for outcome in outcomes])
    print()
    for outcome in outcomes:
        print(*outcome.report, *outcome.trouble, sep="\n")
    print(*table(result), sep="\n")
    print(f"the histories are in {folder}")
    print(json.dumps(result), flush=True)
    return 0 if all(outcome.kept for outcome in outcomes) else 1


def _parts(order: Order) -> list[tuple[str, Order]]:
    """The order as one for each mesh that it needs, named."""
    others = tuple(kind for kind in order.kinds if kind != FAILOVER)
    if FAILOVER not in order.kinds:
        return [("faults", order)]
    if not others:
        return [(FAILOVER, order)]
    # Turns end by themselves: the seconds are their bound, and not shared out.
    most, rest = (1.0, 1.0) if order.turns else (1 - _FAILING_OVER, _FAILING_OVER)
    return [
        ("faults", replace(order, kinds=others, seconds=order.seconds * most)),
        (FAILOVER, replace(order, kinds=(FAILOVER,), seconds=order.seconds * rest)),
    ]


def _on_a_mesh(order: Order, folder: Path, say: Say) -> Outcome:
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        command: Command = service_command
        wiring = sentinel = clocks = None
        if FAILOVER in order.kinds:
            sentinel = stack.enter_context(running(UnderSentinel))
            command = sentinel_command(sentinel)
        front = free_block()  # after the sentinel took its own
        if not set(order.kinds).isdisjoint(WIRED):
            ports = Ports(front)
            names = [instance.name for instance in topology(ports, folder, FULL).instances]
            wiring = Wiring(wires_of(ports, names), REPOSITORY)
            stack.callback(wiring.close)
            command = WiredCommand(wiring.wires)
        if STEP in order.kinds:
            clocks = Clocks(folder / "clocks")
            command = clocks.command(command)
        mesh = Mesh(folder / "mesh", front, scale=FULL, command=command)
        stack.callback(mesh.erase)
        stack.callback(keep_logs, mesh, folder / "logs")
        mesh.up(say)
        asyncio.run(sign_up_admin(client.front(mesh)))
        return asyncio.run(run(mesh, order, folder / "history.jsonl", say, Gear(wiring, sentinel, clocks)))


def _order() -> Order:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description=__doc__)
    parser.add_argument("--seconds", type=float, help="for how long to break things (default 120), or to try the turns")
    parser.add_argument("--turns", type=int, default=0, help="end when each fault was done to each role so many times")
    parser.add_argument("--nemesis", default="", help=f"some of {','.join(_ALL)} (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed breaks the same things (default: random)")
    parser.add_argument("--rate", type=float, default=60, help="writes a second that are tried (default 60)")
    given = parser.parse_args()
    kinds = tuple(filter(None, given.nemesis.split(","))) or _ALL
    if unknown := [kind for kind in kinds if kind not in _ALL]:
        parser.error(f"there is no fault {unknown[0]!r}: choose some of {', '.join(_ALL)}")
    seconds = given.seconds or (_A_TURN * given.turns if given.turns else 120)
    return Order(seconds, kinds, given.seed or random.randrange(1, 1_000_000), given.rate, given.turns)


if __name__ == "__main__":
    sys.exit(main())
