"""Background work with an owner: every task has a name, its failure is logged, and shutdown cancels it.

`asyncio.create_task` is called here alone: a task that nobody holds can be collected in the middle of its work, and
one that nobody awaits fails in silence.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)

_CANCEL_AGAIN_SECONDS: Final = 0.5


class Tasks:
    """The background tasks of one process, or of one part of it."""

    def __init__(self, on_vital_failure: Callable[[str, BaseException | None], None] | None = None) -> None:
        """`on_vital_failure(name, error)` is told when a vital task ends; the error is None if it merely returned."""
        self._running: set[asyncio.Task[Any]] = set()
        self._on_vital_failure = on_vital_failure
        self._closed = False

    def __len__(self) -> int:
        """How many tasks are running."""
        return len(self._running)

    def spawn(self, name: str, work: Coroutine[Any, Any, T], *, vital: bool = False) -> asyncio.Task[T]:
        """Start `work` in the background and return its task.

        A failure is logged under `name`; awaiting the task raises it as well. `vital` is for work without which the
        process must not live on (a follower, a committer): its end, whatever the cause, stops the process, so that
        the supervisor starts a fresh one. Raises RuntimeError once closed.
        """
        if self._closed:
            work.close()
            raise RuntimeError(f"task {name} came after its owner was closed")
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._vital_ended if vital else self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background task failed", exc_info=error, extra={"task": task.get_name()})

    def _vital_ended(self, task: asyncio.Task[Any]) -> None:
        self._ended(task)
        if not self._closed and self._on_vital_failure is not None:
            self._on_vital_failure(task.get_name(), None if task.cancelled() else task.exception())

    async def close(self, within: float = 5.0) -> None:
        """Cancel every task and wait up to `within` seconds for their ends; those that linger are logged by name."""
        self._closed = True
        pending = {task for task in self._running if task is not asyncio.current_task()}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while pending and (left := deadline - loop.time()) > 0:
            # Again, because before Python 3.12 `asyncio.wait_for` (psycopg waits by it) loses a cancellation that
            # arrives together with what it waits for.
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=min(left, _CANCEL_AGAIN_SECONDS))
        for task in pending:
            _log.error("background task ignored its cancellation", extra={"task": task.get_name()})
