"""`make bench`: what a mesh carries on this machine, beside what the machine can at most."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from deploy.cli.steps import steps
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import free_block
from deploy.local.trouble import Trouble
from tests.load import cache, limits, report
from tests.load.generator import Crew, Generator
from tests.load.processes import Processes, spent
from tests.load.report import Limits, Phase

_ABOUT = """\
What a mesh carries on this machine, beside what the machine can at most, measured in the same run.

  make bench QUICK=1                              a mesh of its own, two minutes
  make bench                                      the same, longer phases: figures to quote
  .venv/bin/python -m tests.load.bench --help     this

  another server of the Mattermost API:
  .venv/bin/python -m tests.load.bench --url http://127.0.0.1:8065 --admin ada:Correct-horse-9

The mesh of its own lives in build/bench, on free ports, and is removed at the end. Everything goes through Envoy, mTLS
between the services and fsync on, with the load beside it on the same cores.

  ping     bare requests that no service works for      idle     one post at a time, nothing else going on
  post     as many posts as go, 32 at a time            read     as many pages of 60 posts as go
  paced    20 posts/s to 200 sockets: the delay         fanout   as many deliveries to 200 sockets as go
  beside   read, with 20 posts/s into the pages read

Where posts go at a rate (idle, beside, paced), latencies and delays count from when a post was due, not from when the
load came to it: a stall is charged with everything that should have been sent meanwhile.
"""

_MORE = """\
Columns: "of it" is the rate as a share of the machine's limit, or a latency as a multiple of it; "µs" is CPU that each
group of processes spent for one post, page or delivery. Compare ratios, not rates: machines differ.
The last line is one JSON object with all of it. Exit code 1: something was refused, lost or misnumbered; see the notes.
"""

_DATA = REPOSITORY / "build" / "bench"
_ORDER = ("ping", "idle", "post", "read", "beside", "connect", "paced", "fanout")
_LOOK = 2.0  # seconds
_WARM_UP = ("ping", "post", "read")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long everything takes, in seconds."""

    phase: float
    warm_up: float
    limit: float


_QUICK = Plan(phase=6, warm_up=2, limit=2)
_FULL = Plan(phase=20, warm_up=5, limit=5)


class Bench:
    """One run against one server; `mesh` when its processes are ours to look at."""

    def __init__(self, generator: Generator, mesh: Mesh | None, plan: Plan, sockets: int) -> None:
        self._generator = generator
        self._mesh = mesh
        self._plan = plan
        self._sockets = sockets
        self._processes = Processes(mesh) if mesh else None
        self.phases: dict[str, Phase] = {}
        self.memory: dict[str, float] = {}
        """KiB a socket, by group."""

    def run(self, progress: Callable[[str], None]) -> None:
        """Every phase, in order."""
        progress("people, channels, a page of posts in each")
        self._generator.ask("setup", 0)
        progress("warm-up")
        for name in _WARM_UP:
            self._generator.ask(name, self._plan.warm_up)
        for name in _ORDER:
            progress(name)
            before = self._memory()
            self.phases[name] = self._measured(name)
            if name == "connect":
                after = self._memory()
                opened = self.phases[name].figures["done"]
                self.memory = {
                    group: (after[group] - before[group]) / 1024 / opened for group in ("edge", "envoy") if after
                }

    def limits(self, progress: Callable[[str], None]) -> Limits:
        """What the machine can, now that the mesh is idle: of two rounds the better, since a limit is the most."""
        rounds = []
        for turn in ("first", "second"):
            rows = commit = entries = None
            if self._mesh:
                progress(f"the machine, {turn} round: rows")
                rows, commit = limits.rows_per_second(self._mesh, self._plan.limit)
                progress(f"the machine, {turn} round: entries")
                entries = limits.entries_per_second(self._mesh, self._plan.limit)
            progress(f"the machine, {turn} round: sends")
            frame = self.phases["fanout"].figures["frame_bytes"]
            sends = limits.sends_per_second(self._sockets, frame, self._plan.limit)
            rounds.append(Limits(rows, commit, entries, sends))
        return report.better(*rounds)

    def _measured(self, name: str) -> Phase:
        before = self._processes.cpu() if self._processes else {}
        asked = cache.pages(self._mesh) if self._mesh else {}
        figures = self._generator.ask(name, self._plan.phase)
        after = self._processes.cpu() if self._processes else {}
        hits = cache.hit_rate(asked, cache.pages(self._mesh)) if self._mesh else None
        if hits is not None:
            figures["cache_hits"] = hits
        return Phase(figures, spent(before, after))

    def _memory(self) -> Mapping[str, int]:
        return self._processes.memory() if self._processes else {}


