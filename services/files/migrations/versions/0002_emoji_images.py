"""Pictures of custom emoji.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    # Small ones, at most half a megabyte and 128 pixels wide: kept here, they need no place in the object store.
    """CREATE TABLE emoji_images (
         emoji_id text COLLATE "C" PRIMARY KEY,
         content_type text NOT NULL,
         image bytea NOT NULL,
         create_at bigint NOT NULL
       )""",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
