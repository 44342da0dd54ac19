"""The plain HTTP port of every process: /healthz, /readyz and /metrics. It is for operators, not for the outside."""

import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from aiohttp import web

from services.chassis.metrics import CONTENT_TYPE, Metrics

_log = logging.getLogger(__name__)

STARTING: Final = "start"


class Readiness:
    """Whether this process should be given work, as the sum of named conditions that its parts report.

    A condition that was never reported does not count, so a part that must be there before the first request
    declares itself by `set(name, False, why)` while it is wired. Born with the condition `start` unmet.
    """

    def __init__(self) -> None:
        """Begin as not ready."""
        self._unmet: dict[str, str] = {STARTING: "the process is starting"}
        self._draining = False
        self._watchers: list[Callable[[bool], None]] = []

    def set(self, name: str, ok: bool, why: str = "") -> None:
        """Report the condition `name`; `why` tells an operator what is wrong, and what to do, while it is not ok."""
        before = self.ready
        if ok:
            self._unmet.pop(name, None)
        else:
            self._unmet[name] = why or "not ready"
        self._tell(before)

    def started(self) -> None:
        """Say that wiring is complete."""
        self.set(STARTING, True)

    def drain(self) -> None:
        """Ask for no new work, for good: the process is about to stop."""
        before = self.ready
        self._draining = True
        self._tell(before)

    @property
    def draining(self) -> bool:
        """True once the process is on its way out."""
        return self._draining

    @property
    def ready(self) -> bool:
        """True while every condition is met and the process is not draining."""
        return not self._draining and not self._unmet

    @property
    def reasons(self) -> list[str]:
        """Why not: `name: why`, in order of report; empty when ready."""
        drain = ["drain: the process is stopping"] if self._draining else []
        return drain + [f"{name}: {why}" for name, why in self._unmet.items()]

    def watch(self, watcher: Callable[[bool], None]) -> None:
        """Call `watcher(ready)` now and at every change, from the loop's thread (gRPC health follows it so)."""
        self._watchers.append(watcher)
        watcher(self.ready)

    def _tell(self, before: bool) -> None:
        if (now := self.ready) != before:
            _log.info("readiness changed", extra={"ready": now, "reasons": self.reasons})
            for watcher in self._watchers:
                watcher(now)


class Admin:
    """Serves the admin port."""

    def __init__(self, host: str, port: int, readiness: Readiness, metrics: Metrics, about: dict[str, str]) -> None:
        """`about` (service, instance, release) stands in the answer of /healthz; port 0 takes any free one."""
        self._host = host
        self._port = port
        self._readiness = readiness
        self._metrics = metrics
        self._about = about
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen, and return the port. Raises OSError when it is taken."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._render)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        addresses: Sequence[tuple[str, int]] = self._runner.addresses
        return addresses[0][1]

    async def close(self) -> None:
        """Stop listening; requests in flight get a second."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        return _json(200, {"status": "OK", **self._about})

    async def _readyz(self, _: web.Request) -> web.Response:
        ready, reasons = self._readiness.ready, self._readiness.reasons
        return _json(200 if ready else 503, {"ready": ready, "reasons": reasons})

    async def _render(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})


def _json(status: int, answer: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")
