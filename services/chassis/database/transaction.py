"""An open transaction, as operations and stores use it."""

from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from services.chassis.database import pipeline, standing
from services.chassis.database.pipeline import Row, Statement

VOUCHING: Final[Statement] = ("SELECT pg_logical_emit_message(true, 'chorus', '')", {})
"""Lets COMMIT wait for the disk and for the standby although nothing is written: for a transaction whose answer is what
it found, because an earlier one was lost in COMMIT and may so far stand here alone (DESIGN §3)."""


class Transaction:
    """An open transaction. Statements raise psycopg's errors; see `Database.transact` for what becomes of them."""

    def __init__(self, driver: psycopg.AsyncConnection[Any], begin: bytes, timeline: str | None) -> None:
        """Made by `Database.transaction`; `begin` travels with the first statement.

        `timeline` is the primary's, which must vouch for what it shows; None for a standby, which never can.
        """
        self._driver, self._begin, self._timeline = driver, begin, timeline
        self._last: tuple[Statement, ...] = ()
        self.concluded: list[list[Row]] = []
        """The rows of what concluded, once it is committed."""

    async def fetch(self, sql: str, **parameters: Any) -> list[Row]:
        """Run one plain statement with `%(name)s` parameters; return its rows as named tuples."""
        return (await self.pipelined((sql, parameters)))[0]

    async def pipelined(self, *statements: Statement) -> list[list[Row]]:
        """Send statements in one round trip; they run in order, each with its own snapshot. Return each one's rows."""
        return await pipeline.run(self._driver, statements, first=self._beginning())

    def conclude(self, *statements: Statement) -> None:
        """Have these run at the end, in the same round trip as COMMIT."""
        self._last = (*self._last, *statements)

    def vouch(self) -> None:
        """Have COMMIT wait as if something was written: the answer is that all stands already. See `VOUCHING`."""
        self.conclude(VOUCHING)

    async def end(self, last: bytes) -> str:
        """Run what concludes, and COMMIT or ROLLBACK; return why the server can't vouch for it, empty if it can.

        For `Database` alone.
        """
        commits, begin = last is pipeline.COMMIT, self._beginning()
        statements = self._last if commits else ()
        if begin is not None and not statements:  # nothing was ever sent
            return ""
        if self._timeline is None:
            self.concluded = await pipeline.run(self._driver, statements, first=begin, last=last)
            return ""
        doubting = standing.doubting(self._timeline, commits=commits)
        *self.concluded, found = await pipeline.run(self._driver, (*statements, doubting), first=begin, last=last)
        doubt: str = found[0].why
        return doubt

    def _beginning(self) -> bytes | None:
        return self._begin if self._driver.info.transaction_status == TransactionStatus.IDLE else None
