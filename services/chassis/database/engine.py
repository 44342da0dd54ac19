"""A service's database: a pool, and transactions whose end is always known or named unknown.

Ordinary statements are SQLAlchemy Core; the hot ones are plain SQL over arrays, sent in one round trip by `pipelined`
while each stays a statement of its own with its own snapshot (DESIGN §3: lock first, then look).
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Executable, event
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics

_log = logging.getLogger(__name__)

T = TypeVar("T")
Row = Any
Statement = tuple[str, Mapping[str, Any]]

VOUCHING: Final[Statement] = ("SELECT pg_logical_emit_message(true, 'chorus', '')", {})
"""Lets COMMIT wait for the disk and for the standby although nothing is written: for a transaction whose answer is what
it found, because an earlier one was lost in COMMIT and may so far stand here alone (DESIGN §3)."""

ATTEMPTS: Final = 4
"""How often a transaction is run before a deadlock or a serialization failure is given back."""

_ALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A server's machine that vanished is noticed within about ten seconds, and not after TCP's quarter of an hour."""

_RETRIED: Final = {"40P01": "deadlock", "40001": "serialization"}


class UnknownOutcome(DomainError):
    """The connection was lost in COMMIT, or COMMIT warned: the transaction may or may not stand.

    Look the ids up and vouch for what is found (`VOUCHING`), or let the caller, to whom it is `unavailable`, ask again.
    """

    def __init__(self, database: str, why: str) -> None:
        """`why` is what the driver or the server said."""
        super().__init__(Reason.UNAVAILABLE, part=f"database {database}")
        self.why = why


class DataFault(Exception):
    """The data can't be stored as they are (SQLSTATE class 22 or 23): running the transaction again would not help."""

    def __init__(self, error: psycopg.Error) -> None:
        """Keep what PostgreSQL says of it, or the driver, which never sent it."""
        super().__init__(error.diag.message_primary or str(error))
        self.constraint = error.diag.constraint_name or ""
        """The violated constraint or unique index; empty when it was none."""


class Transaction:
    """An open transaction. Statements raise psycopg's errors; see `Database.transact` for what becomes of them."""

    def __init__(self, connection: AsyncConnection, driver: psycopg.AsyncConnection[Any]) -> None:
        """Made by `Database.transaction`."""
        self._connection = connection
        self._driver = driver

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a SQLAlchemy Core statement."""
        try:
            return await self._connection.execute(statement, parameters)
        except DBAPIError as error:
            raise error.orig or error from error

    async def fetch(self, sql: str, **parameters: Any) -> list[Row]:
        """Run one plain statement with `%(name)s` parameters; return its rows as named tuples."""
        return (await self.pipelined((sql, parameters)))[0]

    async def pipelined(self, *statements: Statement) -> list[list[Row]]:
        """Send statements in one round trip; they run in order, each with its own snapshot. Return each one's rows."""
        if len(statements) == 1:
            sql, parameters = statements[0]
            cursor = self._driver.cursor(row_factory=namedtuple_row)
            await cursor.execute(sql, parameters)
            return [await cursor.fetchall() if cursor.description else []]
        cursors = []
        async with self._driver.pipeline():
            for sql, parameters in statements:
                cursor = self._driver.cursor(row_factory=namedtuple_row)
                await cursor.execute(sql, parameters)
                cursors.append(cursor)
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def vouch(self) -> None:
        """Have COMMIT wait as if something was written: the answer is that all stands already. See `VOUCHING`."""
        await self.pipelined(VOUCHING)


