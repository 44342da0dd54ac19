"""What a password must have. Changing this file changes nothing for passwords that are set already."""

from dataclasses import dataclass
from typing import Final

from services.chassis.errors import DomainError, Reason

MAX_BYTES: Final = 72
"""The client contract's limit; argon2id itself has none that matters."""

_SYMBOLS: Final = frozenset(" !\"\\#$%&'()*+,-./:;<=>?@[]^_`|~")


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """PasswordSettings."""

    minimum_length: int = 8
    lowercase: bool = False
    uppercase: bool = False
    number: bool = False
    symbol: bool = False


def check(password: str, rules: PasswordRules) -> None:
    """Raise invalid_password(faults): `_min_length`, `_max_length`, or each class that is missing, joined."""
    if len(password) < rules.minimum_length:
        raise DomainError(Reason.INVALID_PASSWORD, faults="_min_length")
    if len(password.encode()) > MAX_BYTES:
        raise DomainError(Reason.INVALID_PASSWORD, faults="_max_length")
    classes = (
        ("_lowercase", rules.lowercase, any("a" <= c <= "z" for c in password)),
        ("_uppercase", rules.uppercase, any("A" <= c <= "Z" for c in password)),
        ("_number", rules.number, any("0" <= c <= "9" for c in password)),
        ("_symbol", rules.symbol, any(c in _SYMBOLS for c in password)),
    )
    faults = "".join(name for name, wanted, found in classes if wanted and not found)
    if faults:
        raise DomainError(Reason.INVALID_PASSWORD, faults=faults)
