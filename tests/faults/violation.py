"""What the checker can find wrong."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["lost", "duplicated", "reordered", "stale", "leaked", "untrue"]
KINDS: tuple[Kind, ...] = ("lost", "duplicated", "reordered", "stale", "leaked", "untrue")


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, with where to look."""

    kind: Kind
    text: str
    at: float = 0.0
    """When, in the history's seconds."""
    channel: str = ""
    ops: tuple[int, ...] = ()
    """The operations that it is about."""
