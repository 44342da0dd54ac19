"""The event log: written in the same transaction as what it tells of, published after COMMIT, read back for repair."""

from services.chassis.events.changes import HELD_SECONDS, Changes
from services.chassis.events.log import Announcement, EventLog, TopicState
from services.chassis.events.publisher import Publisher
from services.chassis.events.topics import channel_topic, cluster_topic, team_topic, user_topic

__all__ = [
    "HELD_SECONDS",
    "Announcement",
    "Changes",
    "EventLog",
    "Publisher",
    "TopicState",
    "channel_topic",
    "cluster_topic",
    "team_topic",
    "user_topic",
]
