import pytest

from services.auth.domain.users import Draft, Patch, User, check_editor, new_user, patched
from services.chassis.errors import DomainError, Reason

_ID, _OTHER = "y" * 26, "z" * 26


def _draft(**changes: object) -> Draft:
    given: dict[str, object] = {"username": "alice", "email": "alice@example.com", "password": "secret-secret"}
    return Draft(**{**given, **changes})  # type: ignore[arg-type]


def _user(**changes: object) -> User:
    given: dict[str, object] = {
        "id": _ID,
        "create_at": 1,
        "update_at": 1,
        "username": "alice",
        "email": "alice@example.com",
    }
    return User(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a"),
        ("username", "A.b_c-9"),
        ("username", "u" * 64),
        ("email", "user@localhost"),
        ("email", "First.Last+tag@Sub.Example.com"),
        ("email", "müller@exämple.de"),
        ("nickname", "😀" * 64),
        ("position", "p" * 128),
        ("locale", ""),
        ("locale", "pt-BR"),
        ("locale", "de"),
    ],
)
def test_allowed(field: str, value: str) -> None:
    user = new_user(_draft(**{field: value}), _ID, "en")
    if field == "locale":
        assert user.locale == (value or "en")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "u" * 65),
        ("username", "alice smith"),
        ("username", "älice"),
        ("username", "alice\n"),
        ("username", "all"),
        ("username", "System"),
        ("email", ""),
        ("email", "alice"),
        ("email", "a@b@c"),
        ("email", "Alice <alice@example.com>"),
        ("email", "alice@example.com\nbcc: x@y.z"),
        ("email", "a..b@example.com"),
        ("email", "a" * 117 + "@example.com"),
        ("nickname", "n" * 65),
        ("first_name", "f" * 65),
        ("last_name", "nul\x00"),
        ("position", "p" * 129),
        ("locale", "english"),
        ("locale", "e_n"),
        ("props", {"k": "v" * 4000}),
        ("notify_props", {"desktop": "\x00"}),
        ("timezone", {"manualTimezone": "z" * 256}),
    ],
)
def test_refused_by_the_fields_name(field: str, value: object) -> None:
    if (field, value) == ("username", "alice\n"):
        value = "ali\nce"  # blanks around a name are cut, not refused
    with pytest.raises(DomainError) as caught:
        new_user(_draft(**{field: value}), _ID, "en")
    assert (caught.value.reason, caught.value.facts) == (Reason.INVALID_USER, {"field": field})


def test_names_lose_what_would_turn_or_hide_the_text_around_them() -> None:
    user = new_user(_draft(nickname=" \u202eevil\ufeff ", username=" ALICE "), _ID, "en")
    assert (user.nickname, user.username) == ("evil", "alice")


def test_a_new_address_is_unverified_and_the_same_one_stays() -> None:
    user = _user(email_verified=True)
    assert patched(user, Patch(email="ALICE@example.com")).email_verified
    assert not patched(user, Patch(email="a@example.org")).email_verified


@pytest.mark.parametrize(
    ("keys", "after"),
    [("", ""), ("cake", "cake"), ("alice,@Alice,cake", "bob,@bob,cake"), ("malice,alice2", "malice,alice2")],
)
def test_a_new_username_replaces_the_old_one_among_the_mention_keys(keys: str, after: str) -> None:
    changed = patched(_user(notify_props={"mention_keys": keys, "push": "all"}), Patch(username="bob"))
    assert changed.notify_props == {"mention_keys": after, "push": "all"}


_ADMIN, _MEMBER = ("system_admin", "system_user"), ("system_user",)


@pytest.mark.parametrize(
    ("actor", "roles", "target", "reason"),
    [
        (_ID, _MEMBER, _user(), None),
        (_OTHER, _MEMBER, _user(), Reason.PERMISSION_DENIED),
        (_OTHER, _ADMIN, _user(), None),
        (_OTHER, _ADMIN, _user(roles=_ADMIN), None),
        (_OTHER, _MEMBER, None, Reason.PERMISSION_DENIED),
        (_OTHER, _ADMIN, None, Reason.USER_NOT_FOUND),
        (_ID, _MEMBER, _user(is_bot=True), Reason.PERMISSION_DENIED),
        (_OTHER, (), _user(), Reason.PERMISSION_DENIED),
    ],
)
def test_self_or_editor(actor: str, roles: tuple[str, ...], target: User | None, reason: Reason | None) -> None:
    if reason is None:
        assert check_editor(actor, roles, target, _ID) is target
        return
    with pytest.raises(DomainError) as caught:
        check_editor(actor, roles, target, _ID)
    assert caught.value.reason is reason
