"""Smart batching: what arrives while one batch is in flight makes up the next.

No timer: an idle batcher sends at once, a busy one sends fewer and larger batches, so that the fixed price of a hop is
shared by more items the higher the load (DESIGN §3). Bounded: a full batcher refuses, it never grows.
"""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Turns single submissions into calls of `send(items) -> answers`, one call in flight."""

    def __init__(
        self,
        name: str,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | DomainError]]],
        tasks: Tasks,
        metrics: Metrics,
        *,
        max_items: int,
        max_waiting: int,
        max_bytes: int = 1024 * 1024,
        size: Callable[[Item], int] = lambda item: 0,
    ) -> None:
        """`send` answers or fails each item, in order; what it raises fails the whole batch.

        A batch holds at most `max_items` and, but for a single larger item, `max_bytes` by `size`.
        """
        self._name, self._send, self._tasks = name, send, tasks
        self._max_items, self._max_waiting, self._max_bytes, self._size = max_items, max_waiting, max_bytes, size
        self._waiting: deque[tuple[Item, asyncio.Future[Answer], float]] = deque()
        self._running = False
        self._items = metrics.batch_items.labels(name)
        self._wait = metrics.batch_wait_seconds.labels(name)

    async def submit(self, item: Item) -> Answer:
        """Return the item's answer or raise its error; raise busy at once when too many wait.

        A caller that gives up leaves its item to be skipped if it has not been sent yet.
        """
        return await self._enqueue(item)

    async def submit_all(self, items: Sequence[Item]) -> list[Answer | DomainError]:
        """Return each item's answer or error, in order; raise what fails a whole batch, and busy for all or none."""
        answers: list[Answer | DomainError] = []
        waiting: list[asyncio.Future[Answer]] = []
        try:
            for item in items:
                waiting.append(self._enqueue(item))  # noqa: PERF401 - kept when a later one finds no room
            for answer in waiting:
                try:
                    answers.append(await answer)
                except DomainError as error:
                    answers.append(error)
        except BaseException:
            for answer in waiting:
                answer.cancel()
            raise
        return answers

    def _enqueue(self, item: Item) -> "asyncio.Future[Answer]":
        if len(self._waiting) >= self._max_waiting:
            raise DomainError(Reason.BUSY, part=self._name, retry_after_s=1)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer, time.perf_counter()))
        if not self._running:
            self._running = True
            # An empty context: the batch is nobody's request, the first submitter's deadline must not bind it.
            contextvars.Context().run(self._tasks.spawn, f"batcher {self._name}", self._run())
        return answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                if batch:
                    await self._deliver(batch)
        finally:
            self._running = False
            for _, answer, _ in self._waiting:  # only left when the process ends
                answer.cancel()
            self._waiting.clear()

    def _next_batch(self) -> list[tuple[Item, "asyncio.Future[Answer]"]]:
        batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        weight, now = 0, time.perf_counter()
        while self._waiting and len(batch) < self._max_items:
            item, answer, since = self._waiting[0]
            if answer.done():  # its caller has gone
                self._waiting.popleft()
                continue
            weight += self._size(item)
            if batch and weight > self._max_bytes:
                break
            self._waiting.popleft()
            self._wait.observe(now - since)
            batch.append((item, answer))
        return batch

    async def _deliver(self, batch: list[tuple[Item, "asyncio.Future[Answer]"]]) -> None:
        self._items.observe(len(batch))
        try:
            answers: Sequence[Answer | DomainError] = await self._send([item for item, _ in batch])
        except asyncio.CancelledError:
            for _, waiter in batch:
                waiter.cancel()
            raise
        except Exception as error:
            for _, waiter in batch:
                if not waiter.done():
                    waiter.set_exception(error)
            return
        for (_, waiter), answer in zip(batch, answers, strict=True):
            if waiter.done():
                continue
            if isinstance(answer, DomainError):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)
