"""Threads that users follow, who was mentioned in each post, and the keywords by which users are mentioned.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    # Whom a post mentioned, decided once: counters are set back, and recounted, from here.
    "ALTER TABLE posts ADD COLUMN mentioned text[] NOT NULL DEFAULT '{}'",
    # When a member said "unread from here"; 0 when it looked since. Posts that were deleted by then do not count.
    "ALTER TABLE channel_members ADD COLUMN marked_unread_at bigint NOT NULL DEFAULT 0",
    """CREATE INDEX channel_members_following_all ON channel_members (channel_id)
       WHERE notify_props ->> 'channel_auto_follow_threads' = 'on'""",
    # replies_seen counts those of the thread's replies that are not younger than last_viewed_at, so that a reply costs
    # no follower a write: what is unread is the thread's reply_count minus it.
    """CREATE TABLE thread_memberships (
         post_id text COLLATE "C" NOT NULL,
         user_id text COLLATE "C" NOT NULL,
         channel_id text COLLATE "C" NOT NULL,
         following boolean NOT NULL,
         last_viewed_at bigint NOT NULL DEFAULT 0,
         last_update_at bigint NOT NULL,
         replies_seen bigint NOT NULL DEFAULT 0,
         unread_mentions bigint NOT NULL DEFAULT 0,
         PRIMARY KEY (post_id, user_id)
       ) WITH (fillfactor = 80)""",
    "CREATE INDEX thread_memberships_by_user ON thread_memberships (user_id, channel_id)",
    # The words of users' notification settings, in lower case unless exact; seq is the position in auth's log.
    """CREATE TABLE mention_keywords (
         user_id text COLLATE "C" NOT NULL,
         keyword text NOT NULL,
         exact boolean NOT NULL,
         seq bigint NOT NULL,
         PRIMARY KEY (user_id, keyword, exact)
       )""",
    "CREATE INDEX mention_keywords_by_keyword ON mention_keywords (keyword, exact)",
    "CREATE INDEX mention_keywords_by_seq ON mention_keywords (seq)",
    # Users that are known already are read anew, with their keywords.
    "UPDATE projections SET incarnation = ''",
)


def upgrade() -> None:
    """Add what threads and mentions need."""
    for statement in _STATEMENTS:
        op.execute(statement)
