"""Who may see whom: guests see only those with whom they share a channel."""

from collections.abc import Collection, Sequence
from typing import Any

from services.chassis.errors import DomainError, Reason
from services.edge.caller import Caller
from services.edge.clients.members import MemberClient


class Visibility:
    """The rule, where the edge itself must keep it."""

    def __init__(self, members: MemberClient) -> None:
        """`members` knows who shares what."""
        self._members = members

    async def of(self, caller: Caller, user_ids: Collection[str]) -> Collection[str]:
        """Return those of the users that the caller sees."""
        if caller.sees_everybody or not user_ids:
            return user_ids
        seen = await self._members.visible_user_ids(caller.user_id, list(user_ids))
        return {user_id for user_id in user_ids if user_id in seen or user_id == caller.user_id}

    async def only(self, caller: Caller, found: Sequence[Any], attribute: str = "user_id") -> Sequence[Any]:
        """Return those of some things whose user the caller sees."""
        if caller.sees_everybody or not found:
            return found
        seen = await self.of(caller, {getattr(thing, attribute) for thing in found})
        return [thing for thing in found if getattr(thing, attribute) in seen]

    async def require(self, caller: Caller, user_ids: Collection[str]) -> None:
        """Raise permission_denied unless the caller sees all of the users."""
        if not caller.sees_everybody and not set(user_ids) <= set(await self.of(caller, user_ids)):
            raise DomainError(Reason.PERMISSION_DENIED, permission="view_members")
