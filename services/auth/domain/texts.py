"""Texts that people write about themselves."""

import re
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u0340\u0341\u17a3\u17d3\u2028-\u202e\u206a-\u206f\ufff9-\ufffc\ufeff\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
"""What turns, hides or breaks a name where it is shown; the list is the client contract's."""


def cleaned(text: str) -> str:
    """Return a name without characters that turn, hide or break the text around it, and without outer blanks."""
    return _UNSEEN.sub("", text).strip()


def storable(text: str) -> bool:
    """Say whether the database can hold the text: PostgreSQL knows no NUL."""
    return "\x00" not in text
