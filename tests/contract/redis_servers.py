"""Redis as operators run it, on this machine: one server, a master under Sentinel, a Cluster. All can be hurt."""

import ctypes
import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import redis as blocking
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.local.ports import free_block
from deploy.local.redis import executable
from services.chassis.config import Settings, load

PASSWORD: Final = "of-redis"
SENTINEL_PASSWORD: Final = "of-the-sentinels"
MASTER_NAME: Final = "chorus"
_PR_SET_PDEATHSIG: Final = 1
_SLOTS: Final = 16_384


class Server:
    """One redis-server process."""

    def __init__(self, folder: Path, port: int, lines: Sequence[str], *, sentinel: bool = False) -> None:
        """Write its configuration and start it."""
        self.port, self.sentinel = port, sentinel
        self._folder = folder / str(port)
        self._folder.mkdir()
        self._config = self._folder / "redis.conf"
        self._config.write_text("\n".join((f"port {port}", "bind 127.0.0.1", f"dir {self._folder}", *lines, "")))
        self._command = [executable(), str(self._config), *(["--sentinel"] if sentinel else [])]
        self._password = SENTINEL_PASSWORD if sentinel else PASSWORD
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Run it, and end it should pytest itself be killed."""
        libc = ctypes.CDLL(None)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
            )

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop it without ending it: it keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def heal(self) -> None:
        """Let it run, whatever was done to it."""
        if self._process is None:
            self.start()
        else:
            self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str | bytes | int) -> Any:
        """Ask it; None when it does not answer."""
        client: Any = blocking.Redis(
            port=self.port,
            password=self._password,
            socket_timeout=1,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return client.execute_command(*command)
        except (blocking.RedisError, OSError):
            return None
        finally:
            client.close()

    @property
    def log(self) -> str:
        """The end of what it said."""
        return (self._folder / "log").read_text(errors="replace")[-1500:]


class Ground:
    """A folder and ports, and all servers that were started there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: list[Server] = []
        self._ports = count(free_block())

    def port(self) -> int:
        """Take a port."""
        return next(self._ports)

    def start(self, lines: Sequence[str], *, port: int = 0, sentinel: bool = False) -> Server:
        """Start a server."""
        server = Server(self.folder, port or self.port(), lines, sentinel=sentinel)
        self.servers.append(server)
        return server


class Servers(Protocol):
    """A Redis of some kind, as a whole."""

    fails_over: bool
    """Whether another server takes the place of a lost master by itself."""

    settings: Mapping[str, Any]
    """RedisSettings that lead to it."""

    everyone: list[Server]

    def master_of(self, key: str) -> Server:
        """Return the server that takes writes of the key now."""
        ...

    def settled(self) -> bool:
        """Tell whether each part has what it was started with: masters, and replicas that follow them."""
        ...


def healed(servers: Servers, seconds: float = 1) -> bool:
    """Let everything run again; tell whether it is soon as it was."""
    for server in servers.everyone:
        server.heal()
    try:
        wait(servers.settled, lambda: "", seconds)
    except AssertionError:
        return False
    return True


def flush(servers: Servers) -> None:
    """Empty every master."""
    for server in servers.everyone:
        server.ask("FLUSHALL")  # a replica refuses


class Single(Servers):
    """One server that keeps nothing on disk."""

    fails_over = False

    def __init__(self, ground: Ground) -> None:
        self.everyone = [ground.start(_plain())]
        wait(self.settled, lambda: self.everyone[0].log)
        self.settings = {"RedisAddress": f"127.0.0.1:{self.everyone[0].port}", "RedisPassword": PASSWORD}

    def master_of(self, key: str) -> Server:
        return self.everyone[0]

    def settled(self) -> bool:
        return self.everyone[0].ask("PING") is not None


class UnderSentinel(Servers):
    """A master and a replica; the first sentinel that clients are told of is not there."""

    fails_over = True

    def __init__(self, ground: Ground) -> None:
        first = ground.start(_plain())
        self._data = [first, ground.start([*_plain(), f"replicaof 127.0.0.1 {first.port}"])]
        wait(self._replicated, lambda: first.log)
        self._sentinel = ground.start(
            [
                f"requirepass {SENTINEL_PASSWORD}",
                f"sentinel monitor {MASTER_NAME} 127.0.0.1 {first.port} 1",
                f"sentinel auth-pass {MASTER_NAME} {PASSWORD}",
                f"sentinel down-after-milliseconds {MASTER_NAME} 500",
                f"sentinel failover-timeout {MASTER_NAME} 2000",
            ],
            sentinel=True,
        )
        self.everyone = [*self._data, self._sentinel]
        wait(self.settled, lambda: self._sentinel.log)
        self.settings = {
            "SentinelAddresses": [f"127.0.0.1:{ground.port()}", f"127.0.0.1:{self._sentinel.port}"],
            "SentinelMasterName": MASTER_NAME,
            "SentinelPassword": SENTINEL_PASSWORD,
            "RedisPassword": PASSWORD,
        }

    def master_of(self, key: str) -> Server:
        """Ask the sentinel."""
        address = self._sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME)
        return next(server for server in self._data if address and server.port == int(address[1]))

    def ready(self) -> bool:
        """Whether the sentinel could promote a replica now."""
        replicas = self._sentinel.ask("SENTINEL", "REPLICAS", MASTER_NAME) or ()
        up = [
            one for one in replicas if "down" not in str(one.get("flags", "")) and one.get("master-link-status") == "ok"
        ]
        return self._replicated() and bool(up)

    def settled(self) -> bool:
        """Not after a fail-over: for ten seconds then, a sentinel takes no notice of an old master that is back."""
        up = self._sentinel.ask("PING") is not None
        return up and self._replicated() and self.master_of("") is self._data[0]

    def _replicated(self) -> bool:
        roles = sorted((server.ask("ROLE") or ["", "", "", ""] for server in self._data), key=lambda role: str(role[0]))
        return [role[0] for role in roles] == ["master", "slave"] and bool(roles[1][3] == "connected")


