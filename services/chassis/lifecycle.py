"""A process from its command line to its exit: start, serve, drain, stop.

    raise SystemExit(run("messaging", wire))

`wire(process)` builds the service on one page, registers with `process.on_stop` what must be stopped, and returns
once everything serves. SIGTERM or SIGINT then drains: readiness turns first, so that Envoy sends no new work; after
`ChorusSettings.DrainNoticeMilliseconds` the parts stop in reverse order of their registration, all together within
`DrainTimeoutSeconds`. A second signal skips the notice. Exit codes: 0 drained, 1 failed, 2 wrong arguments, 78 wrong
configuration (starting again would not help).
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvloop

from services.chassis import logs
from services.chassis.admin import Admin, Readiness
from services.chassis.clock import Clock, SystemClock
from services.chassis.config import ConfigError, Loaded, Settings, load
from services.chassis.memory import share_one_heap
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

_log = logging.getLogger(__name__)

EXIT_CONFIG: Final = 78


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `host:port`; an empty host is every interface. Raises ValueError."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104 - asked for by an empty host


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line of the process contract."""

    instance: str
    config: Path
    admin: Address
    listeners: Mapping[str, Address]
    release: str


def parse_arguments(service: str, listeners: Sequence[str], argv: Sequence[str] | None = None) -> Arguments:
    """Read the command line; each of `listeners` is one more `--NAME HOST:PORT`. Exits with 2 and a usage if wrong."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}", allow_abbrev=False)
    parser.add_argument("--instance", required=True, help=f"name of this process in the mesh, {service}-1")
    parser.add_argument("--config", required=True, type=Path, help="config.json with Mattermost's keys")
    parser.add_argument(
        "--admin",
        required=True,
        type=Address.parse,
        metavar="HOST:PORT",
        help="plain HTTP for /healthz, /readyz and /metrics",
    )
    parser.add_argument("--release", default="", help="name of the release, for canaries and logs")
    for name in listeners:
        parser.add_argument(f"--{name}", required=True, type=Address.parse, metavar="HOST:PORT", dest=f"on_{name}")
    given = parser.parse_args(argv)
    addresses = {name: getattr(given, f"on_{name}") for name in listeners}
    return Arguments(given.instance, given.config, given.admin, addresses, given.release)


class Process:
    """What a service is wired from; one per operating-system process."""

    def __init__(self, service: str, arguments: Arguments, loaded: Loaded) -> None:
        """Made by `run`."""
        self.service = service
        self.arguments = arguments
        self.loaded = loaded
        self.clock: Clock = SystemClock()
        self.metrics = Metrics(service, arguments.instance, arguments.release)
        self.readiness = Readiness()
        self.tasks = Tasks(self._vital_task_ended)
        self._stops: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._signals = 0
        self._failed = False
        self._draining = False
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self.loaded.settings

    @property
    def instance(self) -> str:
        """This process's name in the mesh, `messaging-2`."""
        return self.arguments.instance

    def listener(self, name: str) -> Address:
        """Where to serve `name` (`listen`; for edge `rest` and `websocket`)."""
        return self.arguments.listeners[name]

    def on_stop(self, name: str, stop: Callable[[], Awaitable[None]]) -> None:
        """Have `stop` awaited when the process ends; the last registered goes first, so register right after start."""
        self._stops.append((name, stop))

    def fail(self, why: str) -> None:
        """Drain, then exit with 1, so that the supervisor starts a fresh process."""
        _log.error("process gives up", extra={"why": why})
        self._failed = True
        self._stopping.set()

    def _vital_task_ended(self, name: str, error: BaseException | None) -> None:
        if self._draining:  # the part that it worked for has stopped
            return
        self.fail(f"vital task {name} ended: {error!r}" if error else f"vital task {name} ended")

    def _signalled(self, number: signal.Signals) -> None:
        self._signals += 1
        _log.info("signal received", extra={"signal": number.name})
        self._stopping.set()
        if self._signals > 1:
            self._hurry.set()

    async def serve(self, wire: "Wire") -> int:
        """Wire, wait for the end, drain; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)
        about = {"service": self.service, "instance": self.instance, "release": self.arguments.release}
        admin = Admin(*self.arguments.admin, self.readiness, self.metrics, about)
        try:
            await admin.start()
        except OSError as error:
            _log.error(
                "the admin port cannot be opened",
                extra={"address": str(self.arguments.admin), "why": str(error)},
            )
            return 1
        self.on_stop("admin", admin.close)
        self.on_stop("tasks", self.tasks.close)
        if await self._wire(wire):
            self.readiness.started()
            _log.info("serving", extra={"addresses": {n: str(a) for n, a in self.arguments.listeners.items()}})
            await self._stopping.wait()
        await self._drain()
        return 1 if self._failed else 0

    async def _wire(self, wire: "Wire") -> bool:
        """Return whether the service stands; a signal or a lost vital task interrupts."""
        wiring = self.tasks.spawn("wire", wire(self))
        stop = self.tasks.spawn("stop", self._stopping.wait())
        await asyncio.wait({wiring, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not wiring.done():
            wiring.cancel()
            await asyncio.wait({wiring})
            return False
        if (error := wiring.exception()) is not None:
            _log.error("could not start", extra={"why": f"{type(error).__name__}: {error}"})
            self._failed = True
            return False
        return True

    async def _drain(self) -> None:
        chorus = self.settings.ChorusSettings
        was_ready = self.readiness.ready
        self.readiness.drain()
        if was_ready and not self._failed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chorus.DrainNoticeMilliseconds / 1000):
                    await self._hurry.wait()
        deadline = self.clock.monotonic() + chorus.DrainTimeoutSeconds
        self._draining = True
        while self._stops:
            name, stop = self._stops.pop()
            try:
                # A part always gets a moment, even after another one has used up the time.
                async with asyncio.timeout(max(0.2, deadline - self.clock.monotonic())):
                    await stop()
            except TimeoutError:
                _log.error("part did not stop in time", extra={"part": name})
            except Exception:
                _log.exception("part failed to stop", extra={"part": name})
        _log.info("stopped")


Wire = Callable[[Process], Coroutine[Any, Any, None]]
"""Builds a service; see the module's page."""


def run(
    service: str,
    wire: Wire,
    *,
    listeners: Sequence[str] = ("listen",),
    argv: Sequence[str] | None = None,
) -> int:
    """Run the service to its end on uvloop and return the exit code."""
    share_one_heap()
    arguments = parse_arguments(service, listeners, argv)
    try:
        loaded = load(arguments.config, os.environ)
    except ConfigError as error:
        for fault in error.faults:
            print(f"{service}: {fault}", file=sys.stderr)
        return EXIT_CONFIG
    level = loaded.settings.LogSettings.ConsoleLevel
    logs.configure(service, arguments.instance, level=level, release=arguments.release)
    for warning in loaded.warnings:
        _log.warning("configuration: %s", warning)
    for note in loaded.notes:
        _log.info("configuration: %s", note)

    async def main() -> int:
        return await Process(service, arguments, loaded).serve(wire)

    return uvloop.run(main())
