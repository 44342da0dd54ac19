"""What a history consists of: operations, channels with their durable events, sockets' streams."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from tests.faults.history import Args, Done, End, Frame, Invoke, Kept, Reacted, Value

LATE_EFFECT = 30.0
"""For so many seconds an attempt that was given up may still take effect: longer than any deadline in the mesh."""

COMES = {"system_join_channel": "user", "system_add_to_channel": "subject"}
GOES = {"system_leave_channel": "user", "system_remove_from_channel": "subject"}
"""Notices of members that come and go: which field of the post says who."""
ABOUT_POSTS = frozenset({"posted", "post_edited", "post_deleted", "reaction_added", "reaction_removed"})
"""Events that a socket is told of each durable change of a channel's posts."""

Key = tuple[str, str, str, str, int]
"""What tells an event from all others: name, post, user, emoji, time."""


@dataclass(slots=True)
class Op:
    """An operation from its beginning to its end."""

    invoke: Invoke
    done: Done | None = None

    @property
    def number(self) -> int:
        """Its number in the history."""
        return self.invoke.op

    @property
    def what(self) -> str:
        """What kind it is."""
        return self.invoke.what

    @property
    def args(self) -> Args:
        """What it is about."""
        return self.invoke.args

    @property
    def began(self) -> float:
        """When it was sent first."""
        return self.invoke.at

    @property
    def acked(self) -> bool:
        """Whether it was acknowledged."""
        return self.done is not None and self.done.outcome == "ok"

    @property
    def refused(self) -> bool:
        """Whether it was refused; it may be `effective` all the same."""
        return self.done is not None and self.done.outcome == "fail"

    @property
    def effective(self) -> bool:
        """Whether it may have had effect; a removal that is tried again, since its instance died under it, finds its
        own work done, and is refused.
        """
        gone = self.what in ("remove", "delete") and self.done is not None and self.done.status == 404
        return gone or not self.refused

    @property
    def ended(self) -> float:
        """When the answer came; never, without one."""
        return self.done.at if self.done is not None else inf

    @property
    def settled(self) -> float:
        """From when on it has no further effect."""
        if self.done is None:
            return inf
        once = self.done.attempts == 1 and self.done.outcome != "unknown"
        return self.done.at if once else self.done.at + LATE_EFFECT

    @property
    def value(self) -> Value:
        """What was answered."""
        return self.done.value if self.done is not None else Value()


class Event(NamedTuple):
    """A durable event of a channel. Of a removed reaction only the neighbours' times are known: at = that of the
    one before, and a half."""

    at: float
    key: Key
    began: float
    """When the operation that made it was sent; long ago for what is nobody's."""
    acked: float
    """When it was acknowledged; never, if it was not."""
    op: int

    @property
    def is_between(self) -> bool:
        """Whether only the neighbours' times are known."""
        return self.key[0] == "reaction_removed"


class Window(NamedTuple):
    """From when to when (in the channel's own time) a user is a member: start ≤ at < end."""

    start: float
    end: float


@dataclass(slots=True)
class Channel:
    """What is known of a channel at the end."""

    id: str
    finals: dict[str, Sequence[Kept]] = field(default_factory=dict)
    """The history as each edge shows it."""
    posts: dict[str, Kept] = field(default_factory=dict)
    reactions: Sequence[Reacted] = ()
    events: list[Event] = field(default_factory=list)
    """In the channel's order."""
    place: dict[Key, int] = field(default_factory=dict)
    begun: list[float] = field(default_factory=list)
    """For each event, when the latest of the operations up to it was sent."""
    windows: dict[str, list[Window]] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)

    @property
    def kept(self) -> Sequence[Kept]:
        """The history as the first edge shows it, oldest first."""
        return next(iter(self.finals.values()), ())

    def is_member(self, user: str, at: float) -> bool:
        """Whether the user was a member at a moment of the channel's time."""
        return any(window.start <= at < window.end for window in self.windows.get(user, ()))


@dataclass(slots=True)
class Stream:
    """What one connection_id carried, on however many sockets."""

    connection: str
    client: str
    session: str
    edges: list[str]
    opened: float
    """When the first socket was begun."""
    hello: float
    frames: list[Frame] = field(default_factory=list)
    of_channel: dict[str, list[Frame]] = field(default_factory=dict)
    """Of the frames, those that tell of a durable event of a channel's posts."""
    end: End | None = None

    @property
    def name(self) -> str:
        """For reports."""
        return f"the socket {self.connection} on {'→'.join(self.edges)}"

    @property
    def until(self) -> float:
        """When it ended."""
        return self.end.at if self.end is not None else inf


def key_of(frame: Frame) -> Key:
    """What tells the frame's event from others."""
    match frame.event:
        case "posted" | "post_deleted":
            return frame.event, frame.id, "", "", 0
        case "post_edited":
            return frame.event, frame.id, "", "", frame.changed
        case _:
            return frame.event, frame.id, frame.user, frame.emoji, frame.changed
