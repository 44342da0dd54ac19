"""Files and uploads under way.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    # folder is where the object store keeps the file's forms; thumbnail_type and preview_type are the content types
    # of those that exist. A file with a post_id is claimed by that post; confirmed_at: the post was seen to exist.
    """CREATE TABLE files (
         id text COLLATE "C" PRIMARY KEY,
         user_id text NOT NULL,
         channel_id text NOT NULL,
         post_id text COLLATE "C" NOT NULL DEFAULT '',
         root_id text COLLATE "C" NOT NULL DEFAULT '',
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0,
         name text NOT NULL,
         extension text NOT NULL,
         size bigint NOT NULL,
         mime_type text NOT NULL,
         width integer NOT NULL,
         height integer NOT NULL,
         has_preview_image boolean NOT NULL,
         mini_preview bytea NOT NULL,
         thumbnail_type text NOT NULL,
         preview_type text NOT NULL,
         folder text NOT NULL,
         claimed_at bigint NOT NULL DEFAULT 0,
         confirmed_at bigint NOT NULL DEFAULT 0
       )""",
    "CREATE INDEX files_by_post ON files (post_id) WHERE post_id <> ''",
    "CREATE INDEX files_by_root ON files (root_id) WHERE root_id <> ''",
    "CREATE INDEX files_unconfirmed ON files (claimed_at) WHERE post_id <> '' AND confirmed_at = 0",
    # Written before the bytes get their place and removed with the file's row: what stays here has bytes and no row.
    """CREATE TABLE uploads (
         id text COLLATE "C" PRIMARY KEY,
         folder text NOT NULL,
         started_at bigint NOT NULL
       )""",
)


def upgrade() -> None:
    """Create everything."""
    for statement in _STATEMENTS:
        op.execute(statement)
