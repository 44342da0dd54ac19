"""What a user has begun to write."""

from dataclasses import dataclass
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.messaging.domain.posts import MAX_MESSAGE_RUNES, MAX_PROPS_RUNES

MAX_PRIORITY_RUNES: Final = 1000


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is stored; times in ms since the epoch, one a user, channel and thread."""

    user_id: str
    channel_id: str
    root_id: str
    message: str
    type: str = ""
    props: str = "{}"
    """JSON, as posts have it."""
    files: bytes = b""
    """A serialized chorus.messaging.v1.FileList."""
    priority: str = ""
    """JSON; empty for none."""
    create_at: int = 0
    update_at: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written: such a draft is none."""
        return not self.message and not self.files


def check(draft: Draft) -> None:
    """Raise draft_invalid with what is wrong."""
    faults = (
        ("message_length", len(draft.message) > MAX_MESSAGE_RUNES or "\x00" in draft.message),
        ("props", len(draft.props) > MAX_PROPS_RUNES),
        ("priority", len(draft.priority) > MAX_PRIORITY_RUNES),
        ("type", len(draft.type) > 26 or "\x00" in draft.type),
    )
    field = next((name for name, wrong in faults if wrong), "")
    if field:
        raise DomainError(Reason.DRAFT_INVALID, field=field)
