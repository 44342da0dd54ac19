"""The log's tables, the same in every service that has one; called by the service's first migration.

`topics` holds each topic's last seq and time: its row is the lock under which a seq is taken. `events` is partitioned
by time, so that old events leave with a partition and not row by row; `partitions.py` makes them ahead of time.
"""

from typing import Final

STATEMENTS: Final = (
    """CREATE TABLE topics (
         topic   text COLLATE "C" PRIMARY KEY,
         seq     bigint NOT NULL,
         last_at bigint NOT NULL
       ) WITH (fillfactor = 50)""",  # updated by every event: room for HOT updates
    """CREATE TABLE events (
         topic text COLLATE "C" NOT NULL,
         seq   bigint NOT NULL,
         at    bigint NOT NULL,
         xid   xid8 NOT NULL DEFAULT pg_current_xact_id(),
         kind  text NOT NULL,
         body  bytea NOT NULL,
         PRIMARY KEY (topic, seq, at)
       ) PARTITION BY RANGE (at)""",
    "CREATE INDEX events_by_xid ON events (xid)",
    "CREATE TABLE log_incarnation (nonce text NOT NULL)",
    "INSERT INTO log_incarnation VALUES (replace(gen_random_uuid()::text, '-', ''))",
)
