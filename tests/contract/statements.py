"""How many statements something costs, whatever goes through the database's transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from services.chassis.database.engine import Row, Statement, Transaction


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are run meanwhile, those of a pipeline one by one; nothing else may run then."""
    seen: list[str] = []
    run = Transaction.pipelined

    async def pipelined(self: Transaction, *statements: Statement) -> Sequence[Sequence[Row]]:
        seen.extend(sql.strip() for sql, _ in statements)
        return await run(self, *statements)

    with patch.object(Transaction, "pipelined", pipelined):
        yield seen
