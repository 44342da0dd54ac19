"""How users read replies, where they have chosen; whom a post concerns who is not addressed in it.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = (
    "ALTER TABLE users ADD COLUMN collapsed_threads boolean",
    # Those of `mentioned` who are so only because they took part in the thread, and wanted to hear of it.
    "ALTER TABLE posts ADD COLUMN concerned text[] COLLATE \"C\" NOT NULL DEFAULT '{}'",
    # What was chosen before, auth knows: all users are read anew.
    "UPDATE projections SET incarnation = ''",
)


def upgrade() -> None:
    """Create the columns."""
    for statement in _STATEMENTS:
        op.execute(statement)
