"""Statuses."""

from typing import Any, Final

from chorus.presence.v1 import presence_pb2

SETTABLE: Final = frozenset(("online", "away", "dnd", "offline"))


def status_json(status: presence_pb2.Status) -> dict[str, Any]:
    """Return a user's status; the end of do-not-disturb is in seconds, as nothing else is."""
    return {
        "user_id": status.user_id,
        "status": status.status,
        "manual": status.manual,
        "last_activity_at": status.last_activity_at_ms,
        "dnd_end_time": status.dnd_end_time_s,
    }
