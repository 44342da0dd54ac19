"""Roles that a user may be given, and who may change accounts."""

import pytest

from services.auth.domain import accounts
from services.auth.domain.accounts import AccountRules
from services.auth.domain.users import ADMIN, MEMBER, User
from services.chassis.errors import DomainError, Reason

RULES = AccountRules(guests=True, self_deactivation=False, end_sessions=True)


def user(*roles: str) -> User:
    return User(id="u" * 26, create_at=1, update_at=1, username="ann", email="a@b", roles=roles or MEMBER)


@pytest.mark.parametrize(
    ("names", "reason", "facts"),
    [
        (("system_user", "none_such"), Reason.INVALID_USER_ROLES, {"fault": "unknown"}),
        (("system_user", "channel_admin"), Reason.INVALID_USER_ROLES, {"fault": "unknown"}),
        (("system_user", "system_manager"), Reason.INVALID_USER_ROLES, {"fault": "license"}),
        (("system_guest",), Reason.INVALID_ARGUMENT, {"field": "roles"}),
    ],
)
def test_roles_that_no_member_can_have(names: tuple[str, ...], reason: Reason, facts: dict[str, str]) -> None:
    with pytest.raises(DomainError) as refused:
        accounts.with_roles(user(), names)
    assert (refused.value.reason, refused.value.facts) == (reason, facts)


def test_roles_replace_what_there_was_and_the_same_ones_are_no_change() -> None:
    assert accounts.with_roles(user(), ("system_admin", "system_user", "system_admin")).roles == ADMIN
    assert accounts.with_roles(user(*ADMIN), ("system_user",)).roles == MEMBER
    admin = user("system_user", "system_admin")
    assert accounts.with_roles(admin, ADMIN) is admin


def test_a_guest_is_nothing_else() -> None:
    guest = accounts.demoted(user("system_user", "system_post_all"))
    assert guest.roles == ("system_guest",)
    assert accounts.promoted(guest).roles == MEMBER
    with pytest.raises(DomainError, match="already_guest"):
        accounts.demoted(guest)
    with pytest.raises(DomainError, match="not_a_guest"):
        accounts.promoted(user())
    with pytest.raises(DomainError, match="invalid_argument"):
        accounts.with_roles(guest, ("system_guest", "system_user"))


def test_who_may_let_in_and_keep_out() -> None:
    accounts.require_activation("me", ADMIN, "you", active=False, rules=RULES)
    for actor, active, reason in (("me", True, "activation_denied"), ("you", False, "deactivation_disabled")):
        with pytest.raises(DomainError, match=reason):
            accounts.require_activation(actor, MEMBER, "you", active=active, rules=RULES)
    allowed = AccountRules(guests=True, self_deactivation=True, end_sessions=True)
    accounts.require_activation("you", MEMBER, "you", active=False, rules=allowed)
    with pytest.raises(DomainError, match="activation_denied"):
        accounts.require_activation("you", MEMBER, "you", active=True, rules=allowed)


def test_who_may_set_a_password() -> None:
    accounts.require_password_change("u" * 26, MEMBER, user(), "u" * 26)
    accounts.require_password_change("me", ADMIN, user(*ADMIN), "u" * 26)
    with pytest.raises(DomainError, match="password_of_other"):
        accounts.require_password_change("me", MEMBER, user(), "u" * 26)
