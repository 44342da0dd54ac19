"""Telling authors whom their posts did not reach: after the post, since no post waits for it."""

import logging
from collections.abc import Sequence

from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.database import Database
from services.chassis.errors import DomainError
from services.chassis.events import Publisher
from services.chassis.ids import new_id
from services.chassis.tasks import Tasks
from services.messaging.domain.author_notices import Unheard, Unmet, not_reached, too_many
from services.messaging.operations.ephemeral_posts import ephemeral, shown_to
from services.messaging.store import outsiders as store

_log = logging.getLogger(__name__)


class AuthorNotices:
    """Notices that authors alone see; one that is lost is not repeated."""

    def __init__(self, database: Database, publisher: Publisher, tasks: Tasks, *, max_notified: int) -> None:
        """Look into `database`, where nothing is written; for `max_notified` see Notifying."""
        self._database, self._publisher, self._tasks = database, publisher, tasks
        self._max_notified = max_notified

    def tell_soon(self, unmet: Sequence[Unmet], unheard: Sequence[Unheard]) -> None:
        """Tell the authors of posts with names that are nobody's in the channel, or to more than may be notified."""
        self._publisher.publish_soon([self._told(one, too_many(self._max_notified)) for one in unheard])
        if unmet:
            self._tasks.spawn("outsiders", self._tell(unmet))

    async def _tell(self, unmet: Sequence[Unmet]) -> None:
        pairs = sorted({(one.channel_id, name) for one in unmet for name in one.names})
        try:
            found = await self._database.transact(lambda tx: store.find(tx, pairs))
        except DomainError as error:
            _log.info("authors are not told whom they did not reach", extra={"why": str(error)})
            return
        entries = []
        for one in unmet:
            outsiders = [found[one.channel_id, name] for name in sorted(one.names) if (one.channel_id, name) in found]
            if not outsiders:
                continue
            notice_id = new_id()
            message, props = not_reached(notice_id, outsiders)
            entries.append(self._told(one, message, props, notice_id))
        self._publisher.publish_soon(entries)

    @staticmethod
    def _told(of: Unmet | Unheard, message: str, props: str = "", notice_id: str = "") -> log_pb2.LogEntry:
        post = ephemeral(
            author_id=of.author_id, channel_id=of.channel_id, root_id=of.root_id, message=message, props=props,
            at=of.create_at + 1, post_id=notice_id,
        )  # fmt: skip
        return shown_to(of.author_id, post)
