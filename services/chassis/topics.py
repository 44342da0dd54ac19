"""What whoever hears of a log must know, without its database: the names of topics, and how long one waits for changes.

A topic is `<log>/<kind>:<id>`, or `<log>/cluster` for what concerns everybody.
"""

from typing import Final

HELD_SECONDS: Final = 8.0
"""How long a caller lets `Changed` be held: less than the 10 s that a call may take. An instance that stands still with
such calls is found out by Envoy within two seconds, which has them held by another one."""


def channel_topic(channel_id: str) -> str:
    """Return the topic of a channel."""
    return f"messaging/channel:{channel_id}"


def team_topic(team_id: str) -> str:
    """Return the topic of a team."""
    return f"messaging/team:{team_id}"


def user_topic(user_id: str, log: str = "messaging") -> str:
    """Return the topic of a user in a log."""
    return f"{log}/user:{user_id}"


def cluster_topic(log: str) -> str:
    """Return the topic of what concerns everybody."""
    return f"{log}/cluster"


def concerns_everybody(topic: str) -> bool:
    """Whether it is a `cluster_topic`."""
    return topic.endswith("/cluster")
