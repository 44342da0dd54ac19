"""What a custom status may say, and how it is kept: as text in the user's properties, where clients look for it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from services.auth.domain.texts import cleaned, storable
from services.auth.domain.users import User
from services.chassis.errors import DomainError, Reason

PROPERTY: Final = "customStatus"
RECENT: Final = ("custom_status", "recent_custom_statuses")
"""Category and name of the preference that holds the latest ones."""
MAX_RECENT: Final = 5

_TEXT_LENGTH: Final = 100
_DEFAULT_EMOJI: Final = "speech_balloon"
_UNTIL: Final = "date_and_time"
_DURATIONS: Final = frozenset(("", "thirty_minutes", "one_hour", "four_hours", "today", "this_week", _UNTIL))
_NEVER: Final = "0001-01-01T00:00:00Z"
_LATEST_MS: Final = 253_402_300_799_000
"""The end of the year 9999: what the protocol's times can say."""


@dataclass(frozen=True, slots=True)
class CustomStatus:
    """What a user says it is doing."""

    emoji: str
    text: str
    duration: str
    expires_at: int
    """In ms since the epoch; 0 for never."""

    def kept(self) -> dict[str, Any]:
        """Return it as it is kept."""
        ends = datetime.fromtimestamp(self.expires_at / 1000, UTC).isoformat(timespec="milliseconds")
        return asdict(self) | {"expires_at": ends.replace("+00:00", "Z") if self.expires_at else _NEVER}


def checked(status: CustomStatus, now: int) -> CustomStatus:
    """Return the status as it is kept. Raises invalid_custom_status."""
    text = cleaned(status.text)[:_TEXT_LENGTH]
    lasts = not status.expires_at or now <= status.expires_at <= _LATEST_MS
    if not (text or status.emoji) or status.duration not in _DURATIONS or not lasts:
        raise DomainError(Reason.INVALID_CUSTOM_STATUS)
    if not (storable(text) and storable(status.emoji)):
        raise DomainError(Reason.INVALID_CUSTOM_STATUS)
    duration = _UNTIL if status.expires_at and not status.duration else status.duration
    return replace(status, emoji=status.emoji or _DEFAULT_EMOJI, text=text, duration=duration)


def saying(user: User, status: CustomStatus | None) -> User:
    """Return the user with the status, or without any."""
    others = {name: value for name, value in user.props.items() if name != PROPERTY}
    return replace(user, props=others if status is None else others | {PROPERTY: _json(status.kept())})


def latest(kept: str, status: CustomStatus) -> str:
    """Return the latest statuses with this one in front, each text once."""
    others = [one for one in _read(kept) if one.get("text") != status.text]
    return _json([status.kept(), *others][:MAX_RECENT])


def without(kept: str, status: CustomStatus) -> str:
    """Return the latest statuses without this one."""
    named = (status.emoji, status.text, status.duration)
    return _json([one for one in _read(kept) if (one.get("emoji"), one.get("text"), one.get("duration")) != named])


def _read(kept: str) -> Sequence[dict[str, Any]]:
    """Read what clients, too, may have written."""
    try:
        found = json.loads(kept or "[]")
    except (ValueError, RecursionError):
        return ()
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else ()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
