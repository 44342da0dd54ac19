"""What stands before every read: may the reader, and where is the channel's topic. One statement, so one snapshot."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from services.chassis.database import Row, Statement
from services.chassis.topics import channel_topic
from services.messaging.domain.access import ChannelAccess
from services.messaging.store import access
from services.messaging.store.emoji import TOPIC as EMOJI_TOPIC

_STAND: Final = f"""
SELECT {access.COLUMNS}, COALESCE(t.seq, 0) AS seq,
       COALESCE((SELECT seq FROM topics WHERE topic = %(emoji)s), 0) AS emoji_seq
FROM unnest(%(users)s::text[], %(channels)s::text[], %(topics)s::text[])
     WITH ORDINALITY AS asked (user_id, channel_id, topic, n)
{access.JOINS}
LEFT JOIN topics t ON t.topic = asked.topic
ORDER BY asked.n"""


class Standing(NamedTuple):
    """What the primary says of one reader and one channel."""

    access: ChannelAccess | None
    """None for a channel that doesn't exist."""
    seq: int
    """Of the channel's last committed event; 0 when it has none."""
    emoji_seq: int
    """Of the last change of a custom emoji."""


def reading(pairs: Sequence[tuple[str, str]]) -> Statement:
    """Return the statement that reads (user id, channel id) pairs; see `found`."""
    users, channels = (list(ids) for ids in zip(*pairs, strict=True))
    topics = [channel_topic(channel_id) for channel_id in channels]
    return _STAND, {"users": users, "channels": channels, "topics": topics, "emoji": EMOJI_TOPIC}


def found(rows: Sequence[Row]) -> list[Standing]:
    """Read what the statement answered: one a pair, in order."""
    return [Standing(known, row.seq, row.emoji_seq) for known, row in zip(access.found(rows), rows, strict=True)]
