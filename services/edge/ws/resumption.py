"""Which streams go on, and where: exact or refused, never approximate (DESIGN §6 "Resumption across nodes").

Pure: time is an argument, I/O is in `resume.py`. A stream is held by one edge at a time. Whoever wants it names the
frame that its client expects next and a claim; the first claim gets everything from that frame on, and from then on
this edge writes nothing more under that id. So two that come at once cannot both go on, whatever the registry says.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from services.edge.ws.stream import QUEUE_BYTES, QUEUE_FRAMES, Owner, Ring, Stream

KEPT_SECONDS: Final = 300.0
"""How long a stream waits for its client."""

CLAIM_SECONDS: Final = 10.0
"""How long the claim that got a stream is answered again."""

AWAITED_SECONDS: Final = 10.0
"""Clients come again within seconds: so long a draining edge waits for those whose sockets it or the network ended."""

TOTAL_BYTES: Final = 128 * 1024 * 1024
"""All that is kept for clients that are away, and for claims; beyond it the oldest goes."""

USER_STREAMS: Final = 20
"""Streams that wait for one user's clients; one more ends the oldest."""

_OVERHEAD: Final = 4096
"""What a stream costs beside its frames, roughly: its place in each of its topics."""

RESUMABLE: Final = frozenset(
    {"client", "lost", "draining", "no_pong", "slow_seconds", "broken_frame", "too_big", "undecodable"}
)
"""Causes that end a socket and not its stream. Every other one is about the user, or about a gap."""

_AWAITED: Final = frozenset({"lost", "draining", "no_pong", "slow_seconds"})


class Refusal(StrEnum):
    """Why a stream does not go on."""

    UNKNOWN = "unknown"  # it is not here, or not this user's
    TAKEN = "taken"  # another claim has it
    OUT_OF_REACH = "out_of_reach"  # what the client expects next is gone, or never was


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to go on with."""

    connection_id: str
    seq: int
    """The number of the frame that it expects next."""


@dataclass(frozen=True, slots=True)
class State:
    """All that another edge needs to go on."""

    heads: tuple[bytes, ...]
    """The frames from the one that the client expects next."""
    positions: Mapping[str, int]
    """Topic → the seq up to which its events are in those frames and the ones before."""
    incarnations: Mapping[str, str]
    """Log → the incarnation that the positions are of; empty if none was heard of."""

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(map(len, self.heads)) + _OVERHEAD


@dataclass(frozen=True, slots=True)
class _Claim:
    connection_id: str
    user_id: str
    state: State
    until: float


class Topics(Protocol):
    """What streams listen to."""

    def positions(self, socket: Stream) -> dict[str, int]:
        """Return how far the stream is in each of its topics."""
        ...

    def incarnations(self) -> dict[str, str]:
        """Return the incarnation of each log."""
        ...

    def leave(self, socket: Stream) -> None:
        """Hand the stream nothing more."""
        ...

    def attend(self, socket: Stream, present: bool) -> None:
        """Count the stream's user as here or not: there is a socket, or there is none."""
        ...


