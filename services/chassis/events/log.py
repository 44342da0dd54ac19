"""Appending to the log and reading it.

A topic's events have the seqs 1, 2, 3 … in the order of their commits, because the seq is taken under the lock of the
topic's row and the lock is held until COMMIT. `at` strictly increases with it, whatever the machines' clocks do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chorus.common.v1 import events_pb2
from services.chassis.clock import Clock
from services.chassis.database import Database, Statement, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.events.partitions import Partitions
from services.chassis.tasks import Tasks

LockedTopics = dict[str, "TopicState"]

_CREATE: Final = """
INSERT INTO topics (topic, seq, last_at) SELECT t, 0, 0 FROM unnest(%(topics)s::text[]) AS t ON CONFLICT DO NOTHING"""
_LOCK: Final = """
SELECT topic, seq, last_at FROM topics WHERE topic = ANY(%(topics)s) ORDER BY topic FOR NO KEY UPDATE"""
_ADVANCE: Final = """
UPDATE topics SET seq = new.seq, last_at = new.at
FROM unnest(%(topics)s::text[], %(seqs)s::bigint[], %(ats)s::bigint[]) AS new (topic, seq, at)
WHERE topics.topic = new.topic"""
_INSERT: Final = """
INSERT INTO events (topic, seq, at, kind, body)
SELECT * FROM unnest(
  %(topics)s::text[], %(seqs)s::bigint[], %(ats)s::bigint[], %(kinds)s::text[], %(bodies)s::bytea[])"""
_LIST: Final = """
SELECT seq, at, kind, body FROM events
WHERE topic = %(topic)s AND seq > %(after)s AND seq <= %(upto)s ORDER BY seq LIMIT %(limit)s"""
_CURRENT: Final = "SELECT topic, seq FROM topics WHERE topic = ANY(%(topics)s)"
_CHANGED: Final = """
SELECT changed.topic, changed.seq, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS cursor
FROM (VALUES (1)) AS always LEFT JOIN (
  SELECT topic, max(seq) AS seq FROM events WHERE xid >= %(cursor)s::text::xid8 GROUP BY topic) AS changed ON true"""
_CURSOR: Final = """
SELECT pg_snapshot_xmin(now)::text::bigint AS cursor, pg_snapshot_xmax(now)::text::bigint AS ahead
FROM pg_current_snapshot() AS now"""
# The timeline by the position that is being written: the last checkpoint's is still the old one just after a promotion.
# It can't be asked of a standby, which therefore is never taken for the primary.
_INCARNATION: Final = """
SELECT system_identifier::text || '.' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) || '.' || nonce
FROM pg_control_system(), log_incarnation"""


@dataclass(slots=True)
class TopicState:
    """A locked topic: its last seq and time; both move on as events are announced."""

    seq: int
    last_at: int

    def next_at(self, now_ms: int) -> int:
        """Return the time that a change made now takes: after everything in the topic, in ms."""
        return max(now_ms, self.last_at + 1)


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event to be: `body` is the serialized message that `kind` names in the owner's events.proto."""

    topic: str
    kind: str
    body: bytes
    at_ms: int


