"""Who may sign up, and as what."""

import asyncio

import pytest

from chorus.auth.v1 import events_pb2, users_pb2
from chorus.common.v1 import actor_pb2
from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.errors import DomainError, Reason
from tests.contract.auth.callers import PASSWORD, Auth, running
from tests.contract.grounds import Grounds
from tests.contract.served import refused


async def test_of_ten_first_accounts_at_once_one_is_admin(grounds: Grounds) -> None:
    settings = grounds.settings("auth", TeamSettings={"EnableOpenServer": True})
    async with running(grounds, settings) as first, running(grounds, settings, ordinal=2) as second:
        made = await asyncio.gather(*((first, second)[n % 2].create(f"early{n}") for n in range(10)))
    roles = sorted(list(user.roles) for user in made)
    assert roles == [["system_admin", "system_user"], *[["system_user"]] * 9]


async def test_a_closed_server_takes_the_first_account_then_only_the_invited_and_an_admins(grounds: Grounds) -> None:
    async with running(grounds, grounds.settings("auth")) as auth:
        attempts = [auth.create(f"racer{n}") for n in range(5)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        admins = [user for user in outcomes if isinstance(user, users_pb2.User)]
        assert len(admins) == 1, "more than one came in before the door closed"
        assert {o.reason for o in outcomes if isinstance(o, DomainError)} == {Reason.SIGN_UP_CLOSED}
        with refused(Reason.SIGN_UP_CLOSED):
            await auth.create("stranger")
        with refused(Reason.SIGN_UP_CLOSED):
            await auth.create("stranger", actor=actor_pb2.Actor(user_id="y" * 26, roles=["system_user"]))
        invited = await auth.create("invited", allow_sign_up=True, email_verified=True)
        assert list(invited.roles) == ["system_user"]
        assert not invited.email_verified, "only an administrator's word counts"
        admin = actor_pb2.Actor(user_id=admins[0].id, roles=admins[0].roles)
        assert (await auth.create("hired", actor=admin, email_verified=True)).email_verified


@pytest.mark.parametrize(
    "closed", [{"EmailSettings": {"EnableSignUpWithEmail": False}}, {"TeamSettings": {"EnableUserCreation": False}}]
)
async def test_sign_up_can_be_switched_off(grounds: Grounds, closed: dict[str, dict[str, bool]]) -> None:
    async with running(grounds, grounds.settings("auth", **closed)) as auth:
        with refused(Reason.SIGN_UP_DISABLED):
            await auth.create("nobody")


async def test_only_addresses_of_the_allowed_domains(grounds: Grounds) -> None:
    settings = grounds.settings(
        "auth", TeamSettings={"EnableOpenServer": True, "RestrictCreationToDomains": "example.com, @example.org"}
    )
    async with running(grounds, settings) as auth:
        await auth.create("ours")
        await auth.create("theirs", email="theirs@Example.ORG")
        for email in ("evil@example.net", "evil@notexample.com", "evil@example.com.evil.net"):
            with refused(Reason.EMAIL_DOMAIN_REFUSED):
                await auth.create("evil", email=email)


async def test_names_and_addresses_are_unique_without_case_even_at_once(auth: Auth) -> None:
    made = await auth.create("Alice.One", email="Alice@Example.com")
    assert (made.username, made.email) == ("alice.one", "alice@example.com")
    with refused(Reason.USERNAME_TAKEN):
        await auth.create("ALICE.one", email="other@example.com")
    with refused(Reason.EMAIL_TAKEN):
        await auth.create("other", email="ALICE@example.com")
    outcomes = await asyncio.gather(
        *(auth.create("twin", email=f"twin{n}@example.com") for n in range(6)), return_exceptions=True
    )
    assert sum(isinstance(outcome, users_pb2.User) for outcome in outcomes) == 1
    assert {o.reason for o in outcomes if isinstance(o, DomainError)} == {Reason.USERNAME_TAKEN}


async def test_what_a_user_may_not_be_is_named_and_nothing_is_written(auth: Auth) -> None:
    for field, value in (
        ("username", "has space"),
        ("username", "channel"),
        ("email", "nowhere"),
        ("nickname", "n" * 65),
        ("position", "p" * 129),
        ("locale", "not-a-locale"),
        ("first_name", "nul\x00"),
    ):
        request = users_pb2.CreateUserRequest(username="wrong", email="wrong@example.com", password=PASSWORD)
        setattr(request, field, value)
        with refused(Reason.INVALID_USER, field=field):
            await auth.caller.call(auth.users.CreateUser, request)
    with refused(Reason.INVALID_PASSWORD, faults="_min_length"):
        await auth.create("wrong", password="short")
    answer = await auth.caller.call(auth.users.GetUsers, users_pb2.GetUsersRequest(usernames=["wrong"]))
    assert not answer.users


async def test_a_new_user_has_the_defaults_and_is_announced_in_the_log(auth: Auth) -> None:
    before = await auth.caller.call(auth.log.CurrentSeqs, log_pb2.CurrentSeqsRequest(topics=["auth/cluster"]))
    made = await auth.create("fresh")
    assert made.locale == "en"
    assert made.notify_props["desktop"] == "mention"
    assert made.timezone["useAutomaticTimezone"] == "true"
    assert made.create_at_ms == made.update_at_ms == made.last_password_update_ms > 0
    listed = await auth.caller.call(
        auth.log.ListEvents, log_pb2.ListEventsRequest(topic="auth/cluster", after=before.seqs[0].seq)
    )
    assert [entry.kind for entry in listed.entries] == ["user_created"]
    assert events_pb2.UserCreated.FromString(listed.entries[0].body).user == made
    assert PASSWORD.encode() not in listed.entries[0].body


async def test_who_names_no_username_gets_one(auth: Auth) -> None:
    made = await auth.caller.call(
        auth.users.CreateUser, users_pb2.CreateUserRequest(email="nameless@example.com", password=PASSWORD)
    )
    assert len(made.user.username) == 27
