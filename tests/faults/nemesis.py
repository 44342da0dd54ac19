"""Breaks a mesh, one part after the other, and puts it right again; the same seed breaks the same things."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import redis

from deploy.local import account, health, secrets
from deploy.local.mesh import Mesh
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Supervisor
from tests.contract.redis_servers import UnderSentinel
from tests.faults.clocks import Clocks
from tests.faults.history import Fault, Recorder
from tests.faults.plans import FAILOVER, STEP, WIRED, Plan, plans
from tests.faults.wires import Wire, Wiring

BACK_SECONDS = 90.0
"""Within how long everything must be healthy again after a fault."""


class NotRecovered(Exception):
    """The mesh was not healthy again in time; the text says what was not."""


@dataclass(frozen=True, slots=True)
class Gear:
    """What a mesh was started with in order to be broken; without one of them its kinds of fault are left out."""

    wiring: Wiring | None = None
    sentinel: UnderSentinel | None = None
    """The mesh's Redis, if it is not the mesh's own."""
    clocks: Clocks | None = None


class Nemesis:
    """Injects planned faults; after each one it waits until the mesh is healthy."""

    def __init__(self, mesh: Mesh, recorder: Recorder, gear: Gear) -> None:
        """Break with the gear that the mesh was started with."""
        self._mesh, self._recorder = mesh, recorder
        self._wiring, self._sentinel, self._clocks = gear.wiring, gear.sentinel, gear.clocks
        self._steps = cycle((5.0, -5.0, 1.5, -1.5))
        self._supervisor = Supervisor(mesh.layout)
        self._secrets = secrets.load(mesh.layout.secrets)
        self._postgres = Postgres(account.settle(mesh.layout), mesh.ports, self._secrets)
        self._injections: dict[str, Callable[[Plan], Awaitable[None]]] = {
            "kill": self._kill,
            "crash": self._kill,
            "restart": self._restart,
            "pause": self._pause,
            "flush": self._flush,
            "replay": self._pause_replay,
            "lag": self._lag,
            "roll": self._roll,
            STEP: self._step,
            FAILOVER: self._fail_over,
            **dict.fromkeys(WIRED, self._wire),
        }

    def plans(self, kinds: Sequence[str], chance: random.Random, turns: int) -> Iterator[Plan]:
        """Faults of these kinds for what this mesh consists of; see plans.plans."""
        wires = self._wiring.wires if self._wiring is not None else ()
        instances = [instance.name for instance in self._mesh.topology.instances]
        possible = [kind for kind in kinds if kind != STEP or self._clocks is not None]
        return plans(possible, instances, [wire.name for wire in wires], chance, turns)

    async def inject(self, plan: Plan) -> Fault:
        """Break it, put it right, and wait until all is well. Raises NotRecovered."""
        began = time.monotonic()
        await self._injections[plan.kind](plan)
        undone = time.monotonic()
        await self._healthy()
        back = time.monotonic() if plan.kind in ("kill", "crash", "restart", "roll", FAILOVER) else undone
        fault = Fault(began, back, plan.kind, plan.target, plan.touches_bus)
        self._recorder.add(fault)
        return fault

    async def _kill(self, plan: Plan) -> None:
        pid = await asyncio.to_thread(self._mesh.pid, plan.target)
        os.kill(pid, signal.SIGKILL)
        await self._until(lambda: self._mesh.pid(plan.target) not in (0, pid), f"{plan.target} was not started again")

    async def _pause(self, plan: Plan) -> None:
        pid = await asyncio.to_thread(self._mesh.pid, plan.target)
        os.kill(pid, signal.SIGSTOP)
        # PostgreSQL is a process and its children; the parent stands still already, and makes no new ones.
        stopped = [*_children(pid), pid]
        try:
            for one in stopped:
                os.kill(one, signal.SIGSTOP)
            await asyncio.sleep(plan.seconds)
        finally:
            for one in stopped:
                os.kill(one, signal.SIGCONT)

    async def _restart(self, plan: Plan) -> None:
        await asyncio.to_thread(self._supervisor.stop_programs, [plan.target])
        await asyncio.to_thread(self._supervisor.start_program, plan.target)

    async def _roll(self, plan: Plan) -> None:
        """As a fleet is rolled: one instance of a service after the other, and all services side by side."""
        instances = self._mesh.topology.instances
        for ordinal in sorted({instance.ordinal for instance in instances}):
            wave = [instance.name for instance in instances if instance.ordinal == ordinal]
            await asyncio.to_thread(self._supervisor.stop_programs, wave)
            for name in wave:
                await asyncio.to_thread(self._supervisor.start_program, name)
            await self._healthy()

    async def _flush(self, plan: Plan) -> None:
        def flush() -> None:
            if self._sentinel is not None:
                self._sentinel.master_of("").ask("FLUSHALL")
                return
            client = redis.Redis(host="127.0.0.1", port=self._mesh.ports.redis, password=self._secrets.redis)
            client.flushall()
            client.close()

        await asyncio.to_thread(flush)

    async def _fail_over(self, plan: Plan) -> None:
        """Without a time the master is killed, and comes back, empty, once another is master; else it is paused."""
        assert self._sentinel is not None
        sentinel = self._sentinel
        await self._until(sentinel.ready, "the sentinel has no replica that it could promote")
        lost = await asyncio.to_thread(sentinel.master_of, "")
        if plan.seconds:
            lost.pause()
        else:
            lost.kill()
        try:
            await self._until(lambda: sentinel.master_of("") is not lost, "no other Redis was promoted")
            await asyncio.sleep(plan.seconds)
        finally:
            lost.heal()

    async def _pause_replay(self, plan: Plan) -> None:
        await asyncio.to_thread(self._on_replica, "SELECT pg_wal_replay_pause()")
        await asyncio.sleep(plan.seconds)
        await asyncio.to_thread(self._on_replica, "SELECT pg_wal_replay_resume()")

    async def _lag(self, plan: Plan) -> None:
        delay = int(plan.seconds * 1000)
        await asyncio.to_thread(
            self._on_replica, f"ALTER SYSTEM SET recovery_min_apply_delay = {delay}", "SELECT pg_reload_conf()"
        )
        await asyncio.sleep(min(10.0, 3 * plan.seconds))
        await asyncio.to_thread(
            self._on_replica, "ALTER SYSTEM RESET recovery_min_apply_delay", "SELECT pg_reload_conf()"
        )

    async def _step(self, plan: Plan) -> None:
        """Off by more, or by less, than a channel's time may be ahead of the clock, into the future or the past."""
        assert self._clocks is not None
        self._clocks.step(plan.target, next(self._steps))
        try:
            await asyncio.sleep(plan.seconds)
        finally:
            self._clocks.step(plan.target, 0)

    def _on_replica(self, *statements: str) -> None:
        with self._postgres.connect(self._mesh.ports.postgres_replica) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    async def _wire(self, plan: Plan) -> None:
        assert self._wiring is not None
        wire = self._named(plan.target)
        amount = f" {random.Random(plan.says).choice((0.02, 0.1, 0.4))}" if plan.kind == "delay" else ""
        self._wiring.order(wire, plan.kind + amount)
        await asyncio.sleep(plan.seconds)
        self._wiring.order(wire, "pass")

    def _named(self, name: str) -> Wire:
        assert self._wiring is not None
        return next(wire for wire in self._wiring.wires if wire.name == name)

    async def _healthy(self) -> None:
        wrong: list[str] = []

        def healthy() -> bool:
            status = self._mesh.status()
            wrong[:] = [f"{line.name} {line.why}" for line in status.processes if not line.healthy]
            wrong.extend(f"Envoy sends {name} nothing" for name in health.routed(self._mesh.topology))
            return not wrong

        await self._until(healthy, "not healthy", wrong)

    async def _until(self, true: Callable[[], bool], what: str, details: Sequence[str] = ()) -> None:
        deadline = time.monotonic() + BACK_SECONDS
        while not await asyncio.to_thread(true):
            if time.monotonic() > deadline:
                raise NotRecovered(f"{what} after {BACK_SECONDS:.0f} s: {'; '.join(details)}")
            await asyncio.sleep(0.1)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
