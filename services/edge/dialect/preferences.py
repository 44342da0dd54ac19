"""Preferences, in both directions."""

from collections.abc import Sequence
from typing import Any, Final

from chorus.auth.v1 import preferences_pb2
from services.chassis.errors import DomainError, Reason
from services.chassis.ids import is_valid_id
from services.edge.dialect.requests import PreferenceBody

MAX_PREFERENCES: Final = 100
_FLAGGED: Final = "flagged_post"


def preference_json(preference: preferences_pb2.Preference) -> dict[str, Any]:
    """Return a preference."""
    return {
        "user_id": preference.user_id,
        "category": preference.category,
        "name": preference.name,
        "value": preference.value,
    }


def preferences(bodies: Sequence[PreferenceBody]) -> list[preferences_pb2.Preference]:
    """Return preferences as a client lists them. Raises invalid_argument for none and for too many."""
    if not 0 < len(bodies) <= MAX_PREFERENCES:
        raise DomainError(Reason.INVALID_ARGUMENT, field="preferences")
    return [
        preferences_pb2.Preference(
            user_id=body.user_id or "", category=body.category or "", name=body.name or "", value=body.value or ""
        )
        for body in bodies
    ]


def flagged_post_ids(listed: Sequence[preferences_pb2.Preference]) -> list[str]:
    """Return the posts that preferences save for later. Raises invalid_argument for what is no id."""
    ids = list(dict.fromkeys(each.name for each in listed if each.category == _FLAGGED))
    if not all(map(is_valid_id, ids)):
        raise DomainError(Reason.INVALID_ARGUMENT, field="preference.name")
    return ids
