"""Users, sessions, the event log.

Revision ID: 0001
"""

from alembic import op

from services.chassis.events import schema

revision = "0001"
down_revision = None

_STATEMENTS = (
    # username and email hold lower case alone; COLLATE "C" makes their indexes serve prefixes too.
    """CREATE TABLE users (
         id text COLLATE "C" PRIMARY KEY,
         create_at bigint NOT NULL,
         update_at bigint NOT NULL,
         delete_at bigint NOT NULL DEFAULT 0,
         username text COLLATE "C" NOT NULL,
         email text COLLATE "C" NOT NULL,
         email_verified boolean NOT NULL DEFAULT false,
         nickname text NOT NULL DEFAULT '',
         first_name text NOT NULL DEFAULT '',
         last_name text NOT NULL DEFAULT '',
         position text NOT NULL DEFAULT '',
         roles text[] NOT NULL,
         props jsonb NOT NULL DEFAULT '{}',
         notify_props jsonb NOT NULL DEFAULT '{}',
         timezone jsonb NOT NULL DEFAULT '{}',
         locale text NOT NULL,
         password_hash text NOT NULL,
         last_password_update bigint NOT NULL DEFAULT 0,
         last_picture_update bigint NOT NULL DEFAULT 0,
         failed_attempts int NOT NULL DEFAULT 0,
         is_bot boolean NOT NULL DEFAULT false,
         bot_description text NOT NULL DEFAULT '',
         mfa_active boolean NOT NULL DEFAULT false,
         auth_service text NOT NULL DEFAULT '',
         last_activity_at bigint NOT NULL DEFAULT 0
       ) WITH (fillfactor = 80)""",
    "CREATE UNIQUE INDEX users_username ON users (username)",
    "CREATE UNIQUE INDEX users_email ON users (email)",
    """CREATE INDEX users_by_nickname ON users ((lower(nickname) COLLATE "C")) WHERE nickname <> ''""",
    """CREATE INDEX users_by_first_name ON users ((lower(first_name) COLLATE "C")) WHERE first_name <> ''""",
    """CREATE INDEX users_by_last_name ON users ((lower(last_name) COLLATE "C")) WHERE last_name <> ''""",
    """CREATE INDEX users_by_full_name ON users ((lower(first_name || ' ' || last_name) COLLATE "C"))
       WHERE first_name <> '' AND last_name <> ''""",
    "CREATE INDEX users_by_creation ON users (create_at DESC, id)",
    "CREATE INDEX users_by_activity ON users (last_activity_at DESC, id)",
    "CREATE INDEX users_by_role ON users USING gin (roles)",
    # A revoked session stays a day, so that a revocation that is asked for again finds what to announce again.
    """CREATE TABLE sessions (
         token_hash bytea PRIMARY KEY,
         id text COLLATE "C" NOT NULL UNIQUE,
         user_id text COLLATE "C" NOT NULL REFERENCES users ON DELETE CASCADE,
         create_at bigint NOT NULL,
         expires_at bigint NOT NULL,
         last_activity_at bigint NOT NULL,
         revoked_at bigint NOT NULL DEFAULT 0,
         device_id text NOT NULL DEFAULT '',
         props jsonb NOT NULL
       ) WITH (fillfactor = 70)""",
    "CREATE INDEX sessions_of_user ON sessions (user_id, create_at DESC)",
    *schema.STATEMENTS,
)


def upgrade() -> None:
    """Create everything."""
    for statement in _STATEMENTS:
        op.execute(statement)
