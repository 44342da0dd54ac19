"""Storing the channels' own notices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.database import Transaction

_INSERT: Final = """
INSERT INTO posts (id, channel_id, user_id, message, type, props, create_at, update_at, mentioned)
SELECT id, channel_id, user_id, message, type, props, at, at, string_to_array(mentioned, ' ')
FROM unnest(%(ids)s::text[], %(channels)s::text[], %(users)s::text[], %(messages)s::text[], %(types)s::text[],
            %(props)s::text[], %(ats)s::bigint[], %(mentioned)s::text[])
  AS new (id, channel_id, user_id, message, type, props, at, mentioned)"""
_COUNT: Final = """
UPDATE channels c SET last_post_at = greatest(c.last_post_at, new.at),
  last_root_post_at = greatest(c.last_root_post_at, new.at),
  total_msg_count = c.total_msg_count + new.counted, total_msg_count_root = c.total_msg_count_root + new.counted
FROM (SELECT id, max(at) AS at, count(*) FILTER (WHERE counted) AS counted
      FROM unnest(%(channels)s::text[], %(ats)s::bigint[], %(counted)s::boolean[]) AS post (id, at, counted)
      GROUP BY id) AS new
WHERE c.id = new.id"""
_LOCK: Final = """
SELECT 1 FROM channel_members m
JOIN unnest(%(mentioned_in)s::text[], %(mentioned)s::text[]) AS to_tell (channel_id, user_id)
  ON m.channel_id = to_tell.channel_id AND m.user_id = to_tell.user_id
ORDER BY m.channel_id, m.user_id FOR NO KEY UPDATE OF m"""
_MENTION: Final = """
UPDATE channel_members m SET mention_count = m.mention_count + 1, mention_count_root = m.mention_count_root + 1
FROM unnest(%(mentioned_in)s::text[], %(mentioned)s::text[]) AS to_tell (channel_id, user_id)
WHERE m.channel_id = to_tell.channel_id AND m.user_id = to_tell.user_id"""


@dataclass(frozen=True, slots=True)
class SystemPost:
    """A notice as it is stored; `props` is JSON."""

    id: str
    channel_id: str
    user_id: str
    message: str
    type: str
    props: str
    create_at: int
    counted: bool
    mentioned_user_ids: Sequence[str]


async def insert(tx: Transaction, posts: Sequence[SystemPost]) -> None:
    """Store notices, move their channels' times and counters, count mentions. The channels' topics are locked."""
    channels, ats = [p.channel_id for p in posts], [p.create_at for p in posts]
    mentions = [(p.channel_id, user_id) for p in posts for user_id in p.mentioned_user_ids]
    told = {"mentioned_in": [channel for channel, _ in mentions], "mentioned": [user for _, user in mentions]}
    await tx.pipelined(
        (
            _INSERT,
            {
                "ids": [p.id for p in posts],
                "channels": channels,
                "users": [p.user_id for p in posts],
                "messages": [p.message for p in posts],
                "types": [p.type for p in posts],
                "props": [p.props for p in posts],
                "ats": ats,
                "mentioned": [" ".join(p.mentioned_user_ids) for p in posts],
            },
        ),
        (_COUNT, {"channels": channels, "ats": ats, "counted": [p.counted for p in posts]}),
        *(((_LOCK, told), (_MENTION, told)) if mentions else ()),
    )
