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

from services.chassis.database import pipeline, standing
from services.chassis.database.pipeline import Row, Statement
from services.chassis.database.pool import Connection, Pool
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
        self._pool = Pool(
            dsn,
            pool_size,
            connect_timeout=5,
            application_name=f"chorus-{name}",
            options=f"{_PLANNING} {_ABANDONED}",
            **_ALIVE,
        )
        self._commits, self._rollbacks, self._unknown = (
            metrics.database_transactions.labels(name, outcome) for outcome in ("commit", "rollback", "unknown")
        )
        self._seconds = metrics.database_seconds.labels(name)
        self._retries = metrics.database_retries
        self._deadlocks = metrics.database_deadlocks.labels(name)
        self._doubts = metrics.database_doubts
        self._doubt = ""
        self.origin = ""
        """What `identify` read on the newest connection: no connection outlives the server that it was made to."""
        self._timeline = ""
        if not standby:
            self._ask_each(standing.TIMELINE, "_timeline")

    async def identify(self, sql: str) -> None:
        """Read one value by `sql` on every new connection, as `origin`; a connection on which it fails is none."""
        self._ask_each(sql, "origin")
        await self._pool.empty()  # those made before have not been asked
        await self.fetch("SELECT 1")

    def _ask_each(self, sql: str, attribute: str) -> None:
        """Keep what every new connection answers to `sql`."""

        async def ask(connection: Connection) -> None:
            ((row,),) = await pipeline.run(connection, ((sql, {}),))
            setattr(self, attribute, row[0])

        self._pool.greet(ask)

    async def close(self) -> None:
        """Close all connections; one that is in use is closed by whoever gives it back, and no other is made."""
        await self._pool.close()

    async def _connection(self, patience: float | None) -> Connection:
        """Take a connection within `patience` seconds. Raises unavailable."""
        try:
            async with asyncio.timeout(patience):
                return await self._pool.take()
        except (psycopg.Error, OSError) as error:  # a TimeoutError too
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error

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
        driver = await self._connection(patience)
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
            await self._put_back(driver)
            self._seconds.observe(time.perf_counter() - started)

    async def _commit(self, tx: Transaction, driver: Connection) -> None:
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

    async def _roll_back(self, tx: Transaction, driver: Connection) -> None:
        """End a transaction that refuses. What it read decided that, so the server must vouch for it as well."""
        if driver.info.transaction_status != TransactionStatus.INTRANS:
            return
        try:
            doubt = await tx.end(pipeline.ROLLBACK)
        except (psycopg.Error, OSError) as error:
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error
        if why := await self._heed(doubt, driver):
            raise UnknownOutcome(self.name, why)

    async def _heed(self, doubt: str, driver: Connection) -> str:
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
                    self._name(error)
                    raise
                self._retries.labels(self.name, why).inc()
        raise AssertionError("unreachable")

    def _name(self, error: psycopg.Error) -> None:
        """Raise what an error is to callers: a fault of their data, or unavailable. Any other is a fault of ours."""
        if _is_fault_of_data(error):
            raise DataFault(error) from error
        if _is_away(error):
            raise DomainError(Reason.UNAVAILABLE, part=f"database {self.name}") from error

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
        driver = await self._connection(None)
        try:
            await driver.execute(sql)
        finally:
            await self._put_back(driver)

    async def fetch(self, sql: str, **parameters: Any) -> list[Row]:
        """Run one plain statement in a transaction of its own; return its rows."""
        return (await self.once((sql, parameters)))[0]

    async def once(self, *statements: Statement) -> list[list[Row]]:
        """Read by statements that are all known beforehand, in one round trip; return each one's rows.

        Raises what `transact` does, UnknownOutcome when the server may not be the primary any more. Without BEGIN and
        COMMIT: PostgreSQL takes what comes before the end of a round trip for one transaction, with a snapshot for each
        statement, and for what writes nothing there is no end to be told of.
        """
        started = time.perf_counter()
        driver = await self._connection(None)
        doubt = ""
        try:
            if self._standby:
                rows = await pipeline.run(driver, statements)
            else:
                doubting = standing.doubting(self._timeline, commits=False)
                *rows, found = await pipeline.run(driver, (*statements, doubting))
                doubt = found[0].why
            why = await self._heed(doubt, driver)
        except psycopg.Error as error:
            self._rollbacks.inc()
            self._name(error)
            raise
        finally:
            await self._put_back(driver)
            self._seconds.observe(time.perf_counter() - started)
        if why:
            self._unknown.inc()
            raise UnknownOutcome(self.name, why)
        self._commits.inc()
        return rows

    async def _put_back(self, driver: Connection) -> None:
        """Return the connection to the pool, rolled back if it has to be; it is dropped when its state is not known."""
        try:
            if driver.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                with suppress(psycopg.Error, OSError):
                    await _uncancelled(pipeline.run(driver, (), first=pipeline.ROLLBACK))
        finally:  # also for a caller who is cancelled meanwhile: its place would be lost for good
            await self._pool.put(driver)


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


def _hang_up(driver: Connection) -> None:
    """Cut the line, so that whoever waits for the server hears that it is lost. Cancelling would wait for it too."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


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
