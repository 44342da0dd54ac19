"""The time zones of users.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "ALTER TABLE users ADD COLUMN timezone text NOT NULL DEFAULT ''",
    # Users that are known already are read anew, with their zones.
    "UPDATE projections SET incarnation = ''",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
