"""What a change costs or saves: the mesh of another revision beside this tree's, rounds taking turns.

  make bench-compare BASE=main~5
  .venv/bin/python -m tests.load.compare main~5 --units post --rounds 7

Both sides run at once and are measured in turn, by this tree's load, in CPU a unit (see tests.load.costs): what the
machine does besides hits both. A figure moved when every pair of rounds says so and the change is 3 % or more.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.cli.steps import steps
from deploy.local.mesh import Mesh
from deploy.local.paths import REPOSITORY
from deploy.local.ports import free_block
from deploy.local.trouble import Trouble
from tests.load import pairs
from tests.load.bench import own_mesh
from tests.load.costs import Meter, parser, run
from tests.load.crowd import Crew

_TREES = REPOSITORY / "build" / "compare"


def _said(command: Sequence[str | Path], about: str) -> str:
    done = subprocess.run([str(word) for word in command], cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"{about}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout.strip()


def checked_out(revision: str, progress: Callable[[str], None]) -> Path:
    """The tree of a revision, with its own virtual environment; one that was there before is used again."""
    commit = _said(["git", "rev-parse", "--verify", f"{revision}^{{commit}}"], f"no revision {revision!r}")
    tree = _TREES / commit[:12]
    progress(f"tree and packages of {commit[:12]}")
    if not tree.is_dir():
        tree.mkdir(parents=True)
        archive = _TREES / f"{commit[:12]}.tar"
        _said(["git", "archive", "-o", archive, commit], f"archive of {revision}")
        _said(["tar", "-xf", archive, "-C", tree], f"archive of {revision}")
        archive.unlink()
    # Not venv alone: the target that compiles the contracts is one of its own. And our Python: it is half of the cost.
    python = f"PYTHON={Path(sys.executable).resolve()}"
    _said(["make", "-C", tree, python, "venv", "protos"], f"packages of {revision}")
    return tree


@contextmanager
def _mesh_of(tree: Path, progress: Callable[[str], None]) -> Iterator[Mesh]:
    """The mesh of another tree, started by that tree's own command."""
    data = tree / "data"
    mesh = Mesh(data, free_block())
    mesh.erase()
    try:
        progress(f"mesh of {tree.name}")
        _said([tree / ".venv" / "bin" / "chorus", "up", "--data", data, "--port", str(mesh.ports.front)], "chorus up")
        yield Mesh(data)
    finally:
        mesh.erase()


def changes(before: Meter, after: Meter) -> dict[str, dict[str, pairs.Change]]:
    """What came of each unit, by process and for `all` together; processes that one side lacks are in `all` alone."""
    found: dict[str, dict[str, pairs.Change]] = {}
    for unit, early in before.rounds.items():
        late = after.rounds[unit]
        series = {"all": ([pairs.total(costs) for costs in early], [pairs.total(costs) for costs in late])}
        for name in early[0]:
            if all(name in costs for costs in [*early, *late]):
                series[name] = ([costs[name] for costs in early], [costs[name] for costs in late])
        compared = {name: pairs.compare(*both) for name, both in series.items()}
        found[unit] = {name: change for name, change in compared.items() if change is not None}
    return found


def table(found: Mapping[str, Mapping[str, pairs.Change]], names: tuple[str, str]) -> Table:
    """For a terminal: what moved stands out."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "", f"{names[0]}\nµs", f"{names[1]}\nµs", "change", ""):
        drawn.add_column(title, justify="right" if "\n" in title or title == "change" else "left")
    for unit, compared in found.items():
        for name, change in compared.items():
            verdict = "" if not change.moved else "cheaper" if change.ratio < 1 else "dearer"
            cells = (unit, name, f"{change.before:,.1f}", f"{change.after:,.1f}", f"{change.ratio - 1:+.1%}", verdict)
            drawn.add_row(*cells, style="bold" if change.moved else "dim")
    return drawn


def _as_json(found: Mapping[str, Mapping[str, pairs.Change]]) -> dict[str, Any]:
    return {
        unit: {
            name: {"before_us": one.before, "after_us": one.after, "ratio": one.ratio, "moved": one.moved}
            for name, one in compared.items()
        }
        for unit, compared in found.items()
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Compare and print; the last line is one JSON object."""
    asked = parser("python -m tests.load.compare", __doc__)
    asked.add_argument("base", metavar="REVISION", help="what this tree is compared with")
    arguments = asked.parse_args(argv)
    crew = Crew(workers=arguments.workers, sockets=arguments.sockets)
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(steps())
            tree = checked_out(arguments.base, progress)
            sides = {arguments.base: stack.enter_context(_mesh_of(tree, progress))}
            sides["here"] = stack.enter_context(own_mesh(progress))
            meters = {name: Meter(mesh, crew) for name, mesh in sides.items()}
            for meter in meters.values():
                stack.callback(meter.close)
            run(meters, arguments, progress)
    except Trouble as trouble:
        print(f"compare: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("compare: interrupted", file=sys.stderr)
        return 130
    before, after = meters.values()
    found = changes(before, after)
    Console().print(table(found, (arguments.base, "here")))
    for name, meter in meters.items():
        for fault in meter.faults:
            print(f"note: {name}: {fault}")
    print(json.dumps({"base": arguments.base, "changes": _as_json(found)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
