"""Identifiers and tokens in Mattermost's alphabet; the only place where randomness becomes a name."""

import os
import re
from typing import Final

ALPHABET: Final = "ybndrfg8ejkmcpqxot1uwisza345h769"
ID_LENGTH: Final = 26
TOKEN_LENGTH: Final = 50

_LETTERS: Final = ALPHABET.encode() * 8
"""A letter for each byte, and eight bytes for each letter: no letter is likelier than another."""

_is_id: Final = re.compile(r"[a-z0-9]{26}").fullmatch


def new_id() -> str:
    """Return a fresh id: 26 characters that carry 130 random bits. Ids have no order."""
    return os.urandom(ID_LENGTH).translate(_LETTERS).decode()


def is_valid_id(text: str) -> bool:
    """Say whether `text` has the shape of an id: 26 of a-z and 0-9, as clients check it. It need not exist."""
    return _is_id(text) is not None


def new_token() -> str:
    """Return a fresh secret for a session or an access token: 50 characters, 250 random bits.

    DESIGN asks for 256 bits; the dialect cuts every presented token at 50 characters and each carries 5 bits, so
    250 is what fits. Ids (26 characters) would be shorter, but hold only half of that.
    """
    return os.urandom(TOKEN_LENGTH).translate(_LETTERS).decode()
