"""Custom statuses, as clients send them; they read them in the user's properties."""

from datetime import UTC, datetime, timedelta
from typing import Final

from chorus.auth.v1 import custom_statuses_pb2 as pb
from services.chassis.errors import DomainError, Reason
from services.edge.dialect.requests import CustomStatusBody

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def custom_status(body: CustomStatusBody) -> pb.CustomStatus:
    """Return the status that is meant. Raises invalid_argument for an end that is no time."""
    return pb.CustomStatus(
        emoji=body.emoji or "",
        text=body.text or "",
        duration=body.duration or "",
        expires_at_ms=_ms(body.expires_at or ""),
    )


def _ms(text: str) -> int:
    """Return a time in ms since the epoch; what lies before it, like the protocol's year 1, means never."""
    if not text:
        return 0
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DomainError(Reason.INVALID_ARGUMENT, field="custom_status") from None
    if at.tzinfo is None:
        raise DomainError(Reason.INVALID_ARGUMENT, field="custom_status")
    return max(0, (at - _EPOCH) // timedelta(milliseconds=1))
