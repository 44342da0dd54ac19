"""Workers that read what strangers made: a few processes, each with a time limit, replaced when it is overrun."""

import asyncio
import base64
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.chassis.errors import DomainError, Reason
from services.files.metrics import FilesMetrics

_log = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-m", "services.files.pictures.worker")


@dataclass(frozen=True, slots=True)
class Picture:
    """What was made of a picture: its size in pixels, a tiny JPEG, and the content types of its smaller forms."""

    width: int
    height: int
    mini_preview: bytes
    thumbnail_type: str
    preview_type: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A picture's size in pixels as it is shown, its format in lower case, and its frames if it moves, else 0."""

    width: int
    height: int
    format: str
    frames: int


class Pictures:
    """Renders pictures, a few at a time, and looks at what links lead to."""

    def __init__(
        self,
        metrics: FilesMetrics,
        *,
        max_pixels: int,
        workers: int = 2,
        max_waiting: int = 32,
        seconds: float = 20.0,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """A picture has at most `max_pixels` and `seconds`; at most `max_waiting` wait for a worker."""
        self._metrics, self._max_pixels, self._seconds, self._command = metrics, max_pixels, seconds, command
        self._max_waiting, self._waiting = max_waiting, 0
        # None stands for a worker that is yet to be started.
        self._idle: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue(workers)
        for _ in range(workers):
            self._idle.put_nowait(None)
        self._running: set[asyncio.subprocess.Process] = set()

    async def render(self, folder: Path) -> Picture | None:
        """Make the smaller forms of `folder/original` beside it; None for what cannot be read within the limits.

        Raises image_too_large, and busy when too many wait.
        """
        answer = await self._done({"folder": str(folder), "max_pixels": self._max_pixels})
        if answer is None:
            return None
        return Picture(
            answer["width"],
            answer["height"],
            base64.b64decode(answer["mini"]),
            answer["thumbnail"],
            answer["preview"],
        )

    async def shrink(self, folder: Path, limit: int, side: int) -> str | None:
        """Make `folder/small` of `folder/original`, at most `side` pixels wide and high; return its content type.

        None for what is no picture. Raises image_too_large when a side has more than `limit` pixels, and busy.
        """
        answer = await self._done({"folder": str(folder), "limit": limit, "side": side})
        return None if answer is None else str(answer["type"])

    async def portray(self, folder: Path, side: int) -> bool:
        """Make `folder/small`, a PNG of `side` pixels square, of the middle of `folder/original`.

        False for what is no picture. Raises image_too_large, and busy.
        """
        task = {"folder": str(folder), "portrait": side, "max_pixels": self._max_pixels}
        return await self._done(task) is not None

    async def measure(self, folder: Path) -> Measured | None:
        """Return the size of the picture `folder/original`; None for what is no picture. Raises busy."""
        answer = await self._done({"folder": str(folder), "measure": True})
        return None if answer is None else Measured(**answer)

    async def tags(self, folder: Path, charset: str) -> list[tuple[str, str]]:
        """Return the (property, content) pairs of the page `folder/original`; `charset` if it is known. Raises busy."""
        answer = await self._done({"folder": str(folder), "charset": charset})
        return [] if answer is None else [(name, content) for name, content in answer["tags"]]

    async def _done(self, task: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a worker answers to a task; None when it could not do it."""
        if self._waiting >= self._max_waiting:
            raise DomainError(Reason.BUSY, part="pictures", retry_after_s=1)
        self._waiting += 1
        try:
            worker = await self._idle.get()
        finally:
            self._waiting -= 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                worker, answer = await self._work(worker, task)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            await self._kill(worker)
            worker = None
            answer = {"failed": "overrun", "why": f"{type(error).__name__}: {error}"}
        except BaseException:
            await self._kill(worker)
            worker = None
            raise
        finally:
            self._idle.put_nowait(worker)
        outcome = answer.get("failed", "ok")
        self._metrics.picture_seconds.labels(outcome).observe(time.perf_counter() - started)
        if outcome == "too_large":
            raise DomainError(Reason.IMAGE_TOO_LARGE, max_pixels=self._max_pixels)
        if outcome != "ok":
            _log.info("a picture stays without preview", extra={"outcome": outcome, "why": answer.get("why")})
            return None
        return answer

    async def close(self) -> None:
        """End all workers."""
        for worker in list(self._running):
            await self._kill(worker)

    async def _start(self) -> asyncio.subprocess.Process:
        worker = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ},
            start_new_session=True,  # a Ctrl-C is for us, who then end it in order
        )
        self._running.add(worker)
        return worker

    async def _work(
        self, worker: asyncio.subprocess.Process | None, task: Mapping[str, Any]
    ) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
        """Return the answer and the worker that gave it: this one, or a new one if it ended without an answer.

        It may have ended while it was idle, or at birth, which is no fault of the picture; a picture that ends two is.
        """
        for _ in range(2):
            if worker is None or worker.returncode is not None:
                worker = await self._start()
            try:
                return worker, await self._ask(worker, task)
            except (EOFError, ConnectionError, RuntimeError):  # the last is uvloop's word for a pipe that was closed
                await self._kill(worker)
            except BaseException:
                await self._kill(worker)
                raise
        raise EOFError("two workers ended without an answer")

    async def _ask(self, worker: asyncio.subprocess.Process, task: Mapping[str, Any]) -> dict[str, Any]:
        if worker.stdin is None or worker.stdout is None:
            raise EOFError("a worker without pipes")
        worker.stdin.write(json.dumps(task).encode() + b"\n")
        await worker.stdin.drain()
        line = await worker.stdout.readline()
        if not line:
            raise EOFError("the worker ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _kill(self, worker: asyncio.subprocess.Process | None) -> None:
        if worker is not None:
            self._running.discard(worker)
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
