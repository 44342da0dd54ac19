import pytest

from services.auth.domain.passwords import PasswordRules, check
from services.chassis.errors import DomainError, Reason

_STRICT = PasswordRules(8, lowercase=True, uppercase=True, number=True, symbol=True)


@pytest.mark.parametrize("password", ["12345678", "p" * 72, "ä" * 36])
def test_length_alone_by_default(password: str) -> None:
    check(password, PasswordRules())


@pytest.mark.parametrize(
    ("password", "rules", "faults"),
    [
        ("", PasswordRules(), "_min_length"),
        ("1234567", PasswordRules(), "_min_length"),
        ("p" * 73, PasswordRules(), "_max_length"),
        ("ä" * 37, PasswordRules(), "_max_length"),
        ("aaaaaaaa", _STRICT, "_uppercase_number_symbol"),
        ("AAAA1111", _STRICT, "_lowercase_symbol"),
        ("Äööööö1!", _STRICT, "_lowercase_uppercase"),
    ],
)
def test_faults_are_named(password: str, rules: PasswordRules, faults: str) -> None:
    with pytest.raises(DomainError) as caught:
        check(password, rules)
    assert (caught.value.reason, caught.value.facts) == (Reason.INVALID_PASSWORD, {"faults": faults})
