"""Statuses and known edges in PostgreSQL: SQL over arrays."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Row, Transaction
from services.presence.domain.statuses import StatusRow

_COLUMNS: Final = "user_id, status, manual, prev_status, dnd_end_time_s, last_activity_at, vouched_at"

_ENSURE: Final = """
INSERT INTO statuses (user_id, status, manual, prev_status, dnd_end_time_s, last_activity_at, vouched_at)
SELECT id, 'offline', false, '', 0, 0, 0 FROM unnest(%(ids)s::text[]) AS id ORDER BY id ON CONFLICT DO NOTHING"""
_LOCK: Final = """
SELECT user_id, status, manual, prev_status, dnd_end_time_s, last_activity_at, vouched_at
FROM statuses WHERE user_id = ANY(%(ids)s) ORDER BY user_id FOR NO KEY UPDATE"""
_SAVE: Final = """
UPDATE statuses SET status = new.status, manual = new.manual, prev_status = new.prev_status,
  dnd_end_time_s = new.dnd_end_time_s, last_activity_at = new.last_activity_at, vouched_at = new.vouched_at
FROM unnest(%(user_id)s::text[], %(status)s::text[], %(manual)s::boolean[], %(prev_status)s::text[],
            %(dnd_end_time_s)s::bigint[], %(last_activity_at)s::bigint[], %(vouched_at)s::bigint[])
  AS new (user_id, status, manual, prev_status, dnd_end_time_s, last_activity_at, vouched_at)
WHERE statuses.user_id = new.user_id"""
_GET: Final = """
SELECT user_id, status, manual, prev_status, dnd_end_time_s, last_activity_at, vouched_at
FROM statuses WHERE user_id = ANY(%(ids)s)"""
# Active users whose row already says so: the great majority of a report, left alone.
_UP_TO_DATE: Final = """
SELECT user_id FROM statuses
WHERE user_id = ANY(%(ids)s) AND last_activity_at > %(since)s AND (manual OR status <> 'away')"""
_PRESENT: Final = """
SELECT user_id FROM statuses WHERE NOT manual AND status <> 'offline' AND user_id > %(after)s
ORDER BY user_id LIMIT %(limit)s"""
_DND_OVER: Final = """
SELECT user_id FROM statuses WHERE dnd_end_time_s > 0 AND dnd_end_time_s <= %(now_s)s
ORDER BY dnd_end_time_s LIMIT %(limit)s"""


async def lock(tx: Transaction, user_ids: Sequence[str]) -> list[StatusRow]:
    """Lock the users' rows, made where there were none; in the order of their ids."""
    ids = sorted(set(user_ids))
    _, rows = await tx.pipelined((_ENSURE, {"ids": ids}), (_LOCK, {"ids": ids}))
    return [_row(row) for row in rows]


async def save(tx: Transaction, rows: Sequence[StatusRow]) -> None:
    """Write rows that `lock` returned."""
    if rows:
        await tx.fetch(_SAVE, **{name: [getattr(row, name) for row in rows] for name in _COLUMNS.split(", ")})


async def get(tx: Transaction, user_ids: Sequence[str]) -> dict[str, StatusRow]:
    """Return the rows that there are."""
    return {row.user_id: _row(row) for row in await tx.fetch(_GET, ids=list(user_ids))}


async def up_to_date(tx: Transaction, user_ids: Sequence[str], since: int) -> set[str]:
    """Return those whose rows need not change for their being active: activity noted after `since` ms, and not away."""
    return {row.user_id for row in await tx.fetch(_UP_TO_DATE, ids=list(user_ids), since=since)}


async def present(tx: Transaction, after: str, limit: int) -> list[str]:
    """Return a page of the users shown online or away by themselves, by id."""
    return [row.user_id for row in await tx.fetch(_PRESENT, after=after, limit=limit)]


async def dnd_over(tx: Transaction, now_s: int, limit: int) -> list[str]:
    """Return users whose do-not-disturb has ended, longest ago first."""
    return [row.user_id for row in await tx.fetch(_DND_OVER, now_s=now_s, limit=limit)]


async def known_edges(tx: Transaction) -> set[str]:
    """Return the edges that may hold sockets."""
    return {row.edge_id for row in await tx.fetch("SELECT edge_id FROM edges")}


async def remember_edge(tx: Transaction, edge_id: str) -> None:
    """Count an edge among those that may hold sockets."""
    await tx.fetch("INSERT INTO edges (edge_id) VALUES (%(edge_id)s) ON CONFLICT DO NOTHING", edge_id=edge_id)


async def forget_edge(tx: Transaction, edge_id: str) -> None:
    """Count an edge out."""
    await tx.fetch("DELETE FROM edges WHERE edge_id = %(edge_id)s", edge_id=edge_id)


def _row(row: Row) -> StatusRow:
    return StatusRow(*row)
