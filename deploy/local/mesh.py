"""A whole mesh on one machine: up, down, scale. What `make up` does, and what tests drive."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local import (
    account,
    authority,
    configuration,
    envoy,
    health,
    leftovers,
    obstacles,
    programs,
    redis,
    secrets,
    state,
)
from deploy.local.paths import Layout
from deploy.local.ports import DEFAULT_FRONT, Ports, room
from deploy.local.postgres import Postgres
from deploy.local.programs import ENVOY, PRIMARY, REDIS, REPLICA, Program
from deploy.local.status import MeshStatus, observe
from deploy.local.supervisor import Supervisor
from deploy.local.topology import DEFAULT_SCALE, SERVICES, Instance, Topology, topology
from deploy.local.trouble import Trouble
from services.chassis.config import ConfigError, Loaded, load

Progress = Callable[[str], None]
"""Told what is being done now, in a few words."""

_SECONDS = 90  # for a part to become ready, on a slow machine


def _silent(_: str) -> None:
    pass


class Mesh:
    """The mesh that lives in a data folder. Making one starts nothing.

    Methods raise Trouble: one sentence for whoever asked.
    """

    def __init__(
        self,
        data: Path,
        port: int | None = None,
        *,
        scale: Mapping[str, int] | None = None,
        command: programs.Command = programs.service_command,
    ) -> None:
        """`port` and `scale`, when not given, are those of the last time, or the defaults."""
        self.layout = Layout(data.resolve())
        self._last = state.load(self.layout)
        self.ports = Ports(port or (self._last.port if self._last else DEFAULT_FRONT))
        self._scale = dict(scale or (self._last.scale if self._last else DEFAULT_SCALE))
        self._command = command
        self._supervisor = Supervisor(self.layout)

    @property
    def front_url(self) -> str:
        """Where clients reach the mesh."""
        return f"http://127.0.0.1:{self.ports.front}{self._site_path()}"

    @property
    def config(self) -> Path:
        """The mesh's config.json."""
        return self.layout.config

    @property
    def topology(self) -> Topology:
        """Which instances there are, and where."""
        return topology(self.ports, self.layout.tls, self._scale)

    def is_running(self) -> bool:
        """Whether the mesh's supervisor runs."""
        return self._supervisor.is_running()

    def pid(self, name: str) -> int:
        """The process of a program (`edge-1`, `postgres-primary`, `redis`, `envoy`, …); 0 when it is down."""
        return self._supervisor.processes()[name].pid

    def log(self, name: str) -> Path:
        """Where the output of a program goes."""
        return self._supervisor.log(name)

    def up(self, progress: Progress = _silent) -> list[str]:
        """Start what does not run yet and wait until all of it is ready; remarks on the configuration, if any."""
        self.layout.data.mkdir(parents=True, exist_ok=True)
        obstacles.check_disk(self.layout.data)
        with state.alone(self.layout):
            self._stay_where_it_runs()
            progress("configuration and certificates")
            remarks = self._configure()
            postgres = self._postgres()
            obstacles.check_disk(postgres.account.home)
            self._supervise(postgres)
            self._start(postgres, progress)
            return remarks

    def down(self, progress: Progress = _silent) -> bool:
        """Stop everything: edges first, drained, and the database last. Whether anything ran."""
        if not self.layout.data.is_dir():
            return False
        with state.alone(self.layout):
            ran = self._supervisor.is_running()
            if ran:
                self._stop(progress)
            ran = leftovers.end_processes(self.layout) > 0 or ran
            shutil.rmtree(self.layout.sockets, ignore_errors=True)
            return ran

    def erase(self) -> None:
        """End the mesh at once and remove all its data: nobody needs what a shutdown would save."""
        if self.layout.data.is_dir():
            with state.alone(self.layout):
                self._supervisor.kill()
                leftovers.end_processes(self.layout, at_once=True)
                shutil.rmtree(self.layout.sockets, ignore_errors=True)
        account.erase(self.layout)
        shutil.rmtree(self.layout.data, ignore_errors=True)

    def status(self) -> MeshStatus:
        """How every process is."""
        running = self.is_running()
        return observe(
            self.topology,
            self.front_url,
            self.layout.data,
            self._supervisor.processes() if running else {},
            self._supervisor.restarts() if running else {},
            self._postgres() if running else None,
        )

    def scale(self, service: str, count: int, progress: Progress = _silent) -> None:
        """Run `count` instances of the service: more take traffic once ready, fewer lose it before they stop."""
        if service not in SERVICES:
            raise Trouble(f"there is no service {service!r}: choose one of {', '.join(SERVICES)}.")
        if not 1 <= count <= room(service):
            raise Trouble(f"{service} can have 1 to {room(service)} instances on one machine, not {count}.")
        with state.alone(self.layout):
            if not self._supervisor.is_running():
                raise Trouble(f"the mesh in {self.layout.data} does not run: start it first (make up).")
            self._stay_where_it_runs()
            before = self.topology
            self._scale[service] = count
            self._remember()
            self._grow(before, progress)
            self._shrink(before, progress)

    def _remember(self) -> None:
        self._last = state.State(str(self.layout.data), self.ports.front, dict(self._scale))
        state.save(self.layout, self._last)

    def _stay_where_it_runs(self) -> None:
        if self._last and self._last.port != self.ports.front and self._supervisor.is_running():
            raise Trouble(
                f"the mesh in {self.layout.data} runs on port {self._last.port}: stop it first (make down), "
                f"or keep another one's data elsewhere: make up PORT={self.ports.front} DATA=data-{self.ports.front}"
            )

    def _configure(self) -> list[str]:
        last = (Layout(Path(self._last.data)), Ports(self._last.port)) if self._last else None
        for folder in (self.layout.files, self.layout.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
        authority.ensure(self.layout.tls)
        configuration.ensure(self.layout, self.ports, secrets.load(self.layout.secrets), last)
        self._remember()
        loaded = self._loaded()
        return [*loaded.warnings, *loaded.notes]

    def _loaded(self) -> Loaded:
        try:
            return load(self.layout.config, os.environ)
        except ConfigError as error:
            raise Trouble("\n".join(str(fault) for fault in error.faults)) from None

    def _site_path(self) -> str:
        """The path that the front serves below; a mesh that never started has none yet."""
        return self._loaded().settings.ServiceSettings.site_path if self.layout.config.exists() else ""

    def _postgres(self) -> Postgres:
        return Postgres(account.settle(self.layout), self.ports, secrets.load(self.layout.secrets))

    def _programs(self, postgres: Postgres, topology: Topology) -> list[Program]:
        redis_configuration = redis.configure(self.layout.redis, self.ports, postgres.secrets)
        return [
            *programs.stores_and_proxy(self.layout, postgres, redis_configuration),
            *(programs.service(instance, self.layout, self._command) for instance in topology.instances),
        ]

    def _supervise(self, postgres: Postgres) -> None:
        """Have a supervisor that knows all programs, and ports that are free for those that do not run."""
        running = self._supervisor.is_running()
        self._supervisor.write(self._programs(postgres, self.topology))
        if running:
            self._supervisor.apply()
            up = {name for name, process in self._supervisor.processes().items() if process.pid}
        else:
            leftovers.end_processes(self.layout)
            leftovers.remove_stale_locks(postgres)
            up = set()
        needed = {port: name for port, name in self._needed().items() if name not in up}
        obstacles.check_ports(needed, self.ports.front)
        if ENVOY in up:
            envoy.render_endpoints(self.topology, self.layout.envoy)
        else:
            self.layout.envoy.mkdir(exist_ok=True)
            envoy.render(self.topology, self.layout.envoy, self._site_path())
        if not running:
            self._supervisor.start()

    def _needed(self) -> dict[int, str]:
        ports = self.ports
        needed = {
            **dict.fromkeys((ports.front, ports.mesh, ports.envoy_admin), ENVOY),
            ports.postgres_primary: PRIMARY,
            ports.postgres_replica: REPLICA,
            ports.redis: REDIS,
        }
        for instance in self.topology.instances:
            for port in (instance.port, instance.websocket_port, instance.rpc_port, instance.admin_port):
                if port is not None:
                    needed[port] = instance.name
        return needed

    def _start(self, postgres: Postgres, progress: Progress) -> None:
        supervisor = self._supervisor
        up = {name for name, process in supervisor.processes().items() if process.pid}
        for name in (REDIS, ENVOY):
            supervisor.start_program(name)
        if PRIMARY not in up:
            progress("PostgreSQL primary")
            postgres.ensure_primary()
            supervisor.start_program(PRIMARY)
        supervisor.await_program(PRIMARY, lambda: not health.primary(postgres), _SECONDS)
        if PRIMARY not in up:
            postgres.ensure_databases()
        if REPLICA not in up:
            progress("PostgreSQL replica")
            if not postgres.replica_is_usable():
                postgres.copy_primary()
            postgres.configure_replica()
            supervisor.start_program(REPLICA)
        supervisor.await_program(REPLICA, lambda: not health.replica(postgres), _SECONDS)
        progress("Redis")
        supervisor.await_program(REDIS, lambda: not redis.answers(self.ports, postgres.secrets))
        for instance in self.topology.instances:
            supervisor.start_program(instance.name)
        for instance in self.topology.instances:
            progress(instance.name)
            self._await(instance)
        progress("Envoy")
        self._await_routes()

    def _await(self, instance: Instance) -> None:
        self._supervisor.await_program(instance.name, lambda: not health.instance(instance), _SECONDS)

    def _await_routes(self) -> None:
        self._supervisor.await_program(
            ENVOY, lambda: not health.routed(self.topology) and not health.front(self.ports), _SECONDS
        )

    def _stop(self, progress: Progress) -> None:
        supervisor = self._supervisor
        known = supervisor.processes()
        services = [name for name in known if name not in (PRIMARY, REPLICA, REDIS, ENVOY)]
        for what, names in (
            ("edges", [name for name in services if name.startswith("edge-")]),
            ("services", [name for name in services if not name.startswith("edge-")]),
            ("Envoy, Redis, PostgreSQL replica", [name for name in (ENVOY, REDIS, REPLICA) if name in known]),
            ("PostgreSQL primary", [name for name in (PRIMARY,) if name in known]),
        ):
            progress(what)
            supervisor.stop_programs(names)
        supervisor.shutdown()

    def _grow(self, before: Topology, progress: Progress) -> None:
        added = [instance for instance in self.topology.instances if instance not in before.instances]
        if not added:
            return
        names = {instance.name for instance in added}
        taken = {port: name for port, name in self._needed().items() if name in names}
        running = self._supervisor.processes()
        obstacles.check_ports({port: name for port, name in taken.items() if name not in running}, self.ports.front)
        self._supervisor.write(self._programs(self._postgres(), self.topology))
        self._supervisor.apply()
        for instance in added:
            self._supervisor.start_program(instance.name)
        for instance in added:
            progress(f"{instance.name} starts")
            self._await(instance)
        envoy.render_endpoints(self.topology, self.layout.envoy)
        progress("Envoy sends it traffic")
        self._await_routes()

    def _shrink(self, before: Topology, progress: Progress) -> None:
        removed = [instance for instance in before.instances if instance not in self.topology.instances]
        if not removed:
            return
        progress("Envoy sends it no more")
        envoy.render_endpoints(self.topology, self.layout.envoy, leaving=removed)
        deadline = time.monotonic() + 5
        while not all(health.forgotten(self.ports, instance) for instance in removed):
            if time.monotonic() > deadline:
                raise Trouble(f"Envoy did not take over its new endpoints: see {self.log(ENVOY)}.")
            time.sleep(0.05)
        for instance in removed:
            progress(f"{instance.name} drains")
        self._supervisor.stop_programs([instance.name for instance in removed])
        envoy.render_endpoints(self.topology, self.layout.envoy)
        self._supervisor.write(self._programs(self._postgres(), self.topology))
        self._supervisor.apply()
