"""Sidebar categories, and which channels stand under which.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    # The three default categories of a team's member exist without a row; one is written when something about them
    # is changed. So joining a team costs nothing here, and no member can be without them.
    """CREATE TABLE sidebar_categories (
         user_id text COLLATE "C" NOT NULL,
         team_id text COLLATE "C" NOT NULL,
         id text COLLATE "C" NOT NULL,
         type text NOT NULL,
         display_name text NOT NULL,
         sorting text NOT NULL,
         sort_order bigint NOT NULL,
         muted boolean NOT NULL,
         collapsed boolean NOT NULL,
         PRIMARY KEY (user_id, team_id, id)
       )""",
    # A channel without a row stands under the default category of its type.
    """CREATE TABLE sidebar_channels (
         user_id text COLLATE "C" NOT NULL,
         team_id text COLLATE "C" NOT NULL,
         channel_id text COLLATE "C" NOT NULL,
         category_id text COLLATE "C" NOT NULL,
         place integer NOT NULL,
         PRIMARY KEY (user_id, team_id, channel_id)
       )""",
)


def upgrade() -> None:
    """Create both tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
