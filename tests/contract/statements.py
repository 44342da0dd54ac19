"""How many statements something costs, whatever goes through the database's transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from services.chassis.database import Row, Statement, pipeline, standing


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that are run meanwhile, those of a round trip one by one; nothing else may run then.

    But not the one that goes with every COMMIT.
    """
    seen: list[str] = []
    run = pipeline.run

    async def counting(driver: Any, statements: Sequence[Statement], **ends: Any) -> list[list[Row]]:
        seen.extend(sql.strip() for sql, _ in statements if sql is not standing.DOUBT)
        return await run(driver, statements, **ends)

    with patch.object(pipeline, "run", counting):
        yield seen
