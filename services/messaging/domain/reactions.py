"""Reactions: which are allowed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.access import ChannelAccess

MAX_EMOJI_NAME: Final = 64
MAX_UNIQUE: Final = 50
"""Different emoji under one post (UniqueEmojiReactionLimitPerPost)."""

_NAME: Final = re.compile(r"[a-zA-Z0-9+_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reaction:
    """One user's emoji under a post."""

    user_id: str
    post_id: str
    emoji_name: str
    create_at: int


def check_name(emoji_name: str) -> None:
    """Raise invalid_reaction unless it can be an emoji's name."""
    if not _NAME.fullmatch(emoji_name):
        raise DomainError(Reason.INVALID_REACTION)


def check_add(
    reaction: Reaction, present: Sequence[Reaction], access: ChannelAccess | None, roles: Sequence[str]
) -> None:
    """Raise unless the reaction may be added now."""
    if access is None or not access.may("add_reaction", roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission="add_reaction")
    if access.archived:
        raise DomainError(Reason.REACTION_ARCHIVED)
    names = {r.emoji_name for r in present}
    if reaction.emoji_name not in names and len(names) >= MAX_UNIQUE:
        raise DomainError(Reason.TOO_MANY_REACTIONS)


def check_remove(access: ChannelAccess | None, actor_id: str, user_id: str, roles: Sequence[str]) -> None:
    """Raise unless the actor may remove the user's reaction."""
    permission = "remove_reaction" if actor_id == user_id else "remove_others_reactions"
    if access is None or not access.may(permission, roles):
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
    if access.archived:
        raise DomainError(Reason.REACTION_ARCHIVED)
