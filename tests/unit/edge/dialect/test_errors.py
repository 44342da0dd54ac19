"""Every reason has a name outside, and the name is the one that clients match on."""

import re

import pytest

from services.chassis.errors import DomainError, Reason
from services.chassis.rpc.errors import CODES
from services.edge.dialect.errors import SHAPES, app_error, retry_after


def test_every_reason_is_known_outside_and_to_grpc() -> None:
    assert set(SHAPES) == set(Reason) == set(CODES)


@pytest.mark.parametrize("reason", list(Reason))
def test_an_error_without_its_facts_is_still_a_whole_one(reason: Reason) -> None:
    error = app_error(DomainError(reason), "r" * 26)
    assert re.fullmatch(r"[a-z_]+(\.[a-zA-Z0-9_]+)+", error.id)
    assert "{" not in error.message
    assert error.message
    assert error.detailed_error == ""
    assert 400 <= error.status_code <= 504


def test_only_the_lack_of_a_session_is_401() -> None:
    """The web client signs its user out on any 401 that is not of /login."""
    assert {reason for reason in Reason if SHAPES[reason].status == 401} == {
        Reason.SESSION_EXPIRED,
        Reason.TOKEN_IN_QUERY,
        Reason.INVALID_CREDENTIALS,
        Reason.USER_INACTIVE,
        Reason.BOT_LOGIN_FORBIDDEN,
        Reason.GUEST_LOGIN_DISABLED,
        Reason.TOO_MANY_ATTEMPTS,
    }


@pytest.mark.parametrize(
    ("error", "error_id"),
    [
        (DomainError(Reason.POST_INVALID, field="message"), "model.post.is_valid.message_length.app_error"),
        (DomainError(Reason.POST_INVALID, field="props"), "model.post.is_valid.props.app_error"),
        (DomainError(Reason.INVALID_USER, field="username"), "model.user.is_valid.username.app_error"),
        (DomainError(Reason.INVALID_PASSWORD, faults="_min_length"), "model.user.is_valid.pwd_min_length.app_error"),
        (DomainError(Reason.USER_NOT_FOUND), "app.user.missing_account.const"),
        (DomainError(Reason.USER_NOT_FOUND, by="username"), "app.user.get_by_username.app_error"),
        (DomainError(Reason.TEAM_NOT_FOUND, by="name"), "app.team.get_by_name.missing.app_error"),
        (DomainError(Reason.REACTION_ARCHIVED, how="delete"), "api.reaction.delete.archived_channel.app_error"),
    ],
)
def test_facts_choose_the_variant(error: DomainError, error_id: str) -> None:
    assert app_error(error, "").id == error_id


def test_a_fact_is_no_format() -> None:
    error = app_error(DomainError(Reason.INVALID_ARGUMENT, field="{0.__class__}"), "")
    assert error.message == "Invalid or missing {0.__class__} in request body."


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (DomainError(Reason.UNAVAILABLE, part="messaging"), 1),
        (DomainError(Reason.BUSY, retry_after_s="0.2"), 1),
        (DomainError(Reason.SIGN_IN_THROTTLED, retry_after_s=30), 30),
        (DomainError(Reason.BUSY, retry_after_s="soon"), 1),
        (DomainError(Reason.PERMISSION_DENIED), None),
        (DomainError(Reason.DEADLINE_EXCEEDED), None),  # it may have happened: not for a machine to repeat
    ],
)
def test_who_may_try_again_is_told_when(error: DomainError, seconds: int | None) -> None:
    assert retry_after(error) == seconds
