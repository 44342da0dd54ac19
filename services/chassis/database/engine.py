"""A service's database: a pool, and transactions whose end is always known or named unknown.

Ordinary statements are SQLAlchemy Core; the hot ones are plain SQL over arrays, sent in one round trip by `pipelined`
while each stays a statement of its own with its own snapshot (DESIGN §3: lock first, then look).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
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

ATTEMPTS: Final = 4
"""How often a transaction is run before a deadlock or a serialization failure is given back."""

_RETRIED: Final = {"40P01": "deadlock", "40001": "serialization"}


class UnknownOutcome(Exception):
    """The connection was lost in COMMIT, or COMMIT warned: the transaction may or may not stand. Look the ids up."""


class DataFault(Exception):
    """The data can't be stored as they are (SQLSTATE class 22 or 23): running the transaction again would not help."""

    def __init__(self, error: psycopg.Error) -> None:
        """Keep what PostgreSQL says of it."""
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


class Database:
    """One database of one service."""

    def __init__(self, name: str, dsn: str, metrics: Metrics, *, pool_size: int = 10) -> None:
        """`dsn` as in SqlSettings.DataSource, with this service's database as its path."""
        self.name = name
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
            connect_args={"connect_timeout": 5, "application_name": f"chorus-{name}"},
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
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction; commit when the block ends well, roll back when it raises.

        Raises UnknownOutcome when it can't be told whether COMMIT took effect, unavailable when there is no database.
        """
        started = time.perf_counter()
        try:
            connection = await self._engine.connect()
        except (DBAPIError, psycopg.Error, PoolTimeout, OSError) as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        committed = False
        try:
            begun = await connection.begin()
            raw = await connection.get_raw_connection()
            driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment]
            yield Transaction(connection, driver)
            await _uncancelled(self._commit(begun.commit, driver))
            committed = True
            self._commits.inc()
        except BaseException as error:
            if not isinstance(error, UnknownOutcome):
                self._rollbacks.inc()
            raise
        finally:
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
            raise UnknownOutcome(str(error)) from error
        finally:
            driver.remove_notice_handler(noticed)
        if warnings:
            self._unknown.inc()
            raise UnknownOutcome("; ".join(warnings))

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
                    if (error.sqlstate or "")[:2] in ("22", "23"):
                        raise DataFault(error) from error
                    if _is_away(error):
                        raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
                    raise
                self._retries.labels(self.name, why).inc()
        raise AssertionError("unreachable")

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` on one snapshot, read only: all its statements see the same moment. For replicas and pages.

        Raises unavailable when the server is away, or ended the read because replay had to go on (a replica's right).
        """
        try:
            async with self.transaction() as tx:
                await tx.fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                return await work(tx)
        except (psycopg.OperationalError, UnknownOutcome) as error:
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
    state = error.sqlstate or "08000"  # without a state the connection itself broke
    return state[:2] in ("08", "57", "53") or state == "25006"


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
