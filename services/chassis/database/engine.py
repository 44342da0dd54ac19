"""A service's database: a pool, and transactions whose end is always known or named unknown.

Statements are plain SQL over arrays. Several go in one round trip by `pipelined`, while each stays a statement of its
own with its own snapshot (DESIGN §3: lock first, then look); BEGIN goes with the first of them.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.chassis.database import pipeline, standing
from services.chassis.database.pipeline import Row, Statement
from services.chassis.database.transaction import Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics

_log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS: Final = 4
"""How often a transaction is run before a deadlock or a serialization failure is given back."""

_ALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A server's machine that vanished is noticed within about ten seconds, and not after TCP's quarter of an hour."""

_PLANNING: Final = "-c plan_cache_mode=force_generic_plan"
"""A prepared statement is planned once and not anew for each array it is given: planning took half of a post's time in
PostgreSQL (577 → 339 µs of CPU a post, `make bench-compare UNITS=post`). So a statement must be right for any
parameters: no LIKE that needs its pattern to find an index."""

_ABANDONED: Final = "-c idle_in_transaction_session_timeout=1000"
"""ms after which PostgreSQL ends a transaction whose client says nothing more: an instance that stands still in one
(stopped, swapped out) keeps its row locks, and nobody else gets to that channel or those users (seen: for as long as
presence was stopped, no edge's report got past one locked user). We say something within a few ms."""

_SNAPSHOT: Final = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_RETRIED: Final = {"40P01": "deadlock", "40001": "serialization"}


