"""Whose a bot is.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "ALTER TABLE users ADD COLUMN bot_owner_id text COLLATE \"C\" NOT NULL DEFAULT ''",
    "CREATE INDEX users_bots ON users (create_at, id) WHERE is_bot",
)


def upgrade() -> None:
    """Add the column."""
    for statement in _STATEMENTS:
        op.execute(statement)
