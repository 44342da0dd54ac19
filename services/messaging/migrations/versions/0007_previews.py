"""Previews of links.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"

_STATEMENTS = (
    # A serialized Preview: what a post shows of its links, kept with it as its files are.
    "ALTER TABLE posts ADD COLUMN preview bytea NOT NULL DEFAULT ''",
    # What links led to when they were last looked at, for as long as that is fresh; a serialized LinkMetadata.
    """CREATE TABLE link_metadata (
         url text COLLATE "C" PRIMARY KEY,
         fetched_at bigint NOT NULL,
         metadata bytea NOT NULL
       )""",
    "CREATE INDEX link_metadata_by_age ON link_metadata (fetched_at)",
    # Posts whose links are still to be looked at. Whoever looks has the post until leased_until.
    """CREATE TABLE awaited_previews (
         post_id text COLLATE "C" PRIMARY KEY,
         asked_at bigint NOT NULL,
         leased_until bigint NOT NULL DEFAULT 0
       )""",
    "CREATE INDEX awaited_previews_by_lease ON awaited_previews (leased_until)",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
