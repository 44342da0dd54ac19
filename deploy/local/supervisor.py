"""The supervisor of a mesh: a supervisord of its own, steered over its Unix socket."""

import contextlib
import os
import resource
import shlex
import signal
import stat
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.paths import Layout
from deploy.local.programs import Program
from deploy.local.secrets import write_private
from deploy.local.trouble import Trouble

MARK = "CHORUS_MESH"
"""The environment variable that all processes of a mesh carry: the path of its data folder."""

_ALREADY_STARTED, _NOT_RUNNING = 60, 70  # supervisor.xmlrpc.Faults
_FILES = 65_536  # an edge's sockets, and Envoy's both sides of each
_LOG_TAIL = 15  # lines
_EXITS = 3  # a process that ended so often while it was waited for will not come up


@dataclass(frozen=True, slots=True)
class Process:
    """How the supervisor sees a program."""

    name: str
    state: str
    """RUNNING, STARTING, STOPPED, BACKOFF, EXITED, FATAL, STOPPING."""
    pid: int
    """0 when it isn't running."""
    started: int
    stopped: int
    """Unix seconds; 0: never."""
    now: int

    @property
    def uptime(self) -> int:
        """Seconds; 0 when it isn't running."""
        return self.now - self.started if self.pid else 0


class Supervisor:
    """supervisord for the programs of one mesh."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is started; see start."""
        self._layout = layout
        self._socket = layout.sockets / "supervisor.sock"

    def log(self, name: str) -> Path:
        """Where a program's output goes."""
        return self._layout.logs / f"{name}.log"

    def is_running(self) -> bool:
        """Whether the supervisor answers."""
        if not self._socket.exists():
            return False
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def write(self, programs: Iterable[Program]) -> None:
        """Write down what is to be run; start or apply makes it so."""
        self._layout.logs.mkdir(mode=0o700, exist_ok=True)
        write_private(self._layout.supervisord, self._configuration(programs))

    def start(self) -> None:
        """Start the supervisor, which starts no program by itself. Raises Trouble when it does not come up."""
        self._make_socket_folder()
        with _taking_turns():
            result = subprocess.run(
                [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._layout.supervisord)],
                cwd="/",
                env={**os.environ, MARK: str(self._layout.data)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        if result.returncode != 0 or not _within(15, self.is_running):
            said = result.stdout.strip().splitlines()[:1] or ["it does not answer"]
            raise Trouble(f"the supervisor did not start ({said[0]}): see {self.log('supervisord')}.")

    def apply(self) -> None:
        """Take over what was written last: removed programs are stopped, changed ones stopped and known anew."""
        ((added, changed, removed),) = self._call("reloadConfig")
        for name in [*removed, *changed]:
            self._call("stopProcessGroup", name)
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)

    def processes(self) -> dict[str, Process]:
        """Every program by its name."""
        return {
            info["name"]: Process(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"],
                started=info["start"],
                stopped=info["stop"],
                now=info["now"],
            )
            for info in self._call("getAllProcessInfo")
        }

    def start_program(self, name: str) -> None:
        """Start a program, if it isn't running, and do not wait for it."""
        self._unless(_ALREADY_STARTED, "startProcess", name, False)

    def stop_programs(self, names: Sequence[str]) -> None:
        """Ask all of them to stop at once, and wait until they have."""
        for name in names:
            self._unless(_NOT_RUNNING, "stopProcess", name, False)
        while any(process.pid for name, process in self.processes().items() if name in names):
            time.sleep(0.05)

    def await_program(self, name: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `ready()`.

        Raises Trouble, with the end of the program's log, when it keeps ending or isn't ready in time.
        """
        ends: set[int] = set()
        deadline = time.monotonic() + seconds
        while not ready():
            process = self.processes()[name]
            if not process.pid and process.stopped:
                ends.add(process.stopped)
            if process.state == "FATAL" or len(ends) >= _EXITS:
                raise Trouble(self._complaint(name, "does not start"))
            if time.monotonic() > deadline:
                raise Trouble(self._complaint(name, f"is not ready after {seconds:.0f} s"))
            time.sleep(0.1)

    def shutdown(self) -> None:
        """Stop the supervisor, and what it still runs, and wait until it is gone."""
        pid = self._call("getPID")
        self._call("shutdown")
        _within(120, lambda: not _exists(pid))

    def kill(self) -> None:
        """End the supervisor alone, if it runs, so that what it ran can be ended without being started again."""
        if self.is_running():
            pid = self._call("getPID")
            os.kill(pid, signal.SIGKILL)
            _within(15, lambda: not _exists(pid))

    def restarts(self) -> dict[str, int]:
        """How often each program ended without being asked to, since the supervisor started."""
        counts: dict[str, int] = {}
        log = self.log("supervisord")
        for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
            if "supervisord started with pid" in line:
                counts.clear()
            elif " exited: " in line:
                name = line.partition(" exited: ")[2].split()[0]
                counts[name] = counts.get(name, 0) + 1
        return counts

    def _unless(self, harmless: int, method: str, *arguments: Any) -> None:
        try:
            self._call(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != harmless:
                raise

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()

    def _complaint(self, name: str, what: str) -> str:
        log = self.log(name)
        lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL:] if log.exists() else []
        return "\n".join([f"{name} {what}; the end of its log, {log}:", *(f"    {line}" for line in lines)])

    def _make_socket_folder(self) -> None:
        folder = self._layout.sockets
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()
        # /tmp is everybody's: a folder that someone else put there in advance could be a trap.
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
            raise Trouble(f"{folder} belongs to someone else or is open to others: remove it and try again.")

    def _configuration(self, programs: Iterable[Program]) -> str:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
        return "\n\n".join(
            [
                _section(
                    "supervisord",
                    logfile=self.log("supervisord"),
                    logfile_maxbytes="10MB",
                    logfile_backups=2,
                    pidfile=self._layout.data / "supervisord.pid",
                    childlogdir=self._layout.logs,
                    identifier=f"chorus-{self._layout.key}",
                    minfds=max(files, soft),
                    # Named, because supervisord warns root who doesn't say that root is meant.
                    **({"user": "root"} if os.geteuid() == 0 else {}),
                ),
                _section("unix_http_server", file=self._socket, chmod="0700"),
                _section(
                    "rpcinterface:supervisor",
                    **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
                ),
                *(self._program(program) for program in programs),
            ]
        )

    def _program(self, program: Program) -> str:
        return _section(
            f"program:{program.name}",
            command=shlex.join(program.command),
            directory=program.directory,
            priority=program.priority,
            # `chorus up` starts them in order; from then on whatever ends is started again, for ever.
            autostart="false",
            autorestart="true",
            startsecs=1,
            startretries=1_000_000,
            stopsignal=program.stop_signal,
            stopwaitsecs=program.stop_seconds,
            redirect_stderr="true",
            # supervisord expands this one twice.
            stdout_logfile=str(self.log(program.name)).replace("%", "%%"),
            stdout_logfile_maxbytes="20MB",
            stdout_logfile_backups=3,
            **({"user": program.user} if program.user else {}),
        )


def _section(name: str, /, **values: object) -> str:
    # supervisord expands %(…)s in values, and a line's rest after " ;" is a comment to it.
    lines = (f"{key} = {str(value).replace('%', '%%')}" for key, value in values.items())
    return "\n".join([f"[{name}]", *lines]) + "\n"


@contextlib.contextmanager
def _taking_turns() -> Iterator[None]:
    """Let no process that is started meanwhile, nor what it starts, be interrupted by the waking of another one.

    Whoever is woken waits, and finds more to do at once: a page takes 9 % less CPU on two cores, and a post 3 % (Linux
    alone has such a policy; docs/adr/0016).
    """
    if not hasattr(os, "SCHED_BATCH"):
        yield
        return
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(OSError):  # a sandbox may forbid it
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, priority)


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
