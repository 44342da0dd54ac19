"""What is seen of a user depends on who looks, and never includes a secret."""

from typing import Any

import pytest

from chorus.auth.v1 import users_pb2
from services.chassis.config.sections import PrivacySettings
from services.edge.caller import Caller
from services.edge.dialect.users import UserShapes

ID = "a" * 26
ALWAYS = {
    "id", "delete_at", "username", "auth_service", "email", "nickname", "first_name", "last_name", "position", "roles",
    "locale", "timezone", "disable_welcome_email",
}  # fmt: skip
USER = users_pb2.User(
    id=ID,
    create_at_ms=1,
    update_at_ms=2,
    username="ann",
    email="ann@example.com",
    email_verified=True,
    first_name="Ann",
    last_name="Lee",
    roles=["system_admin", "system_user"],
    notify_props={"email": "true"},
    timezone={"useAutomaticTimezone": "true"},
    failed_attempts=3,
    last_password_update_ms=9,
    mfa_active=True,
    auth_service="saml",
)
HIDING = UserShapes(PrivacySettings(ShowEmailAddress=False, ShowFullName=False))
OPEN = UserShapes(PrivacySettings())


def caller(user_id: str, *roles: str) -> Caller:
    return Caller(user_id, "s" * 26, roles)


def test_an_empty_user_has_exactly_what_is_always_there() -> None:
    assert OPEN.for_self(users_pb2.User(id=ID)).keys() == ALWAYS
    assert OPEN.for_others(users_pb2.User(id=ID)).keys() == ALWAYS | {"auth_data"}


def test_oneself_sees_everything() -> None:
    me = HIDING.seen_by(caller(ID, "system_user"), USER)
    assert (me["email"], me["first_name"], me["roles"]) == ("ann@example.com", "Ann", "system_admin system_user")
    assert {"notify_props", "email_verified", "last_password_update", "failed_attempts", "mfa_active"} <= me.keys()
    assert "auth_data" not in me


def test_an_administrator_sees_all_but_what_is_personal() -> None:
    seen = HIDING.seen_by(caller("b" * 26, "system_admin", "system_user"), USER)
    assert (seen["email"], seen["last_name"], seen["auth_service"]) == ("ann@example.com", "Lee", "saml")
    assert "notify_props" in seen
    assert not {"email_verified", "last_password_update"} & seen.keys()


@pytest.mark.parametrize(("shapes", "email", "name"), [(OPEN, "ann@example.com", "Ann"), (HIDING, "", "")])
def test_others_see_what_the_operator_lets_them(shapes: UserShapes, email: str, name: str) -> None:
    seen: dict[str, Any] = shapes.seen_by(caller("b" * 26, "system_user"), USER)
    assert (seen["email"], seen["first_name"], seen["auth_service"], seen["auth_data"]) == (email, name, "", "")
    assert not {"notify_props", "failed_attempts", "mfa_active", "email_verified"} & seen.keys()
