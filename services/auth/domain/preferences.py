"""What a preference is, and which values it may have.

Limits and defaults are the client contract's (shapes, section 1; boot, section 9).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from services.auth.domain.texts import storable
from services.chassis.errors import DomainError, Reason

_CATEGORY_BYTES: Final = 32
_NAME_BYTES: Final = 32
_VALUE_LENGTH: Final = 20_000
_MOST_DIRECT_SHOWN: Final = 40
_NO_COLOURS: Final = frozenset(("image", "type", "codeTheme"))
_COLOUR_DIGITS: Final = frozenset("0123456789abcdefABCDEF")
_WHITE: Final = "#ffffff"
THREADS: Final = ("display_settings", "collapsed_reply_threads")
"""The category and name under which a user chooses how it reads replies."""
_IN_THREADS: Final = "on"


@dataclass(frozen=True, slots=True)
class Preference:
    """A value that a user's clients keep under a category and a name."""

    user_id: str
    category: str
    name: str
    value: str

    @property
    def chooses_threads(self) -> bool:
        """Whether it says how the user reads replies; see `collapsed`."""
        return (self.category, self.name) == THREADS

    @property
    def collapsed(self) -> bool:
        """Whether the user reads replies in threads of their own, if it says so."""
        return self.value == _IN_THREADS


def defaults(user_id: str) -> list[Preference]:
    """Return what a new user starts with."""
    return [
        Preference(user_id, "recommended_next_steps", "hide", "false"),
        Preference(user_id, "tutorial_step", user_id, "0"),
        Preference(user_id, "system_notice", "GMasDM", "true"),
    ]


def savable(preferences: Iterable[Preference], user_id: str) -> list[Preference]:
    """Return the preferences as they are kept, one a name. Raises invalid_preference, preference_of_other."""
    kept = {(each.category, each.name): _checked(each) for each in own(preferences, user_id)}
    return [kept[key] for key in sorted(kept)]


def own(preferences: Iterable[Preference], user_id: str) -> list[Preference]:
    """Return the preferences. Raises preference_of_other when one is somebody else's."""
    listed = list(preferences)
    if any(each.user_id != user_id for each in listed):
        raise DomainError(Reason.PREFERENCE_OF_OTHER)
    return listed


def _checked(preference: Preference) -> Preference:
    if not 0 < len(preference.category.encode()) <= _CATEGORY_BYTES or not storable(preference.category):
        raise DomainError(Reason.INVALID_PREFERENCE, field="category")
    if len(preference.name.encode()) > _NAME_BYTES or not storable(preference.name):
        raise DomainError(Reason.INVALID_PREFERENCE, field="name")
    if len(preference.value) > _VALUE_LENGTH or not storable(preference.value):
        raise DomainError(Reason.INVALID_PREFERENCE, field="value")
    if preference.category == "theme":
        return replace(preference, value=_theme(preference.value))
    if (preference.category, preference.name) == ("sidebar_settings", "limit_visible_dms_gms"):
        _check_limit(preference.value)
    return preference


def _check_limit(value: str) -> None:
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= _MOST_DIRECT_SHOWN):
        raise DomainError(Reason.INVALID_PREFERENCE, field="limit_visible_dms_gms")


def _theme(value: str) -> str:
    """Return a theme whose colours are colours: clients put them into style sheets as they are."""
    try:
        theme = json.loads(value)
    except (ValueError, RecursionError):
        raise DomainError(Reason.INVALID_PREFERENCE, field="theme") from None
    if not isinstance(theme, dict) or not all(isinstance(colour, str) for colour in theme.values()):
        raise DomainError(Reason.INVALID_PREFERENCE, field="theme")
    return json.dumps(
        {name: text if name in _NO_COLOURS or _is_colour(text) else _WHITE for name, text in theme.items()},
        separators=(",", ":"),
    )


def _is_colour(text: str) -> bool:
    return text[:1] == "#" and len(text) in (4, 7) and set(text[1:]) <= _COLOUR_DIGITS
