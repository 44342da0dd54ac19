"""Statuses, and the edges that are known to hold sockets.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    # status is what was last shown, so that reading it needs no Redis and losing Redis changes nobody's.
    """CREATE TABLE statuses (
         user_id text COLLATE "C" PRIMARY KEY,
         status text NOT NULL,
         manual boolean NOT NULL,
         prev_status text NOT NULL,
         dnd_end_time_s bigint NOT NULL,
         last_activity_at bigint NOT NULL,
         vouched_at bigint NOT NULL
       ) WITH (fillfactor = 70)""",
    "CREATE INDEX statuses_present ON statuses (user_id) WHERE NOT manual AND status <> 'offline'",
    "CREATE INDEX statuses_dnd ON statuses (dnd_end_time_s) WHERE dnd_end_time_s > 0",
    # Outlives Redis: as long as one of these has not reported again, what Redis knows is not everything.
    "CREATE TABLE edges (edge_id text PRIMARY KEY)",
)


def upgrade() -> None:
    """Create everything."""
    for statement in _STATEMENTS:
        op.execute(statement)
