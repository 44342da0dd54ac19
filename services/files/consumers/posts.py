"""Following messaging's posts: a created post confirms its claims, a deleted one takes its files along.

The bus only makes this fast. A creation that is missed is found by the sweep, which asks messaging. A deletion that is
missed (the service was away for longer than the streams are kept) is not: its files can still be read by those who know
their ids and may read the channel, as before the deletion.
"""

import asyncio
import logging
from typing import Final

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2
from services.chassis.bus import Bus, BusMessage
from services.chassis.errors import DomainError
from services.files.operations.attaching import Attaching

_log = logging.getLogger(__name__)

_CHANNELS: Final = "messaging/channel:"
_RETRY_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.25
"""Between readings: nobody waits for a confirmation, and what comes meanwhile is read in one go, well before the
streams forget it. Woken for every batch of posts, this took 120 µs of CPU a post."""


class PostsFollower:
    """Follows the bus without end."""

    def __init__(self, bus: Bus, attaching: Attaching) -> None:
        """Tell `attaching` of posts."""
        self._bus, self._attaching = bus, attaching

    async def run(self) -> None:
        """Begin with what the streams still hold: what came while no instance ran. Doing it twice does no harm."""
        async for batch in self._bus.follow().batches():
            try:
                await self._handle(batch)
            except Exception:
                _log.exception("events could not be handled", extra={"count": len(batch)})
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _handle(self, batch: list[BusMessage]) -> None:
        created: dict[str, str] = {}
        deleted: list[tuple[str, int]] = []
        for message in batch:
            if not message.seq or not message.topic.startswith(_CHANNELS):
                continue
            entry = log_pb2.LogEntry.FromString(message.data)
            if entry.kind == "post_created":
                post = events_pb2.PostCreated.FromString(entry.body).post
                if post.files:
                    created[post.id] = post.root_id
            elif entry.kind == "post_deleted":
                deleted.append((events_pb2.PostDeleted.FromString(entry.body).post.id, entry.at_ms))
        while True:
            try:
                await self._attaching.posts_created(created)
                for post_id, at_ms in deleted:
                    await self._attaching.post_deleted(post_id, at_ms)
                return
            except DomainError as error:  # the database is away: a deletion must not be lost for that
                _log.warning("posts wait for the database", extra={"why": str(error)})
                await asyncio.sleep(_RETRY_SECONDS)
