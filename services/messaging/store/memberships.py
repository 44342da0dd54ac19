"""Channel members: SQL over arrays, on the transaction it is given."""

from collections.abc import Mapping, Sequence
from typing import Final

from psycopg.types.json import Jsonb

from services.chassis.database import Transaction
from services.messaging.domain.memberships import Member, Seen
from services.messaging.store import threads

MEMBER: Final = """m.channel_id, m.user_id, m.scheme_guest, m.scheme_user, m.scheme_admin, m.explicit_roles,
       m.last_viewed_at, m.msg_count, m.msg_count_root, m.mention_count, m.mention_count_root, m.last_update_at,
       m.notify_props"""
"""The columns that stand for a Member."""


def _sql(text: str) -> str:
    """Write out the columns that stand for a Member, in the order of its fields."""
    return text.replace("<member>", MEMBER)


_READ: Final = _sql("""
SELECT <member> FROM channel_members m WHERE m.channel_id = %(channel)s AND m.user_id = ANY(%(users)s)
ORDER BY m.user_id""")
_PAGE: Final = _sql("""
SELECT <member> FROM channel_members m WHERE m.channel_id = %(channel)s
ORDER BY m.user_id LIMIT %(limit)s OFFSET %(offset)s""")
_OF_USER: Final = _sql("""
SELECT <member> FROM channel_members m JOIN channels c ON c.id = m.channel_id
WHERE m.user_id = %(user)s AND c.delete_at = 0 AND (%(team)s = '' OR c.team_id IN (%(team)s, ''))
ORDER BY m.channel_id""")
_PAIRS: Final = """
SELECT channel_id, user_id FROM channel_members WHERE user_id = ANY(%(users)s) AND channel_id = ANY(%(channels)s)"""
_INSERT: Final = """
INSERT INTO channel_members (channel_id, user_id, scheme_guest, scheme_user, scheme_admin, notify_props, last_update_at)
SELECT * FROM unnest(%(channels)s::text[], %(users)s::text[], %(guests)s::boolean[], %(plain)s::boolean[],
  %(admins)s::boolean[], %(notify)s::jsonb[], %(ats)s::bigint[]) ON CONFLICT DO NOTHING"""
