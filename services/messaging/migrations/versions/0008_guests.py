"""Guests are found among many members.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_STATEMENTS = ("CREATE INDEX channel_members_guests ON channel_members (channel_id, user_id) WHERE scheme_guest",)


def upgrade() -> None:
    """Create the index."""
    for statement in _STATEMENTS:
        op.execute(statement)
