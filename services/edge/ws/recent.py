"""The last messages of the bus, undecoded, by topic, and word of those that it did not bring.

What came between a baseline's snapshot and its use is found here, and what a socket missed while it moved.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from services.chassis.bus import BusMessage

MESSAGES: Final = 8_192
BYTES: Final = 8 * 1024 * 1024


class Recent:
    """Durable messages in the order in which they came, bounded by number and bytes."""

    def __init__(self, messages: int = MESSAGES, size: int = BYTES) -> None:
        """Keep at most that much."""
        self._most, self._most_bytes = messages, size
        self._ring: deque[BusMessage] = deque()
        self._topics: dict[str, deque[BusMessage]] = {}
        self._bytes = 0
        self._first = 0

    def append(self, message: BusMessage) -> None:
        """Keep a message; the oldest go."""
        self._ring.append(message)
        of_topic = self._topics.get(message.topic)
        if of_topic is None:
            of_topic = self._topics[message.topic] = deque()
        of_topic.append(message)
        self._bytes += len(message.data)
        while len(self._ring) > self._most or self._bytes > self._most_bytes:
            gone = self._ring.popleft()
            self._bytes -= len(gone.data)
            self._first += 1
            of_topic = self._topics[gone.topic]
            of_topic.popleft()
            if not of_topic:
                del self._topics[gone.topic]

    def told(self, topic: str, seq: int) -> None:
        """Keep that the log has come so far with a topic, as a message without data, unless the bus brought that."""
        if not any(message.seq >= seq for message in reversed(self.of(topic))):
            self.append(BusMessage(topic, seq, b""))

    def clear(self) -> None:
        """Forget all of them."""
        self._first += len(self._ring)
        self._ring.clear()
        self._topics.clear()
        self._bytes = 0

    def mark(self) -> int:
        """Return the present position, for `has_all_since`."""
        return self._first + len(self._ring)

    def has_all_since(self, mark: int) -> bool:
        """Whether nothing that came since the mark is gone."""
        return mark >= self._first

    def of(self, topic: str) -> Sequence[BusMessage]:
        """Return a topic's messages in the order in which they came: with gaps, doubles and disorder, as buses have."""
        return self._topics.get(topic, ())

    def between(self, topic: str, after: int, upto: int) -> list[BusMessage] | None:
        """Return a topic's messages behind `after` up to `upto` in the order of their seq; None if one is not here."""
        if upto <= after:
            return []
        by_seq = {message.seq: message for message in self.of(topic) if after < message.seq <= upto and message.data}
        return [by_seq[seq] for seq in range(after + 1, upto + 1)] if len(by_seq) == upto - after else None
