"""Fills channels with posts and members by SQL, in one statement each: what a year of use would leave behind.

The rows are as messaging writes them, older than anything that is there, and counted where messaging counts them. The
event log has nothing of them, as after a year it would not either.
"""

import secrets

import psycopg

from deploy.local.mesh import Mesh
from tests.load import database

_TABLES = ("posts", "channels", "channel_members", "users")
_POSTS = """
WITH author AS (SELECT min(user_id) AS id FROM channel_members WHERE channel_id = %(channel)s),
made AS (
  INSERT INTO posts (id, channel_id, user_id, message, create_at, update_at)
  SELECT %(run)s || to_char(n, 'FM0000000000000000'), %(channel)s, author.id,
         'What was said here long ago, number ' || n || ', and is read seldom: ' || md5(n::text),
         old.at - n, old.at - n
  FROM generate_series(1, %(count)s) AS n, author,
       (SELECT min(create_at) AS at FROM posts WHERE channel_id = %(channel)s) AS old
)
UPDATE channels SET total_msg_count = total_msg_count + %(count)s,
                    total_msg_count_root = total_msg_count_root + %(count)s
WHERE id = %(channel)s"""
_READ = """
UPDATE channel_members m SET msg_count = m.msg_count + %(count)s, msg_count_root = m.msg_count_root + %(count)s
WHERE channel_id = %(channel)s"""
_USERS = """
INSERT INTO users (id, username, nickname, first_name, last_name, email, locale, roles, is_bot, notify_props,
                   update_at, delete_at)
SELECT %(run)s || to_char(n, 'FM0000000000000000'), %(run)s || n, '', '', '', %(run)s || n || '@example.com', 'en',
       '{system_user}', false, '{}', 1, 0
FROM generate_series(1, %(count)s) AS n"""
_MEMBERS = """
INSERT INTO channel_members (channel_id, user_id, last_update_at)
SELECT %(channel)s, %(run)s || to_char(n, 'FM0000000000000000'), 1 FROM generate_series(1, %(count)s) AS n"""
_MEMBER_COUNT = "SELECT count(*) FROM channel_members WHERE channel_id = %s"


def connect(mesh: Mesh) -> psycopg.Connection:
    """A connection to messaging's database."""
    return database.connect(mesh, "chorus_messaging")


def posts(messaging: psycopg.Connection, channel: str, count: int) -> None:
    """So many more posts in a channel that has one already, read by everybody."""
    values = {"channel": channel, "count": count, "run": secrets.token_hex(5)}
    messaging.execute(_POSTS, values)
    messaging.execute(_READ, values)


def members(messaging: psycopg.Connection, channel: str, count: int) -> None:
    """People who never come, until the channel has so many members."""
    row = messaging.execute(_MEMBER_COUNT, (channel,)).fetchone()
    missing = count - (row[0] if row else 0)
    values = {"channel": channel, "count": missing, "run": secrets.token_hex(5)}
    if missing > 0:
        messaging.execute(_USERS, values)
        messaging.execute(_MEMBERS, values)


def settle(messaging: psycopg.Connection) -> None:
    """Do now what PostgreSQL would do by itself some minutes later, in the midst of what is measured."""
    for table in _TABLES:
        messaging.execute(f"VACUUM (ANALYZE) {table}")
    messaging.execute("CHECKPOINT")
