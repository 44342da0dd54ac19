"""PostgreSQL: pools, transactions that end in a known way, migrations."""

from services.chassis.database.engine import (
    VOUCHING,
    Database,
    DataFault,
    Row,
    Statement,
    Transaction,
    UnknownOutcome,
)
from services.chassis.database.migrations import migrate

__all__ = ["VOUCHING", "DataFault", "Database", "Row", "Statement", "Transaction", "UnknownOutcome", "migrate"]
