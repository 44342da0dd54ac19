"""What a mesh costs that nobody uses: CPU, wake-ups and memory of each process while sockets are open, nothing is said.

python -m tests.load.idle --sockets 1000 --seconds 60
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import free_block
from tests.load.crowd import gather
from tests.load.listeners import Tally, open_sockets
from tests.load.processes import Processes, spent

_DATA = REPOSITORY / "build" / f"idle-{os.getpid()}"  # two may run beside each other
_PEOPLE = 200
_SETTLE = 20.0  # seconds after the last socket was opened
_FIRST = 50  # sockets that are open when memory is first looked at: what only the first ones take is no socket's price


@dataclass(frozen=True, slots=True)
class Budget:
    """What a process may take."""

    percent: float
    """Of a core."""
    mib: float


BUDGETS: Mapping[str, Budget] = {
    "envoy": Budget(0.42, 126),
    "edge-1": Budget(0.20, 80),
    "edge-2": Budget(0.20, 80),
    "messaging-1": Budget(0.19, 72),
    "messaging-2": Budget(0.19, 72),
    "auth-1": Budget(0.22, 68),
    "presence-1": Budget(0.19, 64),
    "files-1": Budget(0.10, 64),
    "postgres-primary": Budget(0.13, 150),
    "postgres-replica": Budget(0.05, 45),
    "redis": Budget(0.08, 10),
    "supervisor": Budget(0.03, 18),
}
"""For a mesh of `make up` with 1,000 sockets: 2 % of a core and 850 MiB in all, of the 1 GiB that it may take."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What was measured."""

    percent: Mapping[str, float]
    """Of a core, by process."""
    wakeups: Mapping[str, float]
    """A second, by process."""
    mib: Mapping[str, float]
    """PSS, by process."""
    kib_a_socket: Mapping[str, float]
    """PSS of the edges and of Envoy for one more socket."""


async def _measure(mesh: Mesh, sockets: int, duration: float) -> Idle:
    crowd = await gather(mesh.front_url, min(sockets, _PEOPLE), 5, "")
    tally = Tally()
    processes = Processes(mesh, apart=True)
    first = min(_FIRST, sockets // 2)
    await open_sockets(mesh.front_url, crowd, first, tally)
    few = processes.memory()
    await open_sockets(mesh.front_url, crowd, sockets - first, tally)
    await asyncio.sleep(_SETTLE)
    cpu, wakeups, began = processes.cpu(), processes.wakeups(), time.monotonic()
    await asyncio.sleep(duration)
    passed = time.monotonic() - began
    took, slept = spent(cpu, processes.cpu()), spent(wakeups, processes.wakeups())
    memory = processes.memory()
    if tally.closed:
        raise SystemExit(f"{tally.closed} of {sockets} sockets were closed")
    more = {name: (memory[name] - few[name]) / 1024 / (sockets - first) for name in memory}
    return Idle(
        {name: 100 * seconds / passed for name, seconds in took.items()},
        {name: count / passed for name, count in slept.items()},
        {name: size / 2**20 for name, size in memory.items()},
        {"edge": sum(size for name, size in more.items() if name.startswith("edge-")), "envoy": more["envoy"]},
    )


def table(idle: Idle) -> Table:
    """For a terminal: a line for each process, what it took beside what it may."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("")
    for heading in ("wake-ups\na second", "CPU, %\nof a core", "budget", "PSS\nMiB", "budget"):
        drawn.add_column(heading, justify="right")
    for name, budget in BUDGETS.items():
        drawn.add_row(
            name,
            f"{idle.wakeups[name]:.1f}",
            f"{idle.percent[name]:.2f}",
            f"{budget.percent:.2f}",
            f"{idle.mib[name]:.0f}",
            f"{budget.mib:.0f}",
        )
    may = BUDGETS.values()
    drawn.add_row(
        "all",
        f"{sum(idle.wakeups.values()):.1f}",
        f"{sum(idle.percent.values()):.2f}",
        f"{sum(budget.percent for budget in may):.2f}",
        f"{sum(idle.mib.values()):.0f}",
        f"{sum(budget.mib for budget in may):.0f}",
    )
    return drawn


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 1 when all together take more than they may."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.idle", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args(arguments)
    mesh = Mesh(_DATA, free_block())
    try:
        mesh.up()
        idle = asyncio.run(_measure(mesh, given.sockets, given.seconds))
    finally:
        mesh.erase()
    Console().print(table(idle))
    each = idle.kib_a_socket
    print(f"one more socket: {each['edge']:.1f} KiB in its edge, {each['envoy']:.1f} KiB in Envoy")
    percent, mib = sum(idle.percent.values()), sum(idle.mib.values())
    print(
        json.dumps(
            {
                "sockets": given.sockets,
                "percent": round(percent, 2),
                "mib": round(mib),
                "kib_a_socket": {name: round(size, 1) for name, size in each.items()},
                "by_process": {
                    name: {
                        "percent": round(idle.percent[name], 3),
                        "wakeups": round(idle.wakeups[name], 1),
                        "mib": round(idle.mib[name], 1),
                    }
                    for name in BUDGETS
                },
            }
        )
    )
    may = BUDGETS.values()
    return int(percent > sum(b.percent for b in may) or mib > sum(b.mib for b in may))


if __name__ == "__main__":
    sys.exit(main())
