"""Channels: SQL over arrays, on the transaction it is given."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.channels import Channel, Stats

_CHANNEL: Final = """c.id, c.create_at, c.update_at, c.delete_at, c.team_id, c.type, c.display_name, c.name, c.header,
       c.purpose, c.creator_id, c.last_post_at, c.last_root_post_at, c.total_msg_count, c.total_msg_count_root"""


def _sql(text: str) -> str:
    """Write out the columns that stand for a Channel, in the order of its fields."""
    return text.replace("<channel>", _CHANNEL)


_READ: Final = _sql("SELECT <channel> FROM channels c WHERE c.id = ANY(%(ids)s) ORDER BY c.id")
_NAMED: Final = _sql("""
SELECT <channel> FROM channels c WHERE c.team_id = ANY(%(teams)s) AND c.name = ANY(%(names)s)
ORDER BY array_position(%(names)s, c.name), c.team_id DESC""")
_OF_USER: Final = _sql("""
SELECT <channel> FROM channel_members m JOIN channels c ON c.id = m.channel_id
WHERE m.user_id = %(user)s AND (%(team)s = '' OR c.team_id IN (%(team)s, ''))
  AND (c.delete_at = 0 OR (%(deleted)s AND c.delete_at >= %(since)s))
ORDER BY c.display_name, c.id""")
_OPEN: Final = _sql("""
SELECT <channel> FROM channels c WHERE c.team_id = %(team)s AND c.type = 'O' AND c.delete_at = 0
ORDER BY c.display_name, c.id LIMIT %(limit)s OFFSET %(offset)s""")
_IN_TEAM: Final = _sql("""
SELECT <channel> FROM channel_members m JOIN channels c ON c.id = m.channel_id
WHERE m.user_id = %(user)s AND c.team_id = %(team)s ORDER BY c.id""")
_INSERT: Final = """
INSERT INTO channels (id, create_at, update_at, team_id, type, display_name, name, header, purpose, creator_id)
SELECT * FROM unnest(%(ids)s::text[], %(ats)s::bigint[], %(ats)s::bigint[], %(teams)s::text[], %(types)s::text[],
  %(displays)s::text[], %(names)s::text[], %(headers)s::text[], %(purposes)s::text[], %(creators)s::text[])
ON CONFLICT (team_id, name) DO NOTHING RETURNING id"""
_UPDATE: Final = """
UPDATE channels SET update_at = %(update_at)s, delete_at = %(delete_at)s, type = %(type)s, name = %(name)s,
  display_name = %(display_name)s, header = %(header)s, purpose = %(purpose)s
WHERE id = %(id)s"""
_COUNT: Final = "SELECT count(*) AS count FROM channels WHERE team_id = %(team)s AND delete_at = 0"
_STATS: Final = """
SELECT members.all AS member_count, members.guests AS guest_count,
  (SELECT count(*) FROM posts
   WHERE channel_id = %(id)s AND is_pinned AND original_id = '' AND delete_at = 0) AS pinned_post_count,
  (SELECT coalesce(sum(file_count), 0)::bigint FROM posts
   WHERE channel_id = %(id)s AND file_count > 0 AND original_id = '' AND delete_at = 0) AS files_count
FROM (SELECT count(*) AS all, count(*) FILTER (WHERE m.scheme_guest) AS guests
      FROM channel_members m JOIN users u ON u.id = m.user_id
      WHERE m.channel_id = %(id)s AND u.delete_at = 0) AS members"""


async def read(tx: Transaction, channel_id: str) -> Channel | None:
    """Read a channel."""
    found = await read_all(tx, [channel_id])
    return found[0] if found else None


async def read_all(tx: Transaction, ids: Sequence[str]) -> list[Channel]:
    """Read those of the channels that exist, by id."""
    return [Channel(*row) for row in await tx.fetch(_READ, ids=list(ids))]


async def named(tx: Transaction, team_id: str, names: Sequence[str], *, personal: bool = False) -> list[Channel]:
    """Read a team's channels by name, in the order of the names; if `personal`, direct and group channels as well."""
    teams = [team_id, ""] if personal else [team_id]
    return [Channel(*row) for row in await tx.fetch(_NAMED, teams=teams, names=list(names))]


async def of_user(tx: Transaction, user_id: str, team_id: str, *, deleted: bool, since: int) -> list[Channel]:
    """Read a user's channels in a team and direct and group ones; archived ones if archived at or after `since`."""
    rows = await tx.fetch(_OF_USER, user=user_id, team=team_id, deleted=deleted, since=since)
    return [Channel(*row) for row in rows]


async def in_team(tx: Transaction, user_id: str, team_id: str) -> list[Channel]:
    """Read a user's channels of a team, archived ones too, direct and group ones not; by id."""
    return [Channel(*row) for row in await tx.fetch(_IN_TEAM, user=user_id, team=team_id)]


async def open_page(tx: Transaction, team_id: str, limit: int, offset: int) -> list[Channel]:
    """Read a page of a team's open channels, by display name."""
    return [Channel(*row) for row in await tx.fetch(_OPEN, team=team_id, limit=limit, offset=offset)]


async def insert(tx: Transaction, channels: Sequence[Channel]) -> bool:
    """Store new channels; return whether all names were free."""
    rows = await tx.fetch(
        _INSERT,
        ids=[c.id for c in channels],
        ats=[c.create_at for c in channels],
        teams=[c.team_id for c in channels],
        types=[c.type for c in channels],
        displays=[c.display_name for c in channels],
        names=[c.name for c in channels],
        headers=[c.header for c in channels],
        purposes=[c.purpose for c in channels],
        creators=[c.creator_id for c in channels],
    )
    return len(rows) == len(channels)


async def update(tx: Transaction, channel: Channel) -> None:
    """Store a changed or archived channel; its counters are not touched."""
    await tx.fetch(_UPDATE, **asdict(channel))


async def count(tx: Transaction, team_id: str) -> int:
    """Count a team's channels that are not archived."""
    found: int = (await tx.fetch(_COUNT, team=team_id))[0].count
    return found


async def stats(tx: Transaction, channel_id: str) -> Stats:
    """Read a channel's numbers; deactivated members don't count."""
    return Stats(*(await tx.fetch(_STATS, id=channel_id))[0])