class UnknownOutcome(DomainError):
    """The connection was lost in COMMIT, COMMIT warned, or the server may not be the primary any more.

    The transaction may or may not stand, and what it read may be of the past.

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


class Database:
    """One database of one service."""

    def __init__(self, name: str, dsn: str, metrics: Metrics, *, pool_size: int = 10, standby: bool = False) -> None:
        """`dsn` as in SqlSettings.DataSource, with this service's database as its path.

        A `standby` may be behind in everything, its tables included, and is not asked whether it is the primary.
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
            pool_reset_on_return=None,  # whoever returns a connection leaves it idle
            connect_args={
                "connect_timeout": 5,
                "application_name": f"chorus-{name}",
                "options": f"{_PLANNING} {_ABANDONED}",
                **_ALIVE,
            },
        )
        self._commits, self._rollbacks, self._unknown = (
            metrics.database_transactions.labels(name, outcome) for outcome in ("commit", "rollback", "unknown")
        )
        self._seconds = metrics.database_seconds.labels(name)
        self._retries = metrics.database_retries
        self._deadlocks = metrics.database_deadlocks.labels(name)
        self._doubts = metrics.database_doubts
        self._doubt = ""
        self._closed = False
        self.origin = ""
        """What `identify` read on the newest connection: no connection outlives the server that it was made to."""
        self._timeline = ""
        if not standby:
            self._ask_each(standing.TIMELINE, "_timeline")

    async def identify(self, sql: str) -> None:
        """Read one value by `sql` on every new connection, as `origin`; a connection on which it fails is none."""
        self._ask_each(sql, "origin")
        await self._engine.dispose()  # those made before have not been asked
        await self.fetch("SELECT 1")

    def _ask_each(self, sql: str, attribute: str) -> None:
        """Keep what every new connection answers to `sql`."""

        @event.listens_for(self._engine.sync_engine, "connect")
        def connected(connection: Any, record: object) -> None:
            try:
                cursor = connection.cursor()
                cursor.execute(sql)
                setattr(self, attribute, cursor.fetchone()[0])
                cursor.close()
                connection.rollback()
            except BaseException:  # a cancellation too; the pool forgets a connection that was not made to its end
                connection.driver_connection.pgconn.finish()
                raise

    async def close(self) -> None:
        """Close all connections; one that is in use is closed by whoever gives it back, and no other is made."""
        self._closed = True
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(
        self, patience: float | None = None, *, begin: bytes = pipeline.BEGIN, shielded: bool = True
    ) -> AsyncIterator[Transaction]:
        """Open a transaction; commit when the block ends well, roll back when it raises.

        Raises UnknownOutcome when it can't be told whether COMMIT took effect, unavailable when there is no database.
        After `patience` seconds the connection is hung up, so that the statement under way fails as if it was lost.
        `shielded` finishes COMMIT even for a caller who has gone; without it, it may be cancelled in the middle.
        """
        started = time.perf_counter()
        if self._closed:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}")
        try:
            async with asyncio.timeout(patience):
                connection = await self._engine.connect()
                raw = await connection.get_raw_connection()
        except (DBAPIError, psycopg.Error, PoolTimeout, OSError) as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        driver: psycopg.AsyncConnection[Any] = raw.driver_connection  # type: ignore[assignment]
        impatience, tx = None, Transaction(driver, begin, None if self._standby else self._timeline)
        try:
            if patience is not None:
                impatience = asyncio.get_running_loop().call_later(patience, _hang_up, driver)
            yield tx
            committing = self._commit(tx, driver)
            await (_uncancelled(committing) if shielded else committing)
            self._commits.inc()
        except BaseException as error:
            if not isinstance(error, UnknownOutcome):
                self._rollbacks.inc()
                if isinstance(error, DomainError):
                    await self._roll_back(tx, driver)
            raise
        finally:
            if impatience is not None:
                impatience.cancel()
            await _put_back(connection, driver, keep=not self._closed)
            self._seconds.observe(time.perf_counter() - started)

    async def _commit(self, tx: Transaction, driver: psycopg.AsyncConnection[Any]) -> None:
        """Commit; a warning is no success: PostgreSQL warns when it gave up waiting for the standby (DESIGN §3)."""
        warnings: list[str] = []

        def noticed(notice: psycopg.errors.Diagnostic) -> None:
            if notice.severity_nonlocalized == "WARNING":
                warnings.append(notice.message_primary or "warning")

        driver.add_notice_handler(noticed)
        try:
            doubt = await tx.end(pipeline.COMMIT)
        except (psycopg.Error, OSError) as error:
            if not driver.closed and _is_answered(error):
                raise  # nothing stands
            self._unknown.inc()
            raise UnknownOutcome(self.name, str(error)) from error
        finally:
            driver.remove_notice_handler(noticed)
        if why := "; ".join(warnings) or await self._heed(doubt, driver):
            self._unknown.inc()
            raise UnknownOutcome(self.name, why)

    async def _roll_back(self, tx: Transaction, driver: psycopg.AsyncConnection[Any]) -> None:
        """End a transaction that refuses. What it read decided that, so the server must vouch for it as well."""
        if driver.info.transaction_status != TransactionStatus.INTRANS:
            return
        try:
            doubt = await tx.end(pipeline.ROLLBACK)
        except (psycopg.Error, OSError) as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        if why := await self._heed(doubt, driver):
            raise UnknownOutcome(self.name, why)

    async def _heed(self, doubt: str, driver: psycopg.AsyncConnection[Any]) -> str:
        """Return what a doubt means; tell when it begins and ends. No more is asked of a server that is another one."""
        if doubt in standing.ELSEWHERE:
            await driver.close()
        why = standing.MEANING[doubt] if doubt else ""
        if doubt != self._doubt:
            self._doubt = doubt
            if doubt:
                _log.warning("database refused: %s", why, extra={"database": self.name})
            else:
                _log.info("database vouches again", extra={"database": self.name})
        if doubt:
            self._doubts.labels(self.name, doubt).inc()
        return why

    async def transact(self, work: Callable[[Transaction], Awaitable[T]], *, shielded: bool = True) -> T:
        """Run `work` in a transaction and return what it returns; run it again after a deadlock.

        `work` may run several times, so it must keep nothing from an earlier run. Raises DataFault for data that
        can't be stored, unavailable when the database went away before COMMIT, UnknownOutcome as `transaction` does.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.transaction(shielded=shielded) as tx:
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
            async with self.transaction(patience, begin=_SNAPSHOT) as tx:
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
        return (await self.once((sql, parameters)))[0]

    async def once(self, *statements: Statement) -> list[list[Row]]:
        """Run statements that are all known beforehand as a transaction, in one round trip; return each one's rows.

        For reads above all: a caller who leaves does not wait for the end, and cannot know how it was.
        """

        async def work(tx: Transaction) -> Transaction:
            tx.conclude(*statements)
            return tx

        return (await self.transact(work, shielded=False)).concluded


def _is_away(error: psycopg.Error) -> bool:
    """Say whether it is the server's or the connection's state, and not what was asked of it."""
    if error.sqlstate is None:  # the driver's own: of a broken connection, or of a call that makes no sense
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate[:2] in ("08", "57", "53") or error.sqlstate in ("25006", "25P03")


def _is_answered(error: psycopg.Error | OSError) -> bool:
    """Say whether the server refused, or the driver, which then never sent it; else the connection broke."""
    return isinstance(error, psycopg.Error) and (
        error.sqlstate is not None or not isinstance(error, psycopg.OperationalError)
    )


def _is_fault_of_data(error: psycopg.Error) -> bool:
    """Say whether it is in what was to be stored; a NUL in a text is refused by the driver, without a state."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.DataError)
    return error.sqlstate[:2] in ("22", "23")


def _hang_up(driver: psycopg.AsyncConnection[Any]) -> None:
    """Cut the line, so that whoever waits for the server hears that it is lost. Cancelling would wait for it too."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


async def _put_back(connection: AsyncConnection, driver: psycopg.AsyncConnection[Any], *, keep: bool) -> None:
    """Return the connection to its pool, rolled back if it has to be; drop it when its state cannot be known."""
    try:
        if not keep:
            await connection.invalidate()
        elif driver.info.transaction_status != TransactionStatus.IDLE:
            await _uncancelled(_leave(connection, driver))
        await connection.close()
    except (DBAPIError, psycopg.Error, OSError):
        _log.warning("connection could not be returned", exc_info=True)


async def _leave(connection: AsyncConnection, driver: psycopg.AsyncConnection[Any]) -> None:
    if driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
        with suppress(psycopg.Error, OSError):
            await pipeline.run(driver, (), first=pipeline.ROLLBACK)
    if driver.info.transaction_status != TransactionStatus.IDLE:
        await connection.invalidate()


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
