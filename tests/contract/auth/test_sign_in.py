"""Signing in, and being slowed down."""

import asyncio

import pytest

from services.auth.operations import sign_in
from services.chassis.errors import DomainError, Reason
from tests.contract.auth.callers import PASSWORD, Auth, running
from tests.contract.grounds import Grounds
from tests.contract.served import refused
from tests.manual_clock import ManualClock


async def test_by_username_or_address_without_case(auth: Auth) -> None:
    user = await auth.create("ina")
    for login_id in ("ina", "INA", " Ina@Example.com "):
        answer = await auth.login(login_id, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
        assert answer.user.id == user.id
        assert answer.session.user_id == user.id
        assert answer.session.props["browser"] == "Firefox/140.0"
        assert len(answer.session.props["csrf"]) == 26
        assert answer.session.expires_at_ms == answer.session.create_at_ms + 720 * 3_600_000
        assert len(answer.token) == 50


async def test_refusals_tell_no_more_than_they_must(auth: Auth) -> None:
    await auth.create("otto")
    with refused(Reason.BLANK_PASSWORD):
        await auth.login("otto", "")
    for login_id in ("otto", "nobody", "no\x00body", "", "otto@example.com"):
        with refused(Reason.INVALID_CREDENTIALS):
            await auth.login(login_id, "wrong password")


async def test_forty_people_of_one_address_sign_in_at_once(auth: Auth) -> None:
    people = await asyncio.gather(*(auth.create() for _ in range(40)))
    answers = await asyncio.gather(*(auth.login(user.username, address="10.0.0.1") for user in people))
    assert len({answer.token for answer in answers}) == 40


async def test_one_person_may_sign_in_many_times_at_once(auth: Auth) -> None:
    await auth.create("busy")
    answers = await asyncio.gather(*(auth.login("busy", address="10.0.0.2") for _ in range(15)))
    assert len({answer.session.id for answer in answers}) == 15


async def test_a_good_sign_in_forgets_failures_and_too_many_close_the_account(auth: Auth) -> None:
    await auth.create("guessed")
    for _ in range(9):
        with refused(Reason.INVALID_CREDENTIALS):
            await auth.login("guessed", "wrong password")
    assert (await auth.login("guessed")).user.failed_attempts == 0
    outcomes = await asyncio.gather(*(auth.login("guessed", f"wrong {n}") for n in range(15)), return_exceptions=True)
    reasons = [outcome.reason for outcome in outcomes]  # type: ignore[union-attr]
    assert reasons.count(Reason.INVALID_CREDENTIALS) == 10, "guesses at once are counted like guesses in a row"
    assert reasons.count(Reason.TOO_MANY_ATTEMPTS) == 5
    with refused(Reason.TOO_MANY_ATTEMPTS):
        await auth.login("guessed")


async def test_failures_of_one_address_throttle_it_alone_until_the_time_that_was_told(grounds: Grounds) -> None:
    clock = ManualClock()  # passwords take their time to check, and failures are forgiven by the second
    async with running(grounds, grounds.settings("auth"), clock=clock) as auth:
        await auth.create("calm")
        for n in range(sign_in.ADDRESS_FAILURES):
            with refused(Reason.INVALID_CREDENTIALS):
                await auth.login(f"stuffed{n}", "wrong password", address="10.0.0.3")
        with pytest.raises(DomainError) as caught:
            await auth.login("calm", address="10.0.0.3")
        assert caught.value.reason is Reason.SIGN_IN_THROTTLED
        await auth.login("calm", address="10.0.0.4")
        clock.advance(int(caught.value.facts["retry_after_s"]))
        await auth.login("calm", address="10.0.0.3")


async def test_an_unknown_account_is_throttled_like_a_known_one(grounds: Grounds) -> None:
    async with running(grounds, grounds.settings("auth"), clock=ManualClock()) as auth:
        for _ in range(sign_in.ACCOUNT_FAILURES):
            with refused(Reason.INVALID_CREDENTIALS):
                await auth.login("ghost", "wrong password")
        with refused(Reason.SIGN_IN_THROTTLED, retry_after_s=f"{sign_in.ACCOUNT_SECONDS:g}"):
            await auth.login("ghost", "wrong password")


async def test_ways_to_sign_in_can_be_switched_off(grounds: Grounds) -> None:
    async with running(grounds, grounds.settings("auth", EmailSettings={"EnableSignInWithUsername": False})) as auth:
        await auth.create("mailer")
        await auth.login("mailer@example.com")
        with refused(Reason.INVALID_CREDENTIALS):
            await auth.login("mailer", PASSWORD)
