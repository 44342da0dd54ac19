"""What the mesh's processes cost: CPU seconds and memory, each counted with its children."""

from collections import defaultdict
from collections.abc import Mapping

import psutil

from deploy.local.mesh import Mesh

GROUPS = ("edge", "messaging", "auth", "presence", "files", "envoy", "postgres", "replica", "redis")
"""What processes are counted as: instances of a service together, and PostgreSQL's primary as `postgres`."""


class Processes:
    """The processes of a running mesh, by group."""

    def __init__(self, mesh: Mesh, *, apart: bool = False) -> None:
        """`apart`: each process by its own name, and no groups."""
        self._pids: dict[str, list[int]] = defaultdict(list)
        for process in mesh.status().processes:
            self._pids[process.name if apart else group(process.name)].append(process.pid)

    def cpu(self) -> dict[str, float]:
        """CPU seconds since each group's processes began."""
        return {name: sum(map(_cpu, pids)) for name, pids in self._pids.items()}

    def memory(self) -> dict[str, int]:
        """Bytes of each group: what is shared counts by its share (PSS)."""
        return {name: sum(map(_memory, pids)) for name, pids in self._pids.items()}


def group(name: str) -> str:
    """The group of a process of the mesh, as in edge for edge-1."""
    if name.startswith("postgres-"):
        return "postgres" if name == "postgres-primary" else "replica"
    return name.rpartition("-")[0] or name


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """CPU seconds between two looks."""
    return {name: after[name] - before.get(name, 0.0) for name in after}


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu(pid: int) -> float:
    total = 0.0
    for process in _tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        # A child that ended since the last look is in its parent's sum of ended children.
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory(pid: int) -> int:
    total = 0
    for process in _tree(pid):
        try:
            total += int(process.memory_full_info().pss)
        except psutil.NoSuchProcess:
            continue
    return total
