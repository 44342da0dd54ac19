"""A value that must not be seen."""

from typing import Final

MASK: Final = "********"


class Secret:
    """Wraps a secret text so that no repr, log line or f-string shows it; `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        """Wrap `text`; empty means that there is no secret."""
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one call that needs it."""
        return self._text

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self._text)

    def __repr__(self) -> str:
        """Return a mask, or nothing if there is no secret."""
        return MASK if self._text else ""

    def __eq__(self, other: object) -> bool:
        """Compare by text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Hash by text."""
        return hash(self._text)
