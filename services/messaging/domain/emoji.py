"""Emoji: which names are taken by the system, and what a custom one may be."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.permissions import granted
from services.messaging.domain.access import Roles, may_in_team, require
from services.messaging.domain.system_emoji_names import PLAIN, TONED

MAX_NAMES: Final = 200
"""Names that are looked up at once."""

_is_name = re.compile(r"[a-zA-Z0-9+_-]{1,64}").fullmatch
_written = re.compile(r":([a-zA-Z0-9_+-]{1,64}):").findall
_TONE: Final = re.compile(r"_(?:medium_)?(?:light_|dark_)?skin_tone$")
_OF_CLIENTS: Final = frozenset(("mattermost",))
"""Names that clients have a picture for though no standard has them."""


@dataclass(frozen=True, slots=True)
class Emoji:
    """A custom emoji; times in ms since the epoch. Its picture is kept by files."""

    id: str
    name: str
    creator_id: str
    create_at: int
    update_at: int
    delete_at: int = 0


def is_system(name: str) -> bool:
    """Say whether a name is that of an emoji that every client has."""
    if name in PLAIN or name in TONED or name in _OF_CLIENTS:
        return True
    return (tone := _TONE.search(name)) is not None and name[: tone.start()] in TONED


def custom_names(message: str, reacted: Iterable[str] = ()) -> set[str]:
    """Return the names in a text and among reactions that may be those of custom emoji."""
    written = _written(message) if ":" in message else ()
    return {name for name in (*written, *reacted) if not is_system(name)}


def check_name(name: str) -> None:
    """Raise invalid_emoji unless a custom emoji may be called so."""
    if not _is_name(name):
        raise DomainError(Reason.INVALID_EMOJI, fault="name")
    if is_system(name):
        raise DomainError(Reason.INVALID_EMOJI, fault="system_emoji_name")


def require_create(system_roles: Sequence[str], teams: Sequence[Roles]) -> None:
    """Raise permission_denied unless custom emoji may be made: by the system roles, or those of any team."""
    _require("create_emojis", system_roles, teams)


def require_delete(emoji: Emoji, actor_id: str, system_roles: Sequence[str], teams: Sequence[Roles]) -> None:
    """Raise permission_denied unless the emoji may be removed: somebody else's takes one permission more."""
    _require("delete_emojis", system_roles, teams)
    if emoji.creator_id != actor_id:
        _require("delete_others_emojis", system_roles, teams)


def _require(permission: str, system_roles: Sequence[str], teams: Sequence[Roles]) -> None:
    held = granted(system_roles, permission) or any(may_in_team(permission, system_roles, roles) for roles in teams)
    require(held, permission)
