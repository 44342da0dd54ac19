"""TCP proxies between the parts of a mesh, each of which can be cut, held and slowed down on command.

They run in a process of their own (`python -m tests.faults.wires PORT:TARGET …`), which reads its orders line by line:
`PORT pass`, `PORT cut`, `PORT hold`, `PORT mute`, `PORT deafen`, `PORT delay SECONDS`. A held wire swallows nothing:
what was sent arrives when it passes again. A mute one holds what the instance says, a deafened one what it is told.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from deploy.local import secrets
from deploy.local.paths import Layout
from deploy.local.ports import Ports
from deploy.local.programs import service_command
from deploy.local.topology import Instance

_FIRST = 79
"""Behind the last port that the three edges of such a mesh use."""
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Wire:
    """From an instance to a store, or to Envoy."""

    instance: str
    store: str
    """redis, postgres, or envoy: the way to the other services."""
    port: int
    target: int

    @property
    def name(self) -> str:
        """For the history."""
        return f"{self.instance}→{self.store}"


def wires_of(ports: Ports, instances: Sequence[str]) -> list[Wire]:
    """A wire from each instance to what it uses: edges call services, messaging calls auth."""
    stores = {"redis": ports.redis, "postgres": ports.postgres_primary, "envoy": ports.mesh}
    used = {
        "auth": ("redis", "postgres"),
        "messaging": ("redis", "postgres", "envoy"),
        "presence": ("redis", "postgres"),
        "edge": ("redis", "envoy"),
    }
    pairs = [(name, store) for name in instances for store in used.get(name.rpartition("-")[0], ())]
    return [
        Wire(instance, store, ports.front + _FIRST + place, stores[store])
        for place, (instance, store) in enumerate(pairs)
    ]


class WiredCommand:
    """The command line of an instance that reaches its stores over wires."""

    def __init__(self, wires: Sequence[Wire]) -> None:
        self._ports = {(wire.instance, wire.store): wire.port for wire in wires}

    def __call__(self, instance: Instance, layout: Layout) -> Sequence[str]:
        """See deploy.local.programs.Command."""
        environment = []
        redis = self._ports.get((instance.name, "redis"))
        if redis is not None:
            environment.append(f"MM_REDISSETTINGS_REDISADDRESS=127.0.0.1:{redis}")
        postgres = self._ports.get((instance.name, "postgres"))
        if postgres is not None:
            password = secrets.load(layout.secrets).chorus
            environment.append(f"MM_SQLSETTINGS_DATASOURCE=postgres://chorus:{password}@127.0.0.1:{postgres}/chorus")
        envoy = self._ports.get((instance.name, "envoy"))
        if envoy is not None:
            environment.append(f"MM_CHORUSSETTINGS_MESHADDRESS=127.0.0.1:{envoy}")
        return ["/usr/bin/env", *environment, *service_command(instance, layout)]


class Wiring:
    """The process with the proxies, as the one who orders it about sees it."""

    def __init__(self, wires: Sequence[Wire], root: Path) -> None:
        """Start it; `root` is the repository."""
        arguments = [f"{wire.port}:{wire.target}" for wire in wires]
        self.wires = wires
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.wires", *arguments],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def order(self, wire: Wire, what: str) -> None:
        """Have a wire pass, cut, hold, mute, deafen, or delay by so many seconds."""
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(f"{wire.port} {what}\n")
        pipe.flush()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True)
class _Proxy:
    port: int
    target: int
    delay: float = 0.0
    cut: bool = False
    out: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether what the instance says gets through."""
    back: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self) -> None:
        self.out.set()
        self.back.set()
        await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=_CHUNK)

    def obey(self, what: str, seconds: float) -> None:
        self.cut, self.delay = what == "cut", seconds
        for gate, stopped_by in ((self.out, ("hold", "mute")), (self.back, ("hold", "deafen"))):
            if what in stopped_by:
                gate.clear()
            else:
                gate.set()
        if self.cut:
            for writer in [*self.writers]:
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=_CHUNK)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer, self.out), self._pump(far_reader, writer, self.back))
        self.writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await gate.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        writer.close()


async def _main(arguments: Sequence[str], orders: IO[str]) -> None:
    proxies: dict[str, _Proxy] = {}
    for argument in arguments:
        port, target = argument.split(":")
        proxies[port] = _Proxy(int(port), int(target))
        await proxies[port].serve()
    print("ready", flush=True)
    while line := await asyncio.to_thread(orders.readline):
        port, what, *seconds = line.split()
        proxies[port].obey(what, float(seconds[0]) if seconds else 0.0)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:], sys.stdin))
