"""What a mesh left behind that ended without being asked to: processes, and PostgreSQL's lock files."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.local.paths import Layout
from deploy.local.postgres import Postgres
from deploy.local.supervisor import MARK

_PATIENCE = 20  # seconds


def end_processes(layout: Layout, *, at_once: bool = False) -> int:
    """End the mesh's processes that outlived their supervisor, which must not be running; how many there were.

    `at_once` saves nothing of what they hold.
    """
    # SIGINT is PostgreSQL's fast shutdown; its SIGTERM would wait for every session to end by itself. SIGQUIT is its
    # end at once, which unlike SIGKILL leaves no shared memory.
    to_postgres, to_others = (signal.SIGQUIT, signal.SIGKILL) if at_once else (signal.SIGINT, signal.SIGTERM)
    orphans = list(_processes(layout))
    for orphan in orphans:
        _signal(orphan, to_postgres if _name(orphan) == "postgres" else to_others)
    _, alive = psutil.wait_procs(orphans, timeout=_PATIENCE)
    for orphan in alive:
        _signal(orphan, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_PATIENCE)
    return len(orphans)


def remove_stale_locks(postgres: Postgres) -> None:
    """Remove postmaster.pid where no server of that cluster runs.

    PostgreSQL does this itself unless the number now belongs to another process, as happens after a reboot.
    """
    for cluster in (postgres.primary, postgres.replica):
        lock = cluster / "postmaster.pid"
        if lock.exists() and not _serves(lock, cluster):
            lock.unlink()


def _serves(lock: Path, cluster: Path) -> bool:
    try:
        process = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
        return str(cluster) in process.cmdline()
    except (ValueError, psutil.Error):
        return False


def _processes(layout: Layout) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(MARK) == str(layout.data) or _works_in(process, layout):
                yield process
        except (psutil.Error, OSError):
            continue


def _works_in(process: psutil.Process, layout: Layout) -> bool:
    # Redis and PostgreSQL write their titles over their environment. But these three live in folders of the mesh's own;
    # anybody else there (a shell, an editor) is none of ours.
    if process.name() not in ("redis-server", "postgres", "envoy"):
        return False
    place = Path(process.cwd())
    return any(place.is_relative_to(folder) for folder in (layout.data, layout.postgres.resolve()))


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return
