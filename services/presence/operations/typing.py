"""Typing: passed on, never kept."""

from collections.abc import Sequence

from services.presence.operations.announcing import Announcer, Typist


class Typing:
    """Passes typing on."""

    def __init__(self, announcer: Announcer, *, enabled: bool) -> None:
        """`enabled` is ServiceSettings.EnableUserTypingMessages."""
        self._announcer, self._enabled = announcer, enabled

    def publish(self, typists: Sequence[Typist]) -> None:
        """Tell the edges who is typing; nobody hears of it when it is switched off."""
        if self._enabled:
            self._announcer.typing(typists)
