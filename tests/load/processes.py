"""What the mesh's processes cost: CPU seconds, wake-ups and memory, each counted with its children."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from deploy.local.mesh import Mesh

GROUPS = ("edge", "messaging", "auth", "presence", "files", "envoy", "postgres", "replica", "redis")
"""What processes are counted as: instances of a service together, and PostgreSQL's primary as `postgres`."""

SUPERVISOR = "supervisor"
_SLEPT = "voluntary_ctxt_switches:"


class Processes:
    """The processes of a running mesh, by group."""

    def __init__(self, mesh: Mesh, *, apart: bool = False) -> None:
        """`apart`: each process by its own name, the supervisor too, and no groups."""
        self._trees: dict[str, list[int]] = defaultdict(list)
        self._alone: dict[str, list[int]] = {}
        processes = mesh.status().processes
        for process in processes:
            self._trees[process.name if apart else group(process.name)].append(process.pid)
        if apart:
            # Its children are the mesh.
            self._alone[SUPERVISOR] = [psutil.Process(processes[0].pid).ppid()]

    def cpu(self) -> dict[str, float]:
        """CPU seconds since each group's processes began."""
        trees = {name: sum(_cpu(pid, ended=True) for pid in pids) for name, pids in self._members().items()}
        return trees | {name: sum(_cpu(pid, ended=False) for pid in pids) for name, pids in self._alone.items()}

    def wakeups(self) -> dict[str, int]:
        """How often a thread of each group slept and was woken, since its processes began."""
        return {name: sum(map(_wakeups, pids)) for name, pids in (self._members() | self._alone).items()}

    def memory(self) -> dict[str, int]:
        """Bytes of each group: what is shared counts by its share (PSS)."""
        return {name: sum(map(_memory, pids)) for name, pids in (self._members() | self._alone).items()}

    def _members(self) -> dict[str, list[int]]:
        """The groups' processes with their children of now."""
        children = _children()
        return {name: [one for pid in pids for one in _tree(pid, children)] for name, pids in self._trees.items()}


def group(name: str) -> str:
    """The group of a process of the mesh, as in edge for edge-1."""
    if name.startswith("postgres-"):
        return "postgres" if name == "postgres-primary" else "replica"
    return name.rpartition("-")[0] or name


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds, or wake-ups, between two looks."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def _children() -> Mapping[int, Sequence[int]]:
    """The children of every process, in one look: one for each of the mesh's would take seconds on a busy machine."""
    found = defaultdict(list)
    for process in psutil.process_iter(["ppid"]):
        found[process.info["ppid"]].append(process.pid)
    return found


def _tree(pid: int, children: Mapping[int, Sequence[int]]) -> list[int]:
    return [pid, *(one for child in children.get(pid, ()) for one in _tree(child, children))]


def _cpu(pid: int, *, ended: bool) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # A child that ended since the last look is in its parent's sum of ended children.
    return times.user + times.system + (times.children_user + times.children_system if ended else 0.0)


def _wakeups(pid: int) -> int:
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:  # the thread has ended
            continue
        total += sum(int(line.removeprefix(_SLEPT)) for line in lines if line.startswith(_SLEPT))
    return total


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
