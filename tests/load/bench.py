"""`make bench`: what a mesh carries on this machine, beside what the machine can at most, and what is aimed at."""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from deploy.cli.steps import steps
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import free_block
from deploy.local.trouble import Trouble
from tests.conftest import ADMIN, sign_up_admin
from tests.e2e import client
from tests.load import measures, plots, stage
from tests.load.crowd import Crew
from tests.load.generator import Generator
from tests.load.parts import boot, deliveries, edges, growth, held, peers, people, rates, still
from tests.load.phases import COLUMNS, cpu_by_column
from tests.load.stage import FULL, QUICK, Peer, Plan, Progress, Sheet, Stage

_ABOUT = """\
What a mesh carries on this machine, beside what the machine can at most, measured in the same run.

  make bench QUICK=1                              meshes of its own, four minutes
  make bench OUT=docs/bench                       everything, a quarter of an hour; with plots
  .venv/bin/python -m tests.load.bench --help     this

  another server of the Mattermost API:
  .venv/bin/python -m tests.load.bench --url http://127.0.0.1:8065 --admin ada:Correct-horse-9

The meshes of its own live in build/bench, on free ports, and are removed at the end. Everything goes through Envoy,
mTLS between the services and fsync on, with the load beside it on the same cores. What is measured, and how:
docs/performance.md.
"""

_MORE = """\
Compare ratios, not rates: machines differ. The last line is one JSON object: each figure with its target.
Exit code 1: something was refused, lost or misnumbered; see the faults. A missed target is none.
"""

_DATA = REPOSITORY / "build" / "bench"
_LOOK = 2.0  # seconds
_BUSY = 0.15
"""Share of all cores: an idle mesh takes a few hundredths."""
_PARTS: Sequence[Callable[[Stage], None]] = (
    still.nothing,
    rates.warm_up,
    rates.posts_and_pages,
    rates.by_batch,
    deliveries.deliveries,
    boot.load_clients,
    growth.by_posts,
    growth.by_members,
    edges.one_and_two,
    peers.beside,
    people.busy_day,
    people.reconnect_storm,  # the last one: Envoy sends the killed edge nothing for half a minute
)
_LAST = held.on_one_edge.__name__
"""Has a mesh of its own."""
_COSTS = {"post": "post", "read": "page", "beside": "page beside posts", "fanout few": "delivery to few"}
_COSTS |= {"fanout many": "delivery to many"}


@contextmanager
def own_mesh(progress: Progress, scale: Mapping[str, int] | None = None) -> Iterator[Mesh]:
    """A mesh that is there for the block alone."""
    if Mesh(_DATA).is_running():
        raise Trouble(
            f"another bench runs, or one was killed: .venv/bin/chorus down --data {_DATA.relative_to(REPOSITORY)}"
        )
    mesh = Mesh(_DATA, free_block(), scale=scale)
    mesh.erase()
    try:
        mesh.up(progress)
        yield mesh
    finally:
        mesh.erase()


@contextmanager
def _own_stage(
    plan: Plan, sheet: Sheet, progress: Progress, arguments: argparse.Namespace, *, one_edge: bool = False
) -> Iterator[Stage]:
    """A mesh of its own with a first user, and the load on it."""
    with own_mesh(progress, held.SCALE if one_edge else None) as mesh, ExitStack() as stack:
        asyncio.run(sign_up_admin(client.front(mesh)))
        crew = _crew(arguments, f"{ADMIN['username']}:{ADMIN['password']}")
        if one_edge:
            crew = replace(crew, people=held.people(plan), channels=held.CHANNELS)
        generator = Generator(mesh.front_url, crew)
        stack.callback(generator.close)
        yield Stage(generator, mesh, plan, sheet, progress, _peer(arguments))


def run(arguments: argparse.Namespace, progress: Progress) -> Sheet:
    """Every part, in order; what was found."""
    plan, sheet = QUICK if arguments.quick else FULL, Sheet()
    wanted = arguments.parts
    if arguments.url:
        generator = Generator(arguments.url, _crew(arguments, arguments.admin))
        try:
            _run_parts(Stage(generator, None, plan, sheet, progress), wanted)
        finally:
            generator.close()
        return sheet
    if wanted != [_LAST]:
        with _own_stage(plan, sheet, progress, arguments) as here:
            _run_parts(here, wanted)
    if plan.sockets and (not wanted or _LAST in wanted):
        with _own_stage(plan, sheet, progress, arguments, one_edge=True) as here:
            rates.warm_up(here)
            held.on_one_edge(here)
    return sheet


