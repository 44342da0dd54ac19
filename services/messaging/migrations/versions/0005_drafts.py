"""Drafts.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = (
    # props and priority are JSON as text, files is a serialized FileList, as in posts.
    """CREATE TABLE drafts (
         user_id text COLLATE "C" NOT NULL,
         channel_id text COLLATE "C" NOT NULL,
         root_id text COLLATE "C" NOT NULL DEFAULT '',
         message text NOT NULL,
         type text NOT NULL DEFAULT '',
         props text NOT NULL DEFAULT '{}',
         files bytea NOT NULL DEFAULT '',
         priority text NOT NULL DEFAULT '',
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         PRIMARY KEY (user_id, channel_id, root_id)
       )""",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
