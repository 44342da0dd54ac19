"""What travels along with a call: the request's id and the moment by which the answer is wanted."""

import asyncio
from contextvars import ContextVar
from typing import Final

from services.chassis.errors import DomainError, Reason
from services.chassis.logs import request_id as request_id

deadline: Final[ContextVar[float | None]] = ContextVar("deadline", default=None)
"""The event loop's time by which the present request must be answered; None where there is no request."""

HOP_SHARE: Final = 0.02
"""Seconds that a hop keeps for itself of what is left, to be able to answer its own caller."""


def time_left(longest: float) -> float:
    """Return how many seconds a call made now may take: `longest`, or what the present request has left.

    Raises deadline_exceeded when nothing is left: nobody waits for the answer any more.
    """
    until = deadline.get()
    if until is None:
        return longest
    left = until - asyncio.get_running_loop().time() - HOP_SHARE
    if left <= 0:
        raise DomainError(Reason.DEADLINE_EXCEEDED)
    return min(longest, left)
