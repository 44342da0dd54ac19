"""The event log: written in the same transaction as what it tells of, published after COMMIT, read back for repair."""

from services.chassis.events.changes import Changes
from services.chassis.events.log import Announcement, EventLog, TopicState
from services.chassis.events.publisher import Publisher

__all__ = ["Announcement", "Changes", "EventLog", "Publisher", "TopicState"]
