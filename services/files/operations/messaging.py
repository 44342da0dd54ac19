"""What files asks of messaging; `clients/messaging.py` asks it through the mesh."""

from collections.abc import Sequence
from typing import Protocol

from services.chassis.errors import DomainError, Reason
from services.files.domain.files import Actor


class Messaging(Protocol):
    """Channels and posts."""

    async def allowed(self, actor: Actor, channel_ids: Sequence[str], permission: str) -> list[bool]:
        """Say for each channel whether the actor holds the permission there; False for one that doesn't exist."""
        ...

    async def existing_posts(self, post_ids: Sequence[str]) -> set[str]:
        """Return those of the posts that exist, deleted or not; 1000 at most are asked for."""
        ...


async def require(messaging: Messaging, actor: Actor, channel_id: str, permission: str) -> None:
    """Raise permission_denied unless the actor holds the permission in the channel."""
    if not (await messaging.allowed(actor, [channel_id], permission))[0]:
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
