"""Telling who writes of people who are not in the channel: after the post, since no post waits for it."""

import logging
from collections.abc import Sequence

from services.chassis.database import Database
from services.chassis.errors import DomainError
from services.chassis.events import Publisher
from services.chassis.ids import new_id
from services.chassis.tasks import Tasks
from services.messaging.domain.outsiders import Unmet, notice
from services.messaging.operations.ephemeral_posts import ephemeral, shown_to
from services.messaging.store import outsiders as store

_log = logging.getLogger(__name__)


class OutsiderNotices:
    """Notices to authors of posts whose names are nobody's in the channel."""

    def __init__(self, database: Database, publisher: Publisher, tasks: Tasks) -> None:
        """Look into `database`; nothing is written."""
        self._database, self._publisher, self._tasks = database, publisher, tasks

    def tell_soon(self, unmet: Sequence[Unmet]) -> None:
        """Tell the authors of those whom their posts did not reach; a notice that is lost is not repeated."""
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
            message, props = notice(notice_id, outsiders)
            post = ephemeral(
                author_id=one.author_id, channel_id=one.channel_id, root_id=one.root_id, message=message, props=props,
                at=one.create_at + 1, post_id=notice_id,
            )  # fmt: skip
            entries.append(shown_to(one.author_id, post))
        self._publisher.publish_soon(entries)
