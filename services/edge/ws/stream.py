"""One client's stream: its frames under contiguous numbers, whichever socket carries them, or none for a while.

Pure. The stream outlives its socket, so that a client that comes again goes on where it was: what it may want again is
kept, what comes meanwhile is queued. All of that is bounded; beyond the bounds the stream ends, and its client, when it
comes, begins anew.
"""

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # for its type alone: this module stays free of protobuf
    from services.edge.dialect.frames import Frame, Standing

RING_FRAMES: Final = 512
RING_BYTES: Final = 256 * 1024
"""What is kept of the frames that were written. All who got a frame share its bytes, so this is mostly pointers."""

SEEN_FRAMES: Final = 128
SEEN_BYTES: Final = 64 * 1024
"""Of the frames that the client has proven to have read, the youngest are kept all the same: it may count otherwise."""

QUEUE_FRAMES: Final = 4096
QUEUE_BYTES: Final = 512 * 1024
"""What waits for a client that is away."""


class Carrier(Protocol):
    """A socket, as its stream sees it."""

    stream: "Stream | None"
    """Whom it carries."""

    def take(self, text: bytes) -> None:
        """Take a text to be written; it leaves at `flush`."""
        ...

    def flush(self) -> None:
        """Write what was taken."""
        ...

    def lags(self) -> bool:
        """Whether so much is unsent that what is soon stale should be left out."""
        ...

    def close(self, cause: str) -> None:
        """Close the socket."""
        ...


class Owner(Protocol):
    """Whoever keeps streams."""

    def queued(self, stream: "Stream", size: int) -> None:
        """So many bytes more wait for a client that is away."""
        ...

    def left_out(self) -> None:
        """Something ephemeral was not sent to a slow socket."""
        ...

    def ended(self, stream: "Stream") -> None:
        """The stream is over; called once."""
        ...


class Ring:
    """Frames from `first` on, each without its number and the closing brace."""

    __slots__ = ("_heads", "first", "size")

    def __init__(self, first: int = 0, heads: "list[bytes] | tuple[bytes, ...]" = ()) -> None:
        """Start with frames, the first of which is number `first`."""
        self.first = first
        self._heads = deque(heads)
        self.size = sum(map(len, heads))

    @property
    def next(self) -> int:
        """The number of the next frame."""
        return self.first + len(self._heads)

    def __len__(self) -> int:
        """How many frames it holds."""
        return len(self._heads)

    def append(self, head: bytes) -> int:
        """Keep a frame; return its number."""
        heads = self._heads
        number = self.first + len(heads)
        heads.append(head)
        self.size += len(head)
        return number

    def written(self, head: bytes) -> int:
        """Keep a frame that is written now, and of all those no more than the bounds; return its number."""
        number = self.append(head)
        if self.size > RING_BYTES or len(self._heads) > RING_FRAMES:
            self.trim(RING_FRAMES, RING_BYTES)
        return number

    def trim(self, frames: int, size: int) -> None:
        """Let the oldest go until no more than that is left."""
        while len(self._heads) > frames or self.size > size:
            self._drop()

    def seen(self, before: int) -> None:
        """Of the frames below number `before`, which the client has read, let all but the youngest go."""
        read = list(islice(self._heads, max(0, before - self.first)))
        kept = size = 0
        for head in reversed(read):
            size += len(head)
            if kept == SEEN_FRAMES or size > SEEN_BYTES:
                break
            kept += 1
        for _ in range(len(read) - kept):
            self._drop()

    def since(self, seq: int) -> list[bytes] | None:
        """Return the frames from number `seq` on; None when one is gone or `seq` has not been reached."""
        if not self.first <= seq <= self.next:
            return None
        return list(islice(self._heads, seq - self.first, None))

    def _drop(self) -> None:
        self.size -= len(self._heads.popleft())
        self.first += 1


class Stream:
    """What one connection id stands for. The hub hands it frames; `carrier` is its socket, None while there is none."""

    __slots__ = (
        "_asked_at",
        "_owner",
        "_waiting",
        "carrier",
        "connection_id",
        "is_over",
        "ring",
        "session_id",
        "standing",
        "user_id",
    )

    def __init__(
        self, connection_id: str, user_id: str, session_id: str, standing: "Standing", carrier: Carrier, owner: Owner
    ) -> None:
        """Begin with number 0."""
        self.connection_id = connection_id
        self.user_id, self.session_id, self.standing = user_id, session_id, standing
        self.carrier: Carrier | None = carrier
        carrier.stream = self
        self.ring = Ring()
        self.is_over = False
        self._owner = owner
        self._waiting = 0
        self._asked_at = 0

    @property
    def waiting(self) -> int:
        """Bytes that came since the socket went."""
        return self._waiting

    def send(self, frame: "Frame") -> None:
        """Take a frame under the next number; it leaves at `flush`."""
        carrier, ring = self.carrier, self.ring
        head = frame.head_for(self.user_id) if frame.varies else frame.head
        if carrier is None:
            if not frame.droppable and not self.is_over:
                ring.append(head)
                self._waiting += len(head)
                self._owner.queued(self, len(head))
        elif frame.droppable and carrier.lags():
            self._owner.left_out()
        else:
            number = ring.written(head)  # first: the socket may go while it takes the text
            carrier.take(b"%b%d}" % (head, number))

    def flush(self) -> None:
        """Write what was taken."""
        if self.carrier is not None:
            self.carrier.flush()

    def close(self, cause: str) -> None:
        """End the stream, and its socket with it."""
        if self.is_over:
            return
        self.is_over = True
        self._owner.ended(self)
        self._drop_carrier(cause)

    def lose(self) -> None:
        """Go on without a socket."""
        self.carrier = None
        self._waiting = 0

    def carry_for(self, newcomer: "Stream", cause: str) -> None:
        """Go on with the socket and the session of a newcomer; a socket that is still here is closed for the cause."""
        self._drop_carrier(cause)
        self.carrier, newcomer.carrier, newcomer.is_over = newcomer.carrier, None, True
        self.session_id, self.standing = newcomer.session_id, newcomer.standing
        if self.carrier is not None:
            self.carrier.stream = self
        self._asked_at = 0

    def become(self, connection_id: str, ring: Ring) -> None:
        """Go on as a stream that was begun elsewhere."""
        self.connection_id, self.ring = connection_id, ring

    def resign(self, cause: str) -> None:
        """Go on elsewhere: nothing more is written here, and the socket is closed for the cause."""
        self.is_over = True
        self._drop_carrier(cause)

    def replay(self, seq: int) -> None:
        """Give the socket the frames from number `seq` on. The ring must hold them."""
        for number, head in enumerate(self.ring.since(seq) or (), seq):
            if self.carrier is None:
                return
            self.carrier.take(b"%b%d}" % (head, number))
        self.ring.trim(RING_FRAMES, RING_BYTES)

    def ping_sent(self) -> None:
        """Note that a ping follows everything so far; its pong is `pong_came`."""
        self._asked_at = self.ring.next

    def pong_came(self) -> None:
        """Note that the client has read everything up to the last ping: not all of that need be kept."""
        self.ring.seen(self._asked_at)

    def _drop_carrier(self, cause: str) -> None:
        carrier, self.carrier = self.carrier, None
        if carrier is not None:
            carrier.close(cause)
