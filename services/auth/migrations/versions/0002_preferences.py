"""Preferences.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """CREATE TABLE preferences (
         user_id text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
         category text COLLATE "C" NOT NULL,
         name text COLLATE "C" NOT NULL,
         value text NOT NULL,
         PRIMARY KEY (user_id, category, name)
       ) WITH (fillfactor = 80)""",
    # Who signed up before there were preferences starts with the same ones as everybody.
    """INSERT INTO preferences (user_id, category, name, value)
       SELECT id, category, coalesce(name, id), value FROM users, (VALUES
         ('recommended_next_steps', 'hide', 'false'), ('tutorial_step', NULL, '0'), ('system_notice', 'GMasDM', 'true')
       ) AS defaults (category, name, value)""",
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
