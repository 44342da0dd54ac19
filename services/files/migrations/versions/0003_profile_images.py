"""Pictures of users.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    # 128 pixels square: kept here, they need no place in the object store.
    """CREATE TABLE profile_images (
         user_id text COLLATE "C" PRIMARY KEY,
         image bytea NOT NULL,
         update_at bigint NOT NULL
       )""",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
