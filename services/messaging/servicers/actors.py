"""The actor of a request."""

from chorus.common.v1 import actor_pb2
from services.messaging.operations.actor import Actor


def actor(message: actor_pb2.Actor) -> Actor:
    """Return who asks."""
    return Actor(message.user_id, tuple(message.roles))