class EventLog:
    """The log of one service."""

    def __init__(self, database: Database) -> None:
        """Made by `open`."""
        self._database = database

    @classmethod
    async def open(cls, database: Database, clock: Clock, tasks: Tasks) -> "EventLog":
        """Return the log of a migrated database, with the partitions that it writes to, and have them kept."""
        partitions = Partitions(database, clock)
        await partitions.ensure()
        tasks.spawn("partitions", partitions.run())
        await database.identify(_INCARNATION)
        return cls(database)

    @property
    def incarnation(self) -> str:
        """Which log this is: the server's identity, its timeline, and a nonce that a restore writes.

        Known by each connection, since none outlives what changes it; so entries and answers carry that of the log
        that they were written to or read from.
        """
        return self._database.origin

    def locking(self, topics: Iterable[str]) -> tuple[Statement, Statement]:
        """Return the statements that create missing topics and lock all, in the one order; see `locked`."""
        ordered = sorted(set(topics))
        return (_CREATE, {"topics": ordered}), (_LOCK, {"topics": ordered})

    def locking_existing(self, topics: Iterable[str]) -> Statement:
        """Return the statement that locks those topics that exist, in the one order; see `locked`."""
        return _LOCK, {"topics": sorted(set(topics))}

    @staticmethod
    def locked(rows: Sequence[object]) -> LockedTopics:
        """Read what the lock statement answered."""
        return {row.topic: TopicState(row.seq, row.last_at) for row in rows}  # type: ignore[attr-defined]

    async def lock(self, tx: Transaction, topics: Iterable[str]) -> LockedTopics:
        """Lock topics, creating missing ones. All of a transaction's topics in one call: that is the lock order."""
        return self.locked((await tx.pipelined(*self.locking(topics)))[1])

    def appending(
        self, topics: Mapping[str, TopicState], announcements: Sequence[Announcement]
    ) -> tuple[list[events_pb2.LogEntry], list[Statement]]:
        """Take the announcements' seqs from the locked topics; return the entries and what stores them."""
        entries = []
        for announcement in announcements:
            state = topics[announcement.topic]
            state.seq += 1
            # Several events of one change share its time; seq alone tells them apart.
            state.last_at = max(state.last_at, announcement.at_ms)
            entries.append(
                events_pb2.LogEntry(
                    topic=announcement.topic,
                    seq=state.seq,
                    at_ms=announcement.at_ms,
                    kind=announcement.kind,
                    body=announcement.body,
                    incarnation=self.incarnation,
                )
            )
        touched = sorted({entry.topic for entry in entries})
        return entries, [
            (
                _ADVANCE,
                {
                    "topics": touched,
                    "seqs": [topics[t].seq for t in touched],
                    "ats": [topics[t].last_at for t in touched],
                },
            ),
            (
                _INSERT,
                {
                    "topics": [e.topic for e in entries],
                    "seqs": [e.seq for e in entries],
                    "ats": [e.at_ms for e in entries],
                    "kinds": [e.kind for e in entries],
                    "bodies": [e.body for e in entries],
                },
            ),
        ]

    async def append(
        self, tx: Transaction, topics: Mapping[str, TopicState], announcements: Sequence[Announcement]
    ) -> list[events_pb2.LogEntry]:
        """Append announcements to topics locked by this transaction; hand the entries to a Publisher after COMMIT."""
        if not announcements:
            return []
        entries, statements = self.appending(topics, announcements)
        await tx.pipelined(*statements)
        return entries

    async def list(self, topic: str, after: int, upto: int, limit: int) -> list[events_pb2.LogEntry]:
        """Return a topic's events behind `after`. Raises log_truncated when the first of them is no longer kept."""
        span = {"topic": topic, "after": after, "upto": upto or 2**62, "limit": limit or 1000}
        rows = await self._database.fetch(_LIST, **span)
        if not rows and (not upto or upto > after) and (await self.current([topic]))[topic] > after:
            rows = await self._database.fetch(_LIST, **span)  # what came between the two questions is not missing
            if not rows:
                raise DomainError(Reason.LOG_TRUNCATED, topic=topic)
        if rows and rows[0].seq != after + 1:
            raise DomainError(Reason.LOG_TRUNCATED, topic=topic)
        return [
            events_pb2.LogEntry(
                topic=topic, seq=row.seq, at_ms=row.at, kind=row.kind, body=row.body, incarnation=self.incarnation
            )
            for row in rows
        ]

    def reading(self, topics: Iterable[str]) -> Statement:
        """Return the statement that reads (topic, seq) of topics that exist, for one snapshot with other reads."""
        return _CURRENT, {"topics": list(topics)}

    async def current(self, topics: Sequence[str]) -> dict[str, int]:
        """Return the topics' positions; 0 for one without events."""
        sql, parameters = self.reading(topics)
        rows = await self._database.fetch(sql, **parameters)
        found = {row.topic: row.seq for row in rows}
        return {topic: found.get(topic, 0) for topic in topics}

    async def changed(self, cursor: int) -> tuple[dict[str, int], int]:
        """Return the topics with events of transactions not older than `cursor`, and the next cursor.

        A transaction that was open when the cursor was taken is not older than it, so nothing is missed.
        """
        (now,) = await self._database.fetch(_CURSOR)
        if not cursor or now.ahead <= cursor:  # no transaction since then has ended: there is nothing to look for
            return {}, now.cursor
        rows = await self._database.fetch(_CHANGED, cursor=str(cursor))
        return {row.topic: row.seq for row in rows if row.topic is not None}, rows[0].cursor