def _peer(arguments: argparse.Namespace) -> Peer | None:
    if arguments.peer:
        return Peer("peer", arguments.peer, arguments.peer_admin)
    return None if arguments.quick and not arguments.parts else Peer("Synapse")


def _run_parts(here: Stage, wanted: Sequence[str]) -> None:
    for part in _PARTS:
        if not wanted or part is rates.warm_up or part.__name__ in wanted:
            part(here)


def _crew(arguments: argparse.Namespace, admin: str) -> Crew:
    return Crew(people=arguments.people, channels=arguments.channels, workers=arguments.workers, admin=admin)


def costs(sheet: Sheet) -> Table:
    """Microseconds of CPU for one unit, by the processes' groups, for a terminal."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("CPU of one, µs")
    for name in (*COLUMNS, "rest", "all"):
        drawn.add_column(name, justify="right")
    for phase, words in _COSTS.items():
        each = [cpu_by_column(one) for one in sheet.phases.get(phase, ())]
        if not each or not each[0]:
            continue
        middle = sorted(each, key=lambda cpu: sum(cpu.values()))[len(each) // 2]
        drawn.add_row(words, *(f"{cpu:,.1f}" for cpu in (*middle.values(), sum(middle.values()))))
    return drawn


def _print(sheet: Sheet, facts: Mapping[str, Any]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print()
    console.print(measures.table(sheet.found))
    spent = costs(sheet)
    if spent.row_count:
        console.print()
        console.print(spent)
    console.print()
    for words, lines in (("fault", sheet.faults), ("note", sheet.notes)):
        for line in lines:
            console.print(f"{words}: {line}", highlight=False, soft_wrap=True)
    print(json.dumps({**facts, "measures": measures.as_json(sheet.found), "faults": sheet.faults}))


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit code."""
    arguments = _parser().parse_args(argv)
    began, busy = time.monotonic(), psutil.cpu_percent(_LOOK) / 100
    try:
        with steps() as progress:
            sheet = run(arguments, progress)
    except Trouble as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    if busy > _BUSY:
        sheet.notes.append(f"{busy:.0%} of the machine was busy before this began: it can more than this says")
    stage.note_busy_load(sheet)
    facts = {
        "cores": os.cpu_count(),
        "python": f"{platform.python_version()} ({Path(sys.executable).resolve()})",
        "busy_before": busy,
        "quick": arguments.quick,
        "seconds": round(time.monotonic() - began, 1),
    }
    _print(sheet, facts)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        figures = {**facts, "measures": measures.as_json(sheet.found), **stage.as_json(sheet)}
        (arguments.out / "bench.json").write_text(json.dumps(figures, indent=1) + "\n")
        plots.draw(figures, arguments.out)
    return 1 if sheet.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description=_ABOUT, epilog=_MORE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [part.__name__ for part in _PARTS if part is not rates.warm_up] + [_LAST]
    parser.add_argument("--quick", action="store_true", help="short phases, and fewer of everything")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write all figures, and plots, there")
    parser.add_argument("--parts", nargs="+", choices=names, metavar="PART", help=f"some of: {', '.join(names)}")
    parser.add_argument("--url", default="", metavar="URL", help="a running server, instead of meshes of its own")
    parser.add_argument("--admin", default="", metavar="LOGIN:PASSWORD", help="of a running server that has users")
    parser.add_argument("--peer", default="", metavar="URL", help="a server of the Mattermost API, measured too")
    parser.add_argument("--peer-admin", default="", metavar="LOGIN:PASSWORD", help="of a peer that has users")
    parser.add_argument("--people", type=int, default=40, metavar="N", help="(default 40)")
    parser.add_argument("--channels", type=int, default=10, metavar="N", help="(default 10)")
    parser.add_argument("--workers", type=int, default=32, metavar="N", help="requests under way at once (default 32)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
