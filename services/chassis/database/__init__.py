"""PostgreSQL: pools, transactions that end in a known way, migrations."""

from services.chassis.database.engine import Database, DataFault, UnknownOutcome
from services.chassis.database.migrations import migrate
from services.chassis.database.pipeline import Row, Statement
from services.chassis.database.transaction import VOUCHING, Transaction

__all__ = ["VOUCHING", "DataFault", "Database", "Row", "Statement", "Transaction", "UnknownOutcome", "migrate"]
