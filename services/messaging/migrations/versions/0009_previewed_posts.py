"""Posts that link to posts.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the column."""
    op.execute("ALTER TABLE posts ADD COLUMN previewed_id text COLLATE \"C\" NOT NULL DEFAULT ''")
