import itertools

import pytest

from services.auth.domain.sign_up import SignUpRules, admit, check_domain, domains_of
from services.chassis.errors import DomainError, Reason


@pytest.mark.parametrize(
    ("enabled", "is_open", "by_admin", "invited", "first"), list(itertools.product((False, True), repeat=5))
)
def test_who_may_sign_up(enabled: bool, is_open: bool, by_admin: bool, invited: bool, first: bool) -> None:
    expected = None
    if not by_admin and not invited:
        if not enabled:
            expected = Reason.SIGN_UP_DISABLED
        elif not is_open and not first:
            expected = Reason.SIGN_UP_CLOSED
    reason = None
    try:
        admit(SignUpRules(enabled, is_open), by_admin=by_admin, invited=invited, first=first)
    except DomainError as error:
        reason = error.reason
    assert reason is expected


def test_domains_are_read_as_they_are_written() -> None:
    assert domains_of("") == ()
    assert domains_of(" @Example.com, example.org @example.net") == ("example.com", "example.org", "example.net")


def test_a_domain_is_the_whole_domain() -> None:
    rules = SignUpRules(domains=("example.com",))
    check_domain("a@example.com", rules)
    for email in ("a@sub.example.com", "a@notexample.com"):
        with pytest.raises(DomainError):
            check_domain(email, rules)
