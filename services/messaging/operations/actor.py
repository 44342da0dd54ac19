"""The user on whose behalf an operation is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user with the system roles that it holds now."""

    user_id: str
    roles: Sequence[str]
