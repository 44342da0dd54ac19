"""Whether the server that answers is the primary still; asked with every answer (DESIGN §5).

A primary that stood still while a standby was promoted knows nothing of it, and would show the past to whoever still
reaches it. A transaction that wrote waits in COMMIT for a standby, and none answers a deposed primary; one that only
read asks here, by a statement that goes with its COMMIT or ROLLBACK and costs no round trip. It comes last: what holds
after the reading held before it.

Where `synchronous_standby_names` is empty no COMMIT waits for anybody, and a deposed primary cannot be told by this.
"""

from collections.abc import Mapping
from typing import Final

from services.chassis.database.pipeline import Statement

# A standby is promoted when it has not heard of its primary for longer than these two seconds (Patroni's ttl is 20 s
# and more), or else by a hand that closes its connection, which takes it off this list at once. It has to report every
# second: wal_receiver_status_interval = 1s. The time of its report is by its own clock.
_HEARD: Final = """EXISTS (
  SELECT FROM pg_stat_get_wal_senders() AS standby
  WHERE standby.sync_state IN ('sync', 'quorum') AND standby.reply_time > clock_timestamp() - interval '2 s')"""
_TIMELINE: Final = "substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"

TIMELINE: Final = f"SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE {_TIMELINE} END"
"""Which of a primary's lives this is: every promotion begins another."""

DOUBT: Final = f"""
SELECT CASE
  WHEN pg_is_in_recovery() THEN 'recovery'
  WHEN {_TIMELINE} <> %(timeline)s THEN 'timeline'
  WHEN current_setting('synchronous_standby_names') = '' THEN ''
  WHEN %(commits)s AND pg_current_xact_id_if_assigned() IS NOT NULL THEN ''
  WHEN {_HEARD} THEN ''
  WHEN NOT pg_has_role('pg_read_all_stats', 'USAGE') THEN 'blind'
  ELSE 'alone' END AS why"""
"""Empty for a server that is the primary still; else why it may not be, see `MEANING`."""

MEANING: Final[Mapping[str, str]] = {
    "recovery": "the server is a standby: let SqlSettings.DataSource lead to the primary",
    "timeline": "the connection leads to a primary of before a fail-over; it is made anew",
    "blind": "the database's user may not see whether a standby follows: GRANT pg_read_all_stats to it",
    "alone": "no synchronous standby was heard from for 2 s, so another primary may be in charge: start a standby, "
    "or empty synchronous_standby_names if this is the only server",
}
"""What an operator is told, by doubt."""

ELSEWHERE: Final = frozenset({"recovery", "timeline"})
"""Doubts that end with another connection."""


def doubting(timeline: str, *, commits: bool) -> Statement:
    """Return the last statement of a transaction that `commits` or is rolled back; its one row's `why` is a doubt.

    `timeline` is that of the newest connection.
    """
    return DOUBT, {"timeline": timeline, "commits": commits}
