"""PostgreSQL: pools, transactions that end in a known way, migrations."""

from services.chassis.database.engine import Database, DataFault, Row, Statement, Transaction, UnknownOutcome
from services.chassis.database.migrations import migrate

__all__ = ["DataFault", "Database", "Row", "Statement", "Transaction", "UnknownOutcome", "migrate"]
