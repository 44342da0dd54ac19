"""One round trip of several statements over a connection of psycopg.

psycopg's own pipeline waits for the socket at every statement and converts each parameter and row by general machinery:
73 µs a statement. This one hands libpq all of them, waits once, and reads: 10 µs a statement (docs/adr/0004).
"""

from collections import namedtuple
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.waiting import Ready, Wait

from services.chassis.database.wire import TEXT, Compiled, Value, compiled, value

Row = Any
Statement = tuple[str, Mapping[str, Any]]

BEGIN: Final = b"BEGIN"
COMMIT: Final = b"COMMIT"
ROLLBACK: Final = b"ROLLBACK"

MAX_PREPARED: Final = 500
"""Statements that a connection keeps prepared; more than the code has."""

_Results = list[list[pq.abc.PGresult]]
_Key = tuple[bytes, tuple[int, ...]]


class _Prepared:
    """What one connection knows: statements that it prepared at their second use, and how their rows are made."""

    def __init__(self, driver: psycopg.AsyncConnection[Any]) -> None:
        self.transformer = Transformer(driver)
        self.names: dict[_Key, bytes] = {}
        self.seen: set[_Key] = set()
        self.numbered = 0

    def next_name(self) -> bytes:
        """Return a name never used on the connection: what failed half-way must not be taken for prepared."""
        self.numbered += 1
        return b"c%d" % self.numbered


_known: WeakKeyDictionary[psycopg.AsyncConnection[Any], _Prepared] = WeakKeyDictionary()


async def run(
    driver: psycopg.AsyncConnection[Any],
    statements: Sequence[Statement],
    *,
    first: bytes | None = None,
    last: bytes | None = None,
) -> list[list[Row]]:
    """Run statements in order, each with its own snapshot, in one round trip; return each one's rows as named tuples.

    `first` and `last` are BEGIN and COMMIT, sent with them. Raises psycopg's error of the first that failed; the server
    skips the rest of the trip, COMMIT too.
    """
    known = _known.get(driver)
    if known is None:
        known = _known[driver] = _Prepared(driver)
    trip = _Trip(driver.pgconn, known, driver.info.encoding)
    encoded = [(compiled(sql), parameters) for sql, parameters in statements]
    try:
        valued = [[value(given[name], known.transformer) for name in query.names] for query, given in encoded]
    except KeyError as error:
        raise psycopg.ProgrammingError(f"the parameter {error} is missing") from None
    driver.pgconn.enter_pipeline_mode()
    try:
        results = await driver.wait(trip.talk(first, [query for query, _ in encoded], valued, last))
    finally:
        if driver.pgconn.status == pq.ConnStatus.OK:
            driver.pgconn.exit_pipeline_mode()
    return trip.rows(results)


class _Trip:
    def __init__(self, pgconn: pq.abc.PGconn, known: _Prepared, encoding: str) -> None:
        self._pgconn, self._known, self._encoding = pgconn, known, encoding
        self._of: list[tuple[str, Any]] = []  # what each result is of: a plain command, a preparation, a query

    def talk(
        self, first: bytes | None, queries: Sequence[Compiled], values: Sequence[Sequence[Value]], last: bytes | None
    ) -> Generator[Wait, Ready | int, _Results]:
        """Send all, then read all; what libpq cannot send at once goes while answers come in."""
        pgconn = self._pgconn
        if first is not None:
            self._command(first)
        for query, parameters in zip(queries, values, strict=True):
            self._query(query, parameters)
        if last is not None:
            self._command(last)
        pgconn.pipeline_sync()
        while pgconn.flush():
            if (yield Wait.RW) & Ready.R:
                pgconn.consume_input()
        results: _Results = []
        for _ in self._of:
            results.append((yield from fetch_many(pgconn)))
        yield from fetch_many(pgconn)  # the end of the trip
        return results

    def rows(self, results: _Results) -> list[list[Row]]:
        """Return the rows of the queries; raise what the first failure was."""
        found: list[list[Row]] = []
        for (kind, about), answers in zip(self._of, results, strict=True):
            answer = answers[0]
            if answer.status in (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE):
                raise error_from_result(answer, encoding=self._encoding)
            if kind == "prepare":
                key, name = about
                self._known.names[key] = name
            elif kind == "query":
                found.append(self._made(answer))
        return found

    def _made(self, answer: pq.abc.PGresult) -> list[Row]:
        if answer.status != pq.ExecStatus.TUPLES_OK:
            return []
        transformer = self._known.transformer
        transformer.set_pgresult(answer)
        made: list[Row] = transformer.load_rows(
            0, answer.ntuples, _row_of(tuple([answer.fname(i) for i in range(answer.nfields)]))
        )
        return made

    def _command(self, command: bytes) -> None:
        self._pgconn.send_query_params(command, None)
        self._of.append(("command", None))

    def _query(self, query: Compiled, values: Sequence[Value]) -> None:
        known, key = self._known, (query.query, tuple([v.oid for v in values]))
        data, formats = [v.data for v in values], [v.format for v in values]
        name = known.names.get(key)
        if name is None and key in known.seen and len(known.names) < MAX_PREPARED:
            name = known.next_name()
            self._pgconn.send_prepare(name, query.query, param_types=key[1])
            self._of.append(("prepare", (key, name)))
        if name is not None:
            self._pgconn.send_query_prepared(name, data, param_formats=formats, result_format=TEXT)
        else:
            if len(known.seen) < MAX_PREPARED:
                known.seen.add(key)
            self._pgconn.send_query_params(
                query.query, data, param_types=key[1], param_formats=formats, result_format=TEXT
            )
        self._of.append(("query", None))


@lru_cache(maxsize=1024)
def _row_of(names: tuple[bytes | None, ...]) -> Callable[[Sequence[Any]], Row]:
    """Return what makes a named tuple of a row with these columns."""
    kind: Any = namedtuple("Row", [(name or b"").decode() for name in names], rename=True)  # type: ignore[misc]
    make: Callable[[Sequence[Any]], Row] = kind._make
    return make
