"""How fast somebody may guess: failures fill a bucket that leaks; a full one refuses until enough has leaked."""

import math
from collections import OrderedDict
from typing import Final

MAX_KEYS: Final = 50_000
"""Keys remembered by one throttle, about 10 MB; the one that failed longest ago is forgotten first."""


class FailureThrottle:
    """Failures by key (an account, an address), in this process alone."""

    def __init__(self, capacity: int, leak_seconds: float, max_keys: int = MAX_KEYS) -> None:
        """Let `capacity` failures through at once, then one every `leak_seconds`."""
        self._capacity, self._leak, self._max_keys = capacity, leak_seconds, max_keys
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, key: str, now: float) -> int:
        """Return how long the next attempt has to wait, in whole seconds; 0 when it may be made now."""
        over = self._level(key, now) + 1 - self._capacity
        return math.ceil(over * self._leak) if over > 0 else 0

    def failed(self, key: str, now: float) -> None:
        """Count a failure; `now` is monotonic, in seconds."""
        self._levels[key] = (self._level(key, now) + 1, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._max_keys:
            self._levels.popitem(last=False)

    def forget(self, key: str) -> None:
        """Empty the bucket: the key has proved to be who it says."""
        self._levels.pop(key, None)

    def _level(self, key: str, now: float) -> float:
        level, since = self._levels.get(key, (0.0, now))
        return max(0.0, level - (now - since) / self._leak)
