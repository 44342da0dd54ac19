"""Passwords, hashed with argon2id, on as many threads as there are cores.

The parameters are the minimum of OWASP's Password Storage Cheat Sheet for argon2id: 19 MiB, 2 passes, 1 lane; about
20 ms of one core. argon2 releases the GIL, so the event loop goes on meanwhile. More attempts than cores would only
take memory and the cores from everything else, so the others wait in line, and a long line refuses.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from services.auth.metrics import AuthMetrics
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import new_token

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
MAX_WAITING: Final = 512
"""In line for a core: some five seconds' worth on two cores, half of the longest deadline of a call."""


class Turn:
    """The right to one core; given by `Passwords.turn`."""

    def __init__(self, hasher: PasswordHasher, pool: ThreadPoolExecutor, nobodys_hash: str) -> None:
        """Made by `Passwords.turn`."""
        self._hasher, self._pool, self._nobodys_hash = hasher, pool, nobodys_hash

    async def hash(self, password: str) -> str:
        """Return what to store of a password."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._hasher.hash, password)

    async def matches(self, password: str, stored: str) -> bool:
        """Say whether it is the password that was stored; "" never matches, and takes as long to find out."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, password, stored)

    def _verify(self, password: str, stored: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys_hash, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(stored)


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, metrics: AuthMetrics, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        """Start as many threads as this process has cores; about 20 ms."""
        cores = len(os.sched_getaffinity(0))
        self._hasher = PasswordHasher(passes, memory_kib, LANES, type=Type.ID)
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="argon2")
        self._cores = asyncio.Semaphore(cores)
        self._waiting = 0
        self._seconds = metrics.hash_seconds
        # Of a secret that nobody has: who does not exist is checked against it, in the same time.
        self._nobodys_hash = self._hasher.hash(new_token())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a core. Raises busy when too many wait."""
        if self._waiting >= MAX_WAITING:
            raise DomainError(Reason.BUSY, part="passwords", retry_after_s=5)
        started = time.perf_counter()
        self._waiting += 1
        try:
            await self._cores.acquire()
        finally:
            self._waiting -= 1
        try:
            yield Turn(self._hasher, self._pool, self._nobodys_hash)
        finally:
            self._cores.release()
            self._seconds.observe(time.perf_counter() - started)

    async def hash(self, password: str) -> str:
        """Return what to store of a password. Raises busy."""
        async with self.turn() as turn:
            return await turn.hash(password)

    async def close(self) -> None:
        """Let the threads end; work under way is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)