_DELETE: Final = """
DELETE FROM channel_members WHERE user_id = %(user)s AND channel_id = ANY(%(channels)s)"""
_SEEN: Final = """
SELECT c.id, c.team_id, c.last_post_at, c.total_msg_count - m.msg_count AS unread,
       c.total_msg_count_root - m.msg_count_root AS unread_root, m.mention_count, m.mention_count_root, m.last_viewed_at
FROM channel_members m JOIN channels c ON c.id = m.channel_id
WHERE m.user_id = %(user)s AND m.channel_id = ANY(%(channels)s) ORDER BY c.id"""
_LOCK: Final = """
SELECT 1 FROM channel_members WHERE user_id = %(user)s AND channel_id = ANY(%(channels)s)
ORDER BY channel_id, user_id FOR NO KEY UPDATE"""
_VIEW: Final = """
UPDATE channel_members m SET msg_count = c.total_msg_count, msg_count_root = c.total_msg_count_root,
  mention_count = 0, mention_count_root = 0, last_viewed_at = greatest(m.last_viewed_at, c.last_post_at),
  marked_unread_at = 0,
  last_update_at = greatest(m.last_update_at, %(now)s)
FROM channels c WHERE c.id = m.channel_id AND m.user_id = %(user)s AND m.channel_id = ANY(%(channels)s)"""
_MUTE: Final = _sql("""
UPDATE channel_members m SET last_update_at = greatest(m.last_update_at, %(now)s),
  notify_props = m.notify_props || jsonb_build_object('mark_unread', CASE WHEN new.muted THEN 'mention' ELSE 'all' END)
FROM unnest(%(channels)s::text[], %(muted)s::boolean[]) AS new (channel_id, muted)
WHERE m.channel_id = new.channel_id AND m.user_id = %(user)s RETURNING <member>""")
# One statement, so one snapshot: a membership and the position of its topic belong together.
_BASELINE: Final = """
SELECT asked.n, heard.topic, coalesce(t.seq, 0) AS seq
FROM unnest(%(users)s::text[]) WITH ORDINALITY AS asked (user_id, n)
CROSS JOIN LATERAL (
  SELECT 'messaging/cluster' COLLATE "C"
  UNION ALL
  SELECT 'messaging/user:' || asked.user_id COLLATE "C"
  UNION ALL
  SELECT 'messaging/team:' || tm.team_id COLLATE "C" FROM team_members tm
  WHERE tm.user_id = asked.user_id AND tm.delete_at = 0
  UNION ALL
  SELECT 'messaging/channel:' || cm.channel_id COLLATE "C" FROM channel_members cm WHERE cm.user_id = asked.user_id
) AS heard (topic)
LEFT JOIN topics t ON t.topic = heard.topic
ORDER BY asked.n, heard.topic"""
_FIND: Final = """
SELECT u.id FROM users u
LEFT JOIN team_members tm ON tm.team_id = %(in_team)s AND tm.user_id = u.id AND tm.delete_at = 0
LEFT JOIN channel_members cm ON cm.channel_id = %(in_channel)s AND cm.user_id = u.id
WHERE (u.delete_at = 0 OR %(inactive)s) AND (u.delete_at > 0 OR NOT %(inactive_only)s)
  AND (%(visible_to)s = '' OR u.id = %(visible_to)s OR u.id IN (
    SELECT theirs.user_id FROM channel_members mine JOIN channel_members theirs ON theirs.channel_id = mine.channel_id
    WHERE mine.user_id = %(visible_to)s))
  AND (%(roles)s::text[] = '{}' OR u.roles && %(roles)s::text[])
  AND (NOT %(without_team)s OR NOT EXISTS (
    SELECT FROM team_members x WHERE x.user_id = u.id AND x.delete_at = 0))
  AND (%(in_team)s = '' OR tm.user_id IS NOT NULL)
  AND (%(in_channel)s = '' OR cm.user_id IS NOT NULL)
  AND (%(not_in_team)s = '' OR NOT EXISTS (
    SELECT FROM team_members x WHERE x.team_id = %(not_in_team)s AND x.user_id = u.id AND x.delete_at = 0))
  AND (%(not_in_channel)s = '' OR NOT EXISTS (
    SELECT FROM channel_members x WHERE x.channel_id = %(not_in_channel)s AND x.user_id = u.id))
  AND (%(term)s = '' OR lower(u.username) LIKE %(term)s OR lower(u.nickname) LIKE %(term)s
       OR (%(names)s AND (lower(u.first_name) LIKE %(term)s OR lower(u.last_name) LIKE %(term)s
                          OR lower(u.first_name || ' ' || u.last_name) LIKE %(term)s)))
ORDER BY CASE WHEN %(newest)s THEN -coalesce(cm.last_update_at, tm.create_at, 0) END, u.username, u.id
LIMIT %(limit)s OFFSET %(offset)s"""
_VISIBLE: Final = """
SELECT asked.user_id FROM unnest(%(users)s::text[]) AS asked (user_id)
WHERE asked.user_id = %(viewer)s
  OR EXISTS (SELECT FROM channel_members mine JOIN channel_members theirs ON theirs.channel_id = mine.channel_id
             WHERE mine.user_id = %(viewer)s AND theirs.user_id = asked.user_id)
  OR EXISTS (SELECT FROM team_members theirs
             WHERE theirs.team_id = ANY(%(teams)s) AND theirs.user_id = asked.user_id AND theirs.delete_at = 0)"""
_KNOWN: Final = """
SELECT DISTINCT theirs.user_id
FROM channel_members mine JOIN channel_members theirs ON theirs.channel_id = mine.channel_id
WHERE mine.user_id = %(user)s AND theirs.user_id <> %(user)s ORDER BY 1"""
_IN_GROUPS: Final = """
SELECT m.channel_id, array_agg(m.user_id ORDER BY u.username) AS user_ids
FROM channels c
JOIN channel_members mine ON mine.channel_id = c.id AND mine.user_id = %(user)s
JOIN channel_members m ON m.channel_id = c.id AND m.user_id <> %(user)s
JOIN users u ON u.id = m.user_id
WHERE c.id = ANY(%(channels)s) AND c.type = 'G'
GROUP BY m.channel_id"""


async def read(tx: Transaction, channel_id: str, user_ids: Sequence[str]) -> list[Member]:
    """Read those of the memberships that exist, by user id."""
    return [Member(*row) for row in await tx.fetch(_READ, channel=channel_id, users=list(user_ids))]


async def page(tx: Transaction, channel_id: str, limit: int, offset: int) -> list[Member]:
    """Read a page of a channel's members, by user id."""
    return [Member(*row) for row in await tx.fetch(_PAGE, channel=channel_id, limit=limit, offset=offset)]


async def of_user(tx: Transaction, user_id: str, team_id: str) -> list[Member]:
    """Read a user's memberships in a team's channels, direct and group ones included; `team_id` empty for all."""
    return [Member(*row) for row in await tx.fetch(_OF_USER, user=user_id, team=team_id)]


