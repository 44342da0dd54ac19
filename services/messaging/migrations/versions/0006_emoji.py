"""Custom emoji.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"

_STATEMENTS = (
    """CREATE TABLE emoji (
         id text COLLATE "C" PRIMARY KEY,
         name text COLLATE "C" NOT NULL,
         creator_id text NOT NULL,
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0
       )""",
    # A name is free again once its emoji was removed.
    "CREATE UNIQUE INDEX emoji_by_name ON emoji (name) WHERE delete_at = 0",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
