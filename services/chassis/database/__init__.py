"""PostgreSQL: pools, transactions that end in a known way, migrations."""

from services.chassis.database.engine import VOUCHING, Database, DataFault, Transaction, UnknownOutcome
from services.chassis.database.migrations import migrate
from services.chassis.database.pipeline import Row, Statement

__all__ = ["VOUCHING", "DataFault", "Database", "Row", "Statement", "Transaction", "UnknownOutcome", "migrate"]
