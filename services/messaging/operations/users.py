"""Looking users up in the projection, which follows auth's log and so may be a moment behind it."""

from collections.abc import Iterable
from typing import Protocol

from services.chassis.database import Database
from services.chassis.errors import DomainError, Reason
from services.messaging.domain.users import User
from services.messaging.store import users as store


class Projection(Protocol):
    """What feeds the table of users."""

    async def catch_up(self) -> None:
        """Return once all that auth had committed before the call is in. Raises unavailable after two seconds."""
        ...


class Users:
    """Users by id, also those who were created a moment ago."""

    def __init__(self, database: Database, projection: Projection) -> None:
        """Read what `projection` feeds."""
        self._database, self._projection = database, projection

    async def known(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return those of the users that exist, by id; wait for the projection when one is unknown."""
        wanted = sorted(set(user_ids))
        found = await self._read(wanted)
        if len(found) < len(wanted):
            await self._projection.catch_up()
            found = await self._read(wanted)
        return found

    async def require(self, user_ids: Iterable[str]) -> dict[str, User]:
        """Return the users by id. Raises user_not_found."""
        wanted = set(user_ids)
        found = await self.known(wanted)
        for user_id in sorted(wanted - found.keys()):
            raise DomainError(Reason.USER_NOT_FOUND, user_id=user_id)
        return found

    async def _read(self, user_ids: list[str]) -> dict[str, User]:
        return await self._database.transact(lambda tx: store.read(tx, user_ids))
