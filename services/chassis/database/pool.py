"""Connections to one server, kept for the next who needs one.

The one given back last is taken first: its statements are prepared, and its server process is warm. Of the libraries,
SQLAlchemy costs each service 17 MiB, and psycopg_pool takes the one that rested longest (docs/adr/0015).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import psycopg

Connection = psycopg.AsyncConnection[Any]
Greet = Callable[[Connection], Awaitable[None]]

_WAIT_SECONDS: Final = 5.0
"""How long to wait for a connection when all are in use."""


class Pool:
    """Up to `size` connections. One that is closed, or not idle, is not kept."""

    def __init__(self, dsn: str, size: int, **options: Any) -> None:
        """Connect to `dsn` with libpq's `options`, when there is need."""
        self._dsn, self._options = dsn, options
        self._room = asyncio.Semaphore(size)
        self._resting: list[Connection] = []
        self._greetings: list[Greet] = []
        self._closed = False

    def greet(self, greeting: Greet) -> None:
        """Await `greeting` with every new connection; one on which it fails is none."""
        self._greetings.append(greeting)

    async def take(self) -> Connection:
        """Return a connection; `put` it back. Raises TimeoutError when all stay in use, psycopg's errors, OSError."""
        if self._closed:
            raise ConnectionError("the pool is closed")
        if self._room.locked():
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._room.acquire()
        else:
            await self._room.acquire()  # at once
        try:
            return self._resting.pop() if self._resting else await self._connect()
        except BaseException:
            self._room.release()
            raise

    async def put(self, connection: Connection) -> None:
        """Give a connection back."""
        self._room.release()
        if self._closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            await connection.close()
        else:
            self._resting.append(connection)

    async def empty(self) -> None:
        """Close those that nobody uses."""
        while self._resting:
            await self._resting.pop().close()

    async def close(self) -> None:
        """Close all; one that is in use is closed by whoever gives it back."""
        self._closed = True
        await self.empty()

    async def _connect(self) -> Connection:
        connection: Connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True, **self._options)
        try:
            for greeting in self._greetings:
                await greeting(connection)
        except BaseException:
            await connection.close()
            raise
        return connection