class Database:
    """One database of one service."""

    def __init__(self, name: str, dsn: str, metrics: Metrics, *, pool_size: int = 10, standby: bool = False) -> None:
        """`dsn` as in SqlSettings.DataSource, with this service's database as its path.

        A `standby` may be behind in everything, its tables included.
        """
        self.name, self._standby = name, standby
        url = make_url(
            dsn.replace("postgresql://", "postgres://", 1).replace("postgres://", "postgresql+psycopg://", 1)
        )
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            pool_use_lifo=True,
            connect_args={"connect_timeout": 5, "application_name": f"chorus-{name}", **_ALIVE},
        )
        self._commits, self._rollbacks, self._unknown = (
            metrics.database_transactions.labels(name, outcome) for outcome in ("commit", "rollback", "unknown")
        )
        self._seconds = metrics.database_seconds.labels(name)
        self._retries = metrics.database_retries
        self._deadlocks = metrics.database_deadlocks.labels(name)
        self.origin = ""
        """What `identify` read on the newest connection: no connection outlives the server that it was made to."""

    async def identify(self, sql: str) -> None:
        """Read one value by `sql` on every new connection, as `origin`; a connection on which it fails is none."""

        @event.listens_for(self._engine.sync_engine, "connect")
        def connected(connection: Any, record: object) -> None:
            cursor = connection.cursor()
            cursor.execute(sql)
            (self.origin,) = cursor.fetchone()
            cursor.close()
            connection.rollback()

        await self._engine.dispose()  # those made before have not been asked
        await self.fetch("SELECT 1")

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, patience: float | None = None) -> AsyncIterator[Transaction]:
        """Open a transaction; commit when the block ends well, roll back when it raises.

        Raises UnknownOutcome when it can't be told whether COMMIT took effect, unavailable when there is no database.
        After `patience` seconds the connection is hung up, so that the statement under way fails as if it was lost.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(patience):
                connection = await self._engine.connect()
        except (DBAPIError, psycopg.Error, PoolTimeout, OSError) as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        committed, impatience = False, None
        try:
            begun = await connection.begin()
            raw = await connection.get_raw_connection()
            driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment]
            if patience is not None:
                impatience = asyncio.get_running_loop().call_later(patience, _hang_up, driver)
            yield Transaction(connection, driver)
            await _uncancelled(self._commit(begun.commit, driver))
            committed = True
            self._commits.inc()
        except BaseException as error:
            if not isinstance(error, UnknownOutcome):
                self._rollbacks.inc()
            raise
        finally:
            if impatience is not None:
                impatience.cancel()
            await _uncancelled(_put_back(connection, usable=committed))
            self._seconds.observe(time.perf_counter() - started)

    async def _commit(self, commit: Callable[[], Awaitable[None]], driver: psycopg.AsyncConnection[Any]) -> None:
        """Commit; a warning is no success: PostgreSQL warns when it gave up waiting for the standby (DESIGN §3)."""
        warnings: list[str] = []

        def noticed(notice: psycopg.errors.Diagnostic) -> None:
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary or "warning")

        driver.add_notice_handler(noticed)
        try:
            await commit()
        except (DBAPIError, psycopg.Error, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if getattr(cause, "sqlstate", None) is not None and not driver.closed:
                raise cause or error from error  # the server said no: rolled back
            self._unknown.inc()
            raise UnknownOutcome(self.name, str(error)) from error
        finally:
            driver.remove_notice_handler(noticed)
        if warnings:
            self._unknown.inc()
            raise UnknownOutcome(self.name, "; ".join(warnings))

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in a transaction and return what it returns; run it again after a deadlock.

        `work` may run several times, so it must keep nothing from an earlier run. Raises DataFault for data that
        can't be stored, unavailable when the database went away before COMMIT, UnknownOutcome as `transaction` does.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except psycopg.Error as error:
                why = _RETRIED.get(error.sqlstate or "")
                if why == "deadlock":
                    self._deadlocks.inc()
                    _log.warning("deadlock", extra={"database": self.name})
                if why is None or attempt == ATTEMPTS:
                    if _is_fault_of_data(error):
                        raise DataFault(error) from error
                    if _is_away(error):
                        raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
                    raise
                self._retries.labels(self.name, why).inc()
        raise AssertionError("unreachable")

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]], *, patience: float | None = None) -> T:
        """Run `work` on one snapshot, read only: all its statements see the same moment. For replicas and pages.

        Raises unavailable when the server is away, takes longer than `patience` seconds, or ended the read because
        replay had to go on (a replica's right).
        """
        try:
            async with self.transaction(patience) as tx:
                await tx.fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return await work(tx)
        except psycopg.OperationalError as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        except psycopg.ProgrammingError as error:
            if not self._standby:
                raise
            # It has not replayed the migration yet that made what we ask for.
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error

    async def outside_transaction(self, sql: str) -> None:
        """Run a statement that PostgreSQL allows outside of a transaction only, such as DETACH … CONCURRENTLY."""
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            raw = await connection.get_raw_connection()
            driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment]
            await driver.execute(sql)

    async def fetch(self, sql: str, **parameters: Any) -> list[Row]:
        """Run one plain statement in a transaction of its own; return its rows."""
        return await self.transact(lambda tx: tx.fetch(sql, **parameters))


def _is_away(error: psycopg.Error) -> bool:
    """Say whether it is the server's or the connection's state, and not what was asked of it."""
    if error.sqlstate is None:  # the driver's own: of a broken connection, or of a call that makes no sense
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate[:2] in ("08", "57", "53") or error.sqlstate == "25006"


def _is_fault_of_data(error: psycopg.Error) -> bool:
    """Say whether it is in what was to be stored; a NUL in a text is refused by the driver, without a state."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate[:2] in ("22", "23")


def _hang_up(driver: psycopg.AsyncConnection[Any]) -> None:
    """Cut the line, so that whoever waits for the server hears that it is lost. Cancelling would wait for it too."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


async def _put_back(connection: AsyncConnection, *, usable: bool) -> None:
    """Return the connection to its pool; close() rolls back what is open and drops what is broken."""
    try:
        await connection.close()
    except (DBAPIError, psycopg.Error, OSError):
        if usable:
            _log.warning("connection could not be returned", exc_info=True)


async def _uncancelled(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled meanwhile, then pass the cancellation on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:
            break
    if cancelled is not None:
        raise cancelled
    return task.result()
