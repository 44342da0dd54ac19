"""People of a team who are not in one of its channels."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Transaction
from services.messaging.domain.author_notices import Outsider

_FIND: Final = """
SELECT asked.channel_id, u.username, u.id
FROM unnest(%(channels)s::text[], %(names)s::text[]) AS asked (channel_id, username)
JOIN channels c ON c.id = asked.channel_id
JOIN users u ON u.username = asked.username AND u.delete_at = 0
JOIN team_members t ON t.team_id = c.team_id AND t.user_id = u.id AND t.delete_at = 0
WHERE NOT EXISTS (SELECT 1 FROM channel_members m WHERE m.channel_id = c.id AND m.user_id = u.id)"""


async def find(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Outsider]:
    """Return for (channel, username) pairs who it is that is not in the channel but in its team.

    Direct and group channels have no team, and so nobody outside.
    """
    rows = await tx.fetch(_FIND, channels=[c for c, _ in pairs], names=[n for _, n in pairs])
    return {(row[0], row[1]): Outsider(row[2], row[1]) for row in rows}