@contextmanager
def own_mesh(progress: Callable[[str], None]) -> Iterator[Mesh]:
    """A mesh that is there for the block alone."""
    if Mesh(_DATA).is_running():
        raise Trouble(
            f"another bench runs, or one was killed: .venv/bin/chorus down --data {_DATA.relative_to(REPOSITORY)}"
        )
    mesh = Mesh(_DATA, free_block())
    mesh.erase()
    try:
        mesh.up(progress)
        yield mesh
    finally:
        mesh.erase()


def measure(arguments: argparse.Namespace, url: str, mesh: Mesh | None) -> int:
    """Measure the server, print what came of it; the exit code."""
    plan = _QUICK if arguments.quick else _FULL
    began, busy = time.monotonic(), psutil.cpu_percent(_LOOK)
    generator = Generator(url, Crew(**{name: getattr(arguments, name) for name in Crew.__slots__}))
    try:
        bench = Bench(generator, mesh, plan, arguments.sockets)
        with steps() as progress:
            bench.run(progress)
        generator.close()
        with steps() as progress:
            most = bench.limits(progress)
    finally:
        generator.close()
    facts = {
        "cores": os.cpu_count(),
        "busy_before": busy / 100,
        "quick": arguments.quick,
        "seconds": round(time.monotonic() - began, 1),
    }
    _print(bench, most, facts, arguments.sockets)
    if arguments.json:
        figures = report.as_json(bench.phases, most, bench.memory, facts)
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if any(_is_fault(phase) for phase in bench.phases.values()) else 0


def _is_fault(phase: Phase) -> bool:
    figures = phase.figures
    lost = figures.get("expected", figures["done"]) != figures["done"]
    return bool(lost or figures.get("failures") or figures.get("misnumbered") or figures.get("closed"))


def _print(bench: Bench, most: Limits, facts: Mapping[str, Any], sockets: int) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print()
    console.print(report.table(report.rows(bench.phases, most)))
    console.print()
    if bench.memory:
        each = ", ".join(f"{group} {kib:,.0f} KiB" for group, kib in bench.memory.items())
        console.print(f"memory of a socket, over {sockets}: {each}", highlight=False)
    for remark in report.remarks(bench.phases, most, facts):
        console.print(f"note: {remark}", highlight=False, soft_wrap=True)
    print(json.dumps(report.as_json(bench.phases, most, bench.memory, facts)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.url:
            return measure(arguments, arguments.url, None)
        with steps() as progress, own_mesh(progress) as mesh:
            progress.finish("✓")
            return measure(arguments, mesh.front_url, mesh)
    except Trouble as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description=_ABOUT, epilog=_MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="short phases")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the last line there too, for people to read")
    parser.add_argument("--url", default="", metavar="URL", help="a running server, instead of a mesh of its own")
    parser.add_argument("--admin", default="", metavar="LOGIN:PASSWORD", help="of a running server that has users")
    parser.add_argument("--people", type=int, default=40, metavar="N", help="(default 40)")
    parser.add_argument("--channels", type=int, default=10, metavar="N", help="(default 10)")
    parser.add_argument("--workers", type=int, default=32, metavar="N", help="requests under way at once (default 32)")
    parser.add_argument("--sockets", type=int, default=200, metavar="N", help="(default 200)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
