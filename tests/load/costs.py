"""What a post, a page and a delivery cost in CPU, process by process, and what an idle mesh costs.

  .venv/bin/python -m tests.load.costs                                     a mesh of its own, one minute
  .venv/bin/python -m tests.load.costs --data data --admin ada:Secret-1    a mesh that runs
  .venv/bin/python -m tests.load.costs --units post --count 4000           one hot path alone

CPU seconds over a fixed number of requests, less what the mesh takes by itself in the same time: that holds on a
machine that is busy with other things, where rates and latencies do not. Rounds take turns; the table has medians.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.cli.steps import steps
from deploy.local.mesh import Mesh
from deploy.local.trouble import Trouble
from tests.load import pairs
from tests.load.bench import own_mesh
from tests.load.crowd import Crew
from tests.load.generator import Generator
from tests.load.processes import Processes, spent

UNITS = ("post", "read", "delivery")
"""In the order in which a round measures them. Each delivery bears its share of its post's price: one socket's."""

_LONGEST = 120.0  # seconds for the requests of one measurement
_POSTS_FANNED_OUT = 5  # one in so many of `count`: each is delivered to every socket
_WARM_UP = 300  # requests of each kind before the first round
_PHASES = {"post": "post", "read": "read", "delivery": "fanout"}


class Meter:
    """One mesh whose costs are measured. Close it."""

    def __init__(self, mesh: Mesh, crew: Crew) -> None:
        self._processes = Processes(mesh, apart=True)
        self._generator = Generator(mesh.front_url, crew)
        self.idle: dict[str, float] = {}
        """CPU seconds a second of each process, with sockets open and nothing said."""
        self.memory: dict[str, int] = {}
        """Bytes of each process (PSS), with sockets open."""
        self.rounds: dict[str, list[dict[str, float]]] = defaultdict(list)
        """Microseconds for one unit of each process, by unit, a round each."""

        self.faults: list[str] = []
        """Rounds in which something was refused or lost: what they cost is not the price of the work."""

    def prepare(self, units: Sequence[str], rest: float) -> None:
        """People, channels, sockets, warm-up; then watch the mesh do nothing for so many seconds."""
        self._generator.ask("setup", 0)
        if "delivery" in units:
            self._generator.ask("connect", 0)
        for unit in units:
            self._generator.ask(_PHASES[unit], _LONGEST, _WARM_UP if unit != "delivery" else _WARM_UP // 10)
        before, began = self._processes.cpu(), time.monotonic()
        time.sleep(rest)
        took = time.monotonic() - began
        self.idle = {name: cpu / took for name, cpu in spent(before, self._processes.cpu()).items()}
        self.memory = self._processes.memory()

    def measure(self, unit: str, count: int) -> None:
        """Add a round of so many requests."""
        before, began = self._processes.cpu(), time.monotonic()
        figures = self._generator.ask(
            _PHASES[unit], _LONGEST, count if unit != "delivery" else count // _POSTS_FANNED_OUT
        )
        cpu = spent(before, self._processes.cpu())
        lost = figures.get("expected", figures["done"]) - figures["done"]
        if lost or figures.get("failures") or figures.get("closed"):
            self.faults.append(
                f"{unit}: {lost} deliveries missing, {figures.get('closed', 0)} sockets closed, "
                f"failed requests: {figures.get('failures')}"
            )
        costs = pairs.per_unit(cpu, figures["done"], self.idle, time.monotonic() - began)
        self.rounds[unit].append(costs)

    def close(self) -> None:
        """End the load."""
        self._generator.close()


def run(meters: Mapping[str, Meter], arguments: argparse.Namespace, progress: Callable[[str], None]) -> None:
    """Prepare every side, then let them take turns."""
    for name, meter in meters.items():
        progress(f"people, channels, sockets, rest {name}".rstrip())
        meter.prepare(arguments.units, arguments.rest)
    for turn in range(arguments.rounds):
        for unit in arguments.units:
            for name, meter in meters.items():
                progress(f"round {turn + 1} of {arguments.rounds}: {unit} {name}".rstrip())
                meter.measure(unit, arguments.count)


def as_json(meter: Meter) -> dict[str, Any]:
    """Everything: microseconds a unit (medians, and the rounds' totals), idle in per cent of a core, memory in MiB."""
    return {
        "cpu_us": {unit: pairs.medians(rounds) for unit, rounds in meter.rounds.items()},
        "rounds_us": {unit: [pairs.total(costs) for costs in rounds] for unit, rounds in meter.rounds.items()},
        "idle_percent": {name: 100 * share for name, share in meter.idle.items()},
        "faults": meter.faults,
        "pss_mib": {name: size / 2**20 for name, size in meter.memory.items()},
    }


def table(figures: Mapping[str, Any]) -> Table:
    """For a terminal: a line for each process."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("")
    units = figures["cpu_us"]
    for unit in units:
        drawn.add_column(f"{unit}\nµs", justify="right")
    drawn.add_column("idle, %\nof a core", justify="right")
    drawn.add_column("PSS\nMiB", justify="right")
    columns = [*units.values(), figures["idle_percent"], figures["pss_mib"]]
    for name in [*figures["idle_percent"], "all"]:
        values = [sum(column.values()) if name == "all" else column.get(name, 0.0) for column in columns]
        drawn.add_row(name, *(f"{value:,.2f}" for value in values))
    return drawn


def parser(prog: str, about: str | None) -> argparse.ArgumentParser:
    """The arguments of everything that measures costs."""
    made = argparse.ArgumentParser(prog=prog, description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--units", nargs="+", choices=UNITS, default=list(UNITS), help="(default: all)")
    made.add_argument("--count", type=int, default=2000, metavar="N", help="requests a measurement (default 2000)")
    made.add_argument("--rounds", type=int, default=5, metavar="N", help="(default 5)")
    made.add_argument("--rest", type=float, default=8, metavar="S", help="seconds of an idle mesh (default 8)")
    made.add_argument("--workers", type=int, default=32, metavar="N", help="requests under way at once (default 32)")
    made.add_argument("--sockets", type=int, default=200, metavar="N", help="(default 200)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; the last line is one JSON object."""
    asked = parser("python -m tests.load.costs", __doc__)
    asked.add_argument("--data", type=Path, metavar="PATH", help="of a mesh that runs (default: one of its own)")
    asked.add_argument("--admin", default="", metavar="LOGIN:PASSWORD", help="of a mesh that has users")
    arguments = asked.parse_args(argv)
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(steps())
            mesh = Mesh(arguments.data) if arguments.data else stack.enter_context(own_mesh(progress))
            if not mesh.is_running():
                raise Trouble(f"no mesh runs in {arguments.data}.")
            meter = Meter(mesh, Crew(workers=arguments.workers, sockets=arguments.sockets, admin=arguments.admin))
            stack.callback(meter.close)
            run({"": meter}, arguments, progress)
            figures = as_json(meter)
    except Trouble as trouble:
        print(f"costs: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("costs: interrupted", file=sys.stderr)
        return 130
    Console().print(table(figures))
    for fault in figures["faults"]:
        print(f"note: {fault}")
    print(json.dumps(figures))
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