class Clustered(Servers):
    """Three masters and three replicas."""

    fails_over = True

    def __init__(self, ground: Ground) -> None:
        """Start them with the files that they would have written themselves after being introduced to each other."""
        nodes = [(f"{n:040x}", ground.port(), ground.port()) for n in range(1, 7)]
        self.everyone = []
        for me in range(6):
            known = [
                _known(nodes, n, mine=n == me) for n in sorted(range(6), key=lambda n: n != me)
            ]  # a node comes first in its own file
            (ground.folder / f"nodes-{nodes[me][1]}.conf").write_text(
                "\n".join((*known, "vars currentEpoch 3 lastVoteEpoch 0", ""))
            )
            lines = [
                *_plain(),
                "cluster-enabled yes",
                f"cluster-port {nodes[me][2]}",
                f"cluster-config-file {ground.folder}/nodes-{nodes[me][1]}.conf",
                "cluster-node-timeout 500",
                "cluster-replica-validity-factor 0",
            ]
            self.everyone.append(ground.start(lines, port=nodes[me][1]))
        self.settings = {
            "ClusterAddresses": [f"127.0.0.1:{server.port}" for server in self.everyone[:2]],
            "RedisPassword": PASSWORD,
        }
        wait(self.settled, lambda: "\n".join(server.log for server in self.everyone))

    def master_of(self, key: str) -> Server:
        """Ask all for the slot's owner; one that answers is enough."""
        for server in self.everyone:
            slot = server.ask("CLUSTER", "KEYSLOT", key)
            for first, last, (_, port, *_), *_ in server.ask("CLUSTER", "SLOTS") or ():
                if slot is not None and first <= slot <= last:
                    return next(server for server in self.everyone if server.port == port)
        raise AssertionError("no node of the cluster answers")

    def settled(self) -> bool:
        for server in self.everyone:
            info = server.ask("CLUSTER", "INFO")
            state = info if isinstance(info, dict) else dict(line.split(":", 1) for line in (info or "").split())
            if state.get("cluster_state") != "ok" or int(state.get("cluster_slots_ok", 0)) != _SLOTS:
                return False
        roles = [server.ask("ROLE") or [""] for server in self.everyone]
        masters = [role for role in roles if role[0] == "master"]
        following = [role for role in roles if role[0] == "slave" and role[3] == "connected"]
        return len(masters) == 3 and len(following) == 3


S = TypeVar("S", bound=Servers)
Kind = Callable[[Ground], Servers]
"""What makes one somewhere."""


@contextmanager
def running(kind: Callable[[Ground], S]) -> Iterator[S]:
    """Run one for as long as the block, and leave nothing."""
    ground = Ground(Path(tempfile.mkdtemp(prefix="chorus-redis-")))
    try:
        yield kind(ground)
    finally:
        for server in ground.servers:
            server.kill()
        shutil.rmtree(ground.folder, ignore_errors=True)


class Park:
    """One of each kind, shared by tests; what a test leaves broken is replaced for the next."""

    def __init__(self) -> None:
        self._running: dict[Kind, tuple[Servers, ExitStack]] = {}

    @contextmanager
    def lent(self, kind: Kind) -> Iterator[Servers]:
        """Lend an empty one."""
        if kind not in self._running:
            stack = ExitStack()
            self._running[kind] = stack.enter_context(running(kind)), stack
        servers, stack = self._running[kind]
        flush(servers)
        try:
            yield servers
        finally:
            if not healed(servers):
                del self._running[kind]
                stack.close()

    def close(self) -> None:
        """Stop all."""
        for _, stack in self._running.values():
            stack.close()


def settings_of(servers: Servers, folder: Path) -> Settings:
    """Return settings that lead there, read from a file as any service reads them."""
    path = folder / "redis.json"
    path.write_text(json.dumps({"RedisSettings": dict(servers.settings)}))
    return load(path, {}).settings


def wait(condition: Callable[[], bool], why: Callable[[], str], seconds: float = 20) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(why())
        time.sleep(0.02)


def _plain() -> list[str]:
    return [
        f"requirepass {PASSWORD}",
        f"masterauth {PASSWORD}",
        'save ""',
        "appendonly no",
        "repl-diskless-sync-delay 0",
        "repl-timeout 5",
    ]


def _known(nodes: Sequence[tuple[str, int, int]], n: int, *, mine: bool) -> str:
    name, port, cluster_port = nodes[n]
    flags = ("myself," if mine else "") + ("master" if n < 3 else "slave")
    of = "-" if n < 3 else nodes[n - 3][0]
    slots = f" {_SLOTS * n // 3}-{_SLOTS * (n + 1) // 3 - 1}" if n < 3 else ""
    return f"{name} 127.0.0.1:{port}@{cluster_port} {flags} {of} 0 0 {n % 3 + 1} connected{slots}"
