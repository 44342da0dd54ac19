"""The last messages of the bus, undecoded: what came between a baseline's snapshot and its use is found here."""

from collections import deque
from itertools import islice
from typing import Final

from services.chassis.bus import BusMessage

MESSAGES: Final = 8_192
BYTES: Final = 8 * 1024 * 1024


class Recent:
    """A ring of durable messages, bounded by number and bytes."""

    def __init__(self, messages: int = MESSAGES, size: int = BYTES) -> None:
        """Keep at most that much."""
        self._most, self._most_bytes = messages, size
        self._ring: deque[BusMessage] = deque()
        self._bytes = 0
        self._first = 0

    def append(self, message: BusMessage) -> None:
        """Keep a message; the oldest go."""
        self._ring.append(message)
        self._bytes += len(message.data)
        while len(self._ring) > self._most or self._bytes > self._most_bytes:
            self._bytes -= len(self._ring.popleft().data)
            self._first += 1

    def mark(self) -> int:
        """Return the present position, for `since`."""
        return self._first + len(self._ring)

    def since(self, mark: int) -> list[BusMessage] | None:
        """Return what came since a mark, in order of arrival; None when some of it is gone."""
        if mark < self._first:
            return None
        return list(islice(reversed(self._ring), self.mark() - mark))[::-1]
