"""What a bot may be, and who may know and manage it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.auth.domain import users
from services.auth.domain.texts import cleaned, storable
from services.auth.domain.users import Draft, Patch, User
from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted

_DESCRIPTION_LENGTH: Final = 1024


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot: a user whom programs post as, with a token."""

    user: User
    owner_id: str


@dataclass(frozen=True, slots=True)
class BotPatch:
    """What to change; None keeps what there is."""

    username: str | None = None
    display_name: str | None = None
    description: str | None = None


def new_bot(user_id: str, owner_id: str, locale: str, asked: BotPatch) -> Bot:
    """Return the bot that is asked for, without times. Raises invalid_user(field)."""
    username = users.normalized(asked.username or "")
    draft = Draft(username, f"{username}@localhost", "", first_name=asked.display_name or "")
    user = replace(users.new_user(draft, user_id, locale), is_bot=True)
    return Bot(_described(user, asked.description or ""), owner_id)


def patched(bot: Bot, patch: BotPatch) -> Bot:
    """Return the bot as the patch makes it. Raises invalid_user(field)."""
    user = users.patched(bot.user, Patch(username=patch.username, first_name=patch.display_name))
    return replace(bot, user=user if patch.description is None else _described(user, patch.description))


def _described(user: User, description: str) -> User:
    text = cleaned(description)
    if len(text) > _DESCRIPTION_LENGTH or not storable(text):
        raise DomainError(Reason.INVALID_USER, field="description")
    return replace(user, bot_description=text)


def known(bot: Bot | None, actor_id: str, roles: Sequence[str]) -> Bot:
    """Return the bot if the actor may know of it. Raises bot_not_found: others must not learn that there is one."""
    if bot is None or not (
        granted(roles, "read_others_bots") or (bot.owner_id == actor_id and granted(roles, "read_bots"))
    ):
        raise DomainError(Reason.BOT_NOT_FOUND)
    return bot


def managed(bot: Bot | None, actor_id: str, roles: Sequence[str]) -> Bot:
    """Return the bot if the actor may change it. Raises bot_not_found, permission_denied."""
    found = known(bot, actor_id, roles)
    permission = "manage_bots" if found.owner_id == actor_id else "manage_others_bots"
    if not granted(roles, permission):
        raise DomainError(Reason.PERMISSION_DENIED, permission=permission)
    return found
