"""Finding users."""

from collections.abc import Sequence
from typing import Final

from services.auth.domain.texts import storable
from services.auth.domain.users import User, normalized
from services.auth.operations.messages import CLUSTER
from services.auth.store import users as store
from services.auth.store.users import Filter, Snapshot
from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.chassis.events import EventLog

MAX_OFFSET: Final = 100_000
"""How deep pages go: skipping so many entries of an index takes some 20 ms. Who needs more, searches."""
_CHUNK: Final = 1000


class Directory:
    """Users, read: always from the primary."""

    def __init__(self, database: Database, log: EventLog) -> None:
        """Read from `database`."""
        self._database, self._log = database, log

    async def get(self, ids: Sequence[str], usernames: Sequence[str], emails: Sequence[str], since: int) -> list[User]:
        """Return those that exist and were changed after `since`, in the order asked for, each once."""
        ids = [user_id for user_id in ids if storable(user_id)]
        usernames = [normalized(name) for name in usernames if storable(name)]
        emails = [normalized(email) for email in emails if storable(email)]
        if not (ids or usernames or emails):
            return []
        found = await store.many(self._database, ids, usernames, emails, since)
        by_id = {user.id: user for user in found}
        by_username = {user.username: user for user in found}
        by_email = {user.email: user for user in found}
        asked = (
            *(by_id.get(user_id) for user_id in ids),
            *(by_username.get(name) for name in usernames),
            *(by_email.get(email) for email in emails),
        )
        return list({user.id: user for user in asked if user is not None}.values())

    async def page(self, page: int, per_page: int, sort: str, which: Filter) -> list[User]:
        """Return a page. Raises invalid_argument(page) beyond the depth that is served."""
        offset = page * per_page
        if offset > MAX_OFFSET:
            raise DomainError(Reason.INVALID_ARGUMENT, field="page")
        if per_page == 0 or not storable(which.role):
            return []
        return await store.page(self._database, sort, offset, per_page, which)

    async def search(self, term: str, limit: int, which: Filter, *, names: bool, email: bool) -> list[User]:
        """Return users of whom a name starts with the term, without case; a leading at sign is dropped."""
        term = term.strip().removeprefix("@")
        if not (storable(term) and storable(which.role)):
            return []
        return await store.search(self._database, term, limit or 100, which, names=names, email=email)

    async def count(self) -> int:
        """Return how many people are active."""
        return await store.count(self._database)

    async def snapshot(self, after_id: str, limit: int) -> tuple[Snapshot, str]:
        """Return a chunk by id, with the seq of `auth/cluster` that it shows, and the log's incarnation."""
        reading = self._log.reading([CLUSTER])
        chunk = await self._database.transact(lambda tx: store.snapshot(tx, reading, after_id, limit or _CHUNK))
        return chunk, self._log.incarnation
