"""Topic names: `<log>/<kind>:<id>`."""


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