class Resumption(Owner):
    """The streams that this edge holds, and the claims that it has answered."""

    def __init__(
        self,
        topics: Topics,
        *,
        ended: Callable[[str], None],
        left_out: Callable[[], None],
        total_bytes: int = TOTAL_BYTES,
    ) -> None:
        """`ended` is told the id of a stream that is over and not handed on."""
        self._topics, self._ended, self._left_out = topics, ended, left_out
        self._total_bytes = total_bytes
        self._streams: dict[str, Stream] = {}
        self._away: OrderedDict[Stream, tuple[float, bool]] = OrderedDict()  # since when, and whether awaited
        self._away_of: dict[str, dict[Stream, None]] = {}  # by user
        self._claims: OrderedDict[str, _Claim] = OrderedDict()
        self._taken: dict[str, str] = {}  # connection → the claim that got it last
        self.bytes = 0
        """All that is kept for clients that are away, and for claims."""

    def __contains__(self, stream: object) -> bool:
        """Whether the stream was begun here."""
        return isinstance(stream, Stream) and self._streams.get(stream.connection_id) is stream

    @property
    def ids(self) -> list[str]:
        """The connections that are held here."""
        return list(self._streams)

    @property
    def away(self) -> int:
        """How many streams wait for their clients."""
        return len(self._away)

    def awaited(self, now: float) -> int:
        """Return how many clients can be expected to come again soon."""
        return sum(1 for since, soon in self._away.values() if soon and now - since < AWAITED_SECONDS)

    def begin(self, stream: Stream) -> None:
        """Hold a stream from its first frame on."""
        self._streams[stream.connection_id] = stream

    def get(self, connection_id: str) -> Stream | None:
        """Return a stream that is held here."""
        return self._streams.get(connection_id)

    def lost(self, stream: Stream, cause: str, now: float) -> None:
        """Take note that the stream's socket is gone: the stream waits for another, or ends."""
        if stream.is_over:
            return
        if cause not in RESUMABLE:
            stream.close(cause)
            return
        stream.lose()
        self._topics.attend(stream, False)
        if stream not in self:  # not begun: whoever is about to decides
            return
        self._away[stream] = now, cause in _AWAITED
        siblings = self._away_of.setdefault(stream.user_id, {})
        siblings[stream] = None
        self._count(stream.ring.size + _OVERHEAD)
        if len(siblings) > USER_STREAMS:
            next(iter(siblings)).close("away_too_many")

    def find(self, wanted: Wanted, user_id: str) -> Stream | Refusal:
        """Return the stream that is to go on at this edge; one that cannot is ended."""
        stream = self._streams.get(wanted.connection_id)
        if stream is None or stream.user_id != user_id:
            return Refusal.UNKNOWN
        if stream.ring.since(wanted.seq) is None:
            stream.close("out_of_reach")
            return Refusal.OUT_OF_REACH
        return stream

    def carry(self, stream: Stream, newcomer: Stream) -> None:
        """Let a stream of here go on with the newcomer's socket; the newer wins. `replay` it then."""
        self._found(stream)
        self._topics.attend(stream, True)
        stream.carry_for(newcomer, "resumed")
        self._topics.leave(newcomer)

    def take(self, wanted: Wanted, user_id: str, claim: str, now: float) -> State | Refusal:
        """Hand a stream over to the claim, for good."""
        self.expire(now)
        kept = self._claims.get(claim)
        if kept is not None and (kept.connection_id, kept.user_id) == (wanted.connection_id, user_id):
            return kept.state
        stream = self.find(wanted, user_id)
        if isinstance(stream, Refusal):
            return Refusal.TAKEN if wanted.connection_id in self._taken else stream
        heads = tuple(stream.ring.since(wanted.seq) or ())
        state = State(heads, self._topics.positions(stream), self._topics.incarnations())
        self._forget(stream)
        stream.resign("resumed")
        self._claims[claim] = _Claim(wanted.connection_id, user_id, state, now + CLAIM_SECONDS)
        self._taken[wanted.connection_id] = claim
        self._count(state.size)
        return state

    def adopt(self, stream: Stream, wanted: Wanted, state: State, now: float) -> None:
        """Let a stream that was not begun go on as the one that was taken over. `replay` it then."""
        stream.become(wanted.connection_id, Ring(wanted.seq, state.heads))
        self.begin(stream)
        if stream.carrier is None:  # the socket is gone already
            self.lost(stream, "lost", now)

    def expire(self, now: float) -> None:
        """End what has waited for too long."""
        while self._away and now - next(iter(self._away.values()))[0] > KEPT_SECONDS:
            next(iter(self._away)).close("away_too_long")
        while self._claims and next(iter(self._claims.values())).until <= now:
            self._drop_claim()

    # What streams tell.

    def queued(self, stream: Stream, size: int) -> None:
        """Count what waits; a stream that waits for too much ends."""
        if stream not in self._away:
            return
        if stream.waiting > QUEUE_BYTES or len(stream.ring) > QUEUE_FRAMES:
            self.bytes += size
            stream.close("queue_full")
        else:
            self._count(size)

    def left_out(self) -> None:
        """Count something ephemeral that was not sent."""
        self._left_out()

    def ended(self, stream: Stream) -> None:
        """Forget a stream that is over."""
        was_held = stream in self
        self._forget(stream)
        if was_held:
            self._ended(stream.connection_id)

    def _forget(self, stream: Stream) -> None:
        self._found(stream)
        if stream in self:
            del self._streams[stream.connection_id]
        self._topics.leave(stream)

    def _found(self, stream: Stream) -> None:
        if self._away.pop(stream, None) is None:
            return
        self.bytes -= stream.ring.size + _OVERHEAD
        siblings = self._away_of[stream.user_id]
        del siblings[stream]
        if not siblings:
            del self._away_of[stream.user_id]

    def _count(self, size: int) -> None:
        self.bytes += size
        while self.bytes > self._total_bytes and self._claims:
            self._drop_claim()
        while self.bytes > self._total_bytes and self._away:
            next(iter(self._away)).close("away_too_much")

    def _drop_claim(self) -> None:
        name, claim = self._claims.popitem(last=False)
        self.bytes -= claim.state.size
        if self._taken.get(claim.connection_id) == name:
            del self._taken[claim.connection_id]
