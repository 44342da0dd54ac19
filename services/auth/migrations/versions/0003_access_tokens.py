"""Personal access tokens.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """CREATE TABLE access_tokens (
         id text COLLATE "C" PRIMARY KEY,
         token_hash bytea NOT NULL UNIQUE,
         user_id text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
         description text NOT NULL,
         is_active boolean NOT NULL DEFAULT true,
         create_at bigint NOT NULL
       )""",
    "CREATE INDEX access_tokens_of_user ON access_tokens (user_id, create_at)",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
