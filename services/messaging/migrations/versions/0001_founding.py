"""Teams, channels, memberships, posts, reactions, the event log, and the projection of users.

Revision ID: 0001
"""

from alembic import op

from services.chassis.events import schema

revision = "0001"
down_revision = None

_STATEMENTS = (
    # What messaging keeps of auth's users, fed from auth's log in order; never written otherwise.
    """CREATE TABLE users (
         id text COLLATE "C" PRIMARY KEY,
         username text NOT NULL,
         nickname text NOT NULL,
         first_name text NOT NULL,
         last_name text NOT NULL,
         email text NOT NULL,
         locale text NOT NULL,
         roles text[] NOT NULL,
         is_bot boolean NOT NULL,
         notify_props jsonb NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL
       )""",
    "CREATE INDEX users_by_username ON users (username text_pattern_ops)",
    """CREATE TABLE projections (
         source text PRIMARY KEY, incarnation text NOT NULL, seq bigint NOT NULL
       )""",
    """CREATE TABLE teams (
         id text COLLATE "C" PRIMARY KEY,
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0,
         display_name text NOT NULL,
         name text NOT NULL UNIQUE,
         description text NOT NULL DEFAULT '',
         email text NOT NULL DEFAULT '',
         type text NOT NULL,
         company_name text NOT NULL DEFAULT '',
         allowed_domains text NOT NULL DEFAULT '',
         invite_id text NOT NULL UNIQUE,
         allow_open_invite boolean NOT NULL DEFAULT false
       )""",
    """CREATE TABLE team_members (
         team_id text COLLATE "C" NOT NULL REFERENCES teams,
         user_id text COLLATE "C" NOT NULL,
         scheme_guest boolean NOT NULL DEFAULT false,
         scheme_user boolean NOT NULL DEFAULT true,
         scheme_admin boolean NOT NULL DEFAULT false,
         explicit_roles text NOT NULL DEFAULT '',
         create_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0,
         PRIMARY KEY (team_id, user_id)
       )""",
    "CREATE INDEX team_members_by_user ON team_members (user_id)",
    """CREATE TABLE channels (
         id text COLLATE "C" PRIMARY KEY,
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0,
         team_id text COLLATE "C" NOT NULL,
         type text NOT NULL,
         display_name text NOT NULL,
         name text NOT NULL,
         header text NOT NULL DEFAULT '',
         purpose text NOT NULL DEFAULT '',
         creator_id text NOT NULL DEFAULT '',
         last_post_at bigint NOT NULL DEFAULT 0,
         last_root_post_at bigint NOT NULL DEFAULT 0,
         total_msg_count bigint NOT NULL DEFAULT 0,
         total_msg_count_root bigint NOT NULL DEFAULT 0,
         UNIQUE (team_id, name)
       ) WITH (fillfactor = 70)""",
    """CREATE TABLE channel_members (
         channel_id text COLLATE "C" NOT NULL REFERENCES channels,
         user_id text COLLATE "C" NOT NULL,
         scheme_guest boolean NOT NULL DEFAULT false,
         scheme_user boolean NOT NULL DEFAULT true,
         scheme_admin boolean NOT NULL DEFAULT false,
         explicit_roles text NOT NULL DEFAULT '',
         last_viewed_at bigint NOT NULL DEFAULT 0,
         msg_count bigint NOT NULL DEFAULT 0,
         msg_count_root bigint NOT NULL DEFAULT 0,
         mention_count bigint NOT NULL DEFAULT 0,
         mention_count_root bigint NOT NULL DEFAULT 0,
         notify_props jsonb NOT NULL DEFAULT '{}',
         last_update_at bigint NOT NULL,
         PRIMARY KEY (channel_id, user_id)
       ) WITH (fillfactor = 80)""",
    "CREATE INDEX channel_members_by_user ON channel_members (user_id)",
    # props is JSON kept as the text that came, so that no post pays for parsing what only clients read;
    # files is a serialized chorus.messaging.v1.FileList.
    """CREATE TABLE posts (
         id text COLLATE "C" PRIMARY KEY,
         channel_id text COLLATE "C" NOT NULL,
         user_id text NOT NULL,
         root_id text COLLATE "C" NOT NULL DEFAULT '',
         original_id text NOT NULL DEFAULT '',
         message text NOT NULL,
         type text NOT NULL DEFAULT '',
         props text NOT NULL DEFAULT '{}',
         hashtags text NOT NULL DEFAULT '',
         files bytea NOT NULL DEFAULT '',
         file_count smallint NOT NULL DEFAULT 0,
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         edit_at bigint NOT NULL DEFAULT 0,
         delete_at bigint NOT NULL DEFAULT 0,
         is_pinned boolean NOT NULL DEFAULT false,
         has_reactions boolean NOT NULL DEFAULT false,
         reply_count bigint NOT NULL DEFAULT 0,
         last_reply_at bigint NOT NULL DEFAULT 0,
         participants text[] NOT NULL DEFAULT '{}'
       ) WITH (fillfactor = 90)""",
    # Two live posts of a channel never share a time: a page boundary is a time, and must fall between posts.
    "CREATE UNIQUE INDEX posts_by_time ON posts (channel_id, create_at) WHERE original_id = ''",
    "CREATE INDEX posts_by_change ON posts (channel_id, update_at)",
    "CREATE INDEX posts_of_thread ON posts (root_id, create_at) WHERE root_id <> '' AND original_id = ''",
    "CREATE INDEX posts_pinned ON posts (channel_id) WHERE is_pinned AND original_id = '' AND delete_at = 0",
    "CREATE INDEX posts_with_files ON posts (channel_id) WHERE file_count > 0 AND original_id = '' AND delete_at = 0",
    # Which post a client's own id became; kept for 24 h.
    """CREATE TABLE post_claims (
         user_id text COLLATE "C" NOT NULL,
         pending_post_id text COLLATE "C" NOT NULL,
         post_id text NOT NULL,
         claimed_at bigint NOT NULL,
         PRIMARY KEY (user_id, pending_post_id)
       )""",
    "CREATE INDEX post_claims_by_age ON post_claims (claimed_at)",
    """CREATE TABLE reactions (
         post_id text COLLATE "C" NOT NULL,
         user_id text NOT NULL,
         emoji_name text NOT NULL,
         create_at bigint NOT NULL,
         PRIMARY KEY (post_id, user_id, emoji_name)
       )""",
    *schema.STATEMENTS,
)


def upgrade() -> None:
    """Create everything."""
    for statement in _STATEMENTS:
        op.execute(statement)
