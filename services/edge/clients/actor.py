"""The caller, as the services are told of it."""

from chorus.common.v1 import actor_pb2
from services.edge.caller import Caller


def actor(caller: Caller) -> actor_pb2.Actor:
    """Return who asks."""
    return actor_pb2.Actor(
        user_id=caller.user_id,
        session_id=caller.session_id,
        roles=caller.roles,
        connection_id=caller.connection_id,
    )