async def pairs(tx: Transaction, user_ids: Sequence[str], channel_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Read which of the users are in which of the channels: (channel id, user id)."""
    rows = await tx.fetch(_PAIRS, users=list(user_ids), channels=list(channel_ids))
    return {(row.channel_id, row.user_id) for row in rows}


async def insert(tx: Transaction, members: Sequence[Member]) -> None:
    """Begin memberships; those that exist stay as they are."""
    await tx.fetch(
        _INSERT,
        channels=[m.channel_id for m in members],
        users=[m.user_id for m in members],
        guests=[m.scheme_guest for m in members],
        plain=[m.scheme_user for m in members],
        admins=[m.scheme_admin for m in members],
        notify=[Jsonb(dict(m.notify_props)) for m in members],
        ats=[m.last_update_at for m in members],
    )


async def delete(tx: Transaction, user_id: str, channel_ids: Sequence[str]) -> None:
    """End a user's memberships in channels, and what it has to do with their threads."""
    await tx.pipelined(
        (_DELETE, {"user": user_id, "channels": list(channel_ids)}), threads.leaving(user_id, channel_ids)
    )


async def seen(tx: Transaction, user_id: str, channel_ids: Sequence[str]) -> list[Seen]:
    """Read what a user has seen of the channels that it is a member of, by channel id."""
    return [Seen(*row) for row in await tx.fetch(_SEEN, user=user_id, channels=list(channel_ids))]


async def lock_rows(tx: Transaction, user_id: str, channel_ids: Sequence[str]) -> None:
    """Lock a user's member rows, sorted: posts that mention the user lock the same rows in the same order."""
    await tx.fetch(_LOCK, user=user_id, channels=list(channel_ids))


async def view(tx: Transaction, user_id: str, channel_ids: Sequence[str], now: int) -> None:
    """Mark everything as seen in channels whose member rows are locked."""
    await tx.fetch(_VIEW, user=user_id, channels=list(channel_ids), now=now)


async def mute(tx: Transaction, user_id: str, muted: Mapping[str, bool], now: int) -> list[Member]:
    """Mute a user's channels, or no longer, by channel id, whose member rows are locked; return the memberships."""
    rows = await tx.fetch(_MUTE, user=user_id, channels=list(muted), muted=list(muted.values()), now=now)
    return [Member(*row) for row in rows]


async def baseline(tx: Transaction, user_ids: Sequence[str]) -> list[list[tuple[str, int]]]:
    """Read what each user listens to, with positions; in one snapshot, in the order of the users."""
    heard: list[list[tuple[str, int]]] = [[] for _ in user_ids]
    for row in await tx.fetch(_BASELINE, users=list(user_ids)):
        heard[row.n - 1].append((row.topic, row.seq))
    return heard


async def find_user_ids(
    tx: Transaction,
    *,
    term: str,
    names: bool,
    in_team: str,
    not_in_team: str,
    in_channel: str,
    not_in_channel: str,
    visible_to: str,
    roles: Sequence[str],
    without_team: bool,
    inactive: bool,
    inactive_only: bool,
    newest: bool,
    limit: int,
    offset: int,
) -> list[str]:
    """Read the ids of users whose names begin with `term`, by username; if `newest`, latest comers first.

    `visible_to` leaves out who shares no channel with that user; `roles` who has none of these system roles.
    """
    escaped = term.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = await tx.fetch(
        _FIND,
        term=escaped + "%" if escaped else "",
        names=names,
        in_team=in_team,
        not_in_team=not_in_team,
        in_channel=in_channel,
        not_in_channel=not_in_channel,
        visible_to=visible_to,
        roles=list(roles),
        without_team=without_team,
        inactive=inactive or inactive_only,
        inactive_only=inactive_only,
        newest=newest,
        limit=limit,
        offset=offset,
    )
    return [row.id for row in rows]


async def visible(tx: Transaction, viewer_id: str, user_ids: Sequence[str], team_ids: Sequence[str]) -> set[str]:
    """Read which of the users share a channel with the viewer or are in one of the teams; the viewer itself is."""
    rows = await tx.fetch(_VISIBLE, viewer=viewer_id, users=list(user_ids), teams=list(team_ids))
    return {row.user_id for row in rows}


async def known(tx: Transaction, user_id: str) -> list[str]:
    """Read who else is in any channel of the user."""
    return [row.user_id for row in await tx.fetch(_KNOWN, user=user_id)]


async def in_groups(tx: Transaction, user_id: str, channel_ids: Sequence[str]) -> dict[str, list[str]]:
    """Read who else is in those of the channels that are group channels of the user."""
    rows = await tx.fetch(_IN_GROUPS, user=user_id, channels=list(channel_ids))
    return {row.channel_id: row.user_ids for row in rows}
