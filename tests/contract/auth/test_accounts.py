"""Roles, guests, activation and passwords: what is taken away is gone when the call returns."""

from dataclasses import replace

from chorus.auth.v1 import accounts_pb2, accounts_pb2_grpc, events_pb2, users_pb2
from chorus.common.v1 import actor_pb2
from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.config.sections import GuestAccountsSettings
from services.chassis.errors import Reason
from tests.contract.auth.callers import PASSWORD, Auth, actor_of, running
from tests.contract.grounds import Grounds
from tests.contract.served import refused
from tests.contract.statements import counted

_ADMIN = users_pb2.User(id="y" * 26, roles=["system_admin", "system_user"])
GUEST = ["system_guest"]


def stub(auth: Auth) -> accounts_pb2_grpc.AccountServiceStub:
    return accounts_pb2_grpc.AccountServiceStub(auth.caller.channel)


async def roles(auth: Auth, user_id: str, *names: str, by: users_pb2.User = _ADMIN) -> users_pb2.User:
    request = accounts_pb2.ChangeRolesRequest(actor=actor_of(by), user_id=user_id, roles=names)
    return (await auth.caller.call(stub(auth).ChangeRoles, request)).user


async def demote(auth: Auth, user_id: str, by: users_pb2.User = _ADMIN) -> users_pb2.User:
    request = accounts_pb2.DemoteToGuestRequest(actor=actor_of(by), user_id=user_id)
    return (await auth.caller.call(stub(auth).DemoteToGuest, request)).user


async def activate(auth: Auth, user_id: str, active: bool, by: users_pb2.User = _ADMIN) -> users_pb2.User:
    request = accounts_pb2.SetActiveRequest(actor=actor_of(by), user_id=user_id, active=active)
    return (await auth.caller.call(stub(auth).SetActive, request)).user


async def password(auth: Auth, user_id: str, current: str, new: str, by: actor_pb2.Actor) -> None:
    request = accounts_pb2.ChangePasswordRequest(actor=by, user_id=user_id, current_password=current, new_password=new)
    await auth.caller.call(stub(auth).ChangePassword, request)


async def told(auth: Auth, topic: str) -> list[log_pb2.LogEntry]:
    return list((await auth.caller.call(auth.log.ListEvents, log_pb2.ListEventsRequest(topic=topic))).entries)


async def test_roles_hold_for_sessions_that_there_are_and_are_told(auth: Auth) -> None:
    await auth.create()  # the first user of all is an administrator
    user = await auth.create()
    token = (await auth.login(user.username)).token
    changed = await roles(auth, user.id, "system_user", "system_post_all")
    assert list(changed.roles) == ["system_user", "system_post_all"]
    assert changed.update_at_ms > user.update_at_ms
    (session,) = await auth.authenticate(token)
    assert session is not None
    assert list(session.roles) == ["system_user", "system_post_all"]
    own = await told(auth, f"auth/user:{user.id}")
    assert [entry.kind for entry in own] == ["roles_changed"]
    assert list(events_pb2.RolesChanged.FromString(own[0].body).roles) == ["system_user", "system_post_all"]
    last = (await told(auth, "auth/cluster"))[-1]
    assert events_pb2.UserUpdated.FromString(last.body).user == changed
    assert await roles(auth, user.id, "system_post_all", "system_user") == changed  # the same again is no change
    assert len(await told(auth, f"auth/user:{user.id}")) == 1


async def test_only_administrators_give_roles_and_one_of_them_remains(grounds: Grounds) -> None:
    settings = grounds.settings("auth", TeamSettings={"EnableOpenServer": True})
    async with running(grounds, settings) as auth:
        first, user = await auth.create(), await auth.create()
        with refused(Reason.PERMISSION_DENIED, permission="manage_roles"):
            await roles(auth, user.id, "system_admin", by=user)
        with refused(Reason.USER_NOT_FOUND):
            await roles(auth, "x" * 26, "system_user")
        with refused(Reason.LAST_ADMIN):
            await roles(auth, first.id, "system_user")
        with refused(Reason.LAST_ADMIN):
            await demote(auth, first.id)
        await roles(auth, user.id, "system_user", "system_admin")
        assert list((await roles(auth, first.id, "system_user")).roles) == ["system_user"]


async def test_a_guest_is_made_and_made_a_member_again(auth: Auth) -> None:
    user = await auth.create()
    with refused(Reason.PERMISSION_DENIED, permission="demote_to_guest"):
        await demote(auth, user.id, by=user)
    assert list((await demote(auth, user.id)).roles) == GUEST
    with refused(Reason.ALREADY_GUEST):
        await demote(auth, user.id)
    request = accounts_pb2.PromoteGuestRequest(actor=actor_of(_ADMIN), user_id=user.id)
    assert list((await auth.caller.call(stub(auth).PromoteGuest, request)).user.roles) == ["system_user"]
    with refused(Reason.NOT_A_GUEST):
        await auth.caller.call(stub(auth).PromoteGuest, request)


async def test_without_guests_nobody_becomes_one_and_those_that_there_are_stay_out(grounds: Grounds) -> None:
    settings = grounds.settings("auth", TeamSettings={"EnableOpenServer": True})
    async with running(grounds, settings) as auth:
        await auth.create()
        guest, other = await auth.create(), await auth.create()
        await demote(auth, guest.id)
        assert (await auth.login(guest.username)).token
    async with running(grounds, replace(settings, GuestAccountsSettings=GuestAccountsSettings(Enable=False))) as auth:
        with refused(Reason.GUESTS_DISABLED):
            await demote(auth, other.id)
        with refused(Reason.GUEST_LOGIN_DISABLED):
            await auth.login(guest.username)
        assert (await auth.login(other.username)).token


async def test_who_is_kept_out_has_no_session_and_gets_none(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    token = (await auth.login(user.username)).token
    with refused(Reason.ACTIVATION_DENIED):
        await activate(auth, user.id, False, by=other)
    with refused(Reason.DEACTIVATION_DISABLED):
        await activate(auth, user.id, False, by=user)
    gone = await activate(auth, user.id, False)
    assert gone.delete_at_ms > 0
    assert await auth.authenticate(token) == [None]
    with refused(Reason.USER_INACTIVE):
        await auth.login(user.username)
    own = await told(auth, f"auth/user:{user.id}")
    assert [entry.kind for entry in own] == ["sessions_revoked"]
    assert not events_pb2.SessionsRevoked.FromString(own[0].body).session_ids  # all of them
    last = events_pb2.UserUpdated.FromString((await told(auth, "auth/cluster"))[-1].body)
    assert (last.user, last.activation_changed) == (gone, True)
    assert await activate(auth, user.id, False) == gone
    back = await activate(auth, user.id, True)
    assert back.delete_at_ms == 0
    assert await auth.authenticate(token) == [None]
    assert (await auth.login(user.username)).token


async def test_a_user_may_be_removed_by_who_may_edit_it(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    for by, reason in ((other, Reason.PERMISSION_DENIED), (user, Reason.DEACTIVATION_DISABLED)):
        with refused(reason):
            request = accounts_pb2.DeactivateRequest(actor=actor_of(by), user_id=user.id)
            await auth.caller.call(stub(auth).Deactivate, request)
    request = accounts_pb2.DeactivateRequest(actor=actor_of(_ADMIN), user_id=user.id)
    assert (await auth.caller.call(stub(auth).Deactivate, request)).user.delete_at_ms > 0


async def test_a_new_password_ends_the_other_sessions(auth: Auth) -> None:
    user = await auth.create()
    here, there = await auth.login(user.username), await auth.login(user.username)
    own = actor_pb2.Actor(user_id=user.id, session_id=here.session.id, roles=user.roles)
    with refused(Reason.INVALID_ARGUMENT, field="current_password"):
        await password(auth, user.id, "", "a new password", own)
    with refused(Reason.WRONG_PASSWORD):
        await password(auth, user.id, "wrong password", "a new password", own)
    with refused(Reason.INVALID_PASSWORD, faults="_min_length"):
        await password(auth, user.id, PASSWORD, "short", own)
    await password(auth, user.id, PASSWORD, "a new password", own)
    kept, ended = await auth.authenticate(here.token, there.token)
    assert (kept is not None, ended) == (True, None)
    with refused(Reason.INVALID_CREDENTIALS):
        await auth.login(user.username)
    await auth.login(user.username, "a new password")


async def test_an_administrator_sets_a_password_and_all_sessions_end(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    token = (await auth.login(user.username)).token
    with refused(Reason.PASSWORD_OF_OTHER):
        await password(auth, user.id, PASSWORD, "a new password", actor_of(other))
    await password(auth, user.id, "", "a new password", actor_of(_ADMIN))
    assert await auth.authenticate(token) == [None]
    await auth.login(user.username, "a new password")
    with refused(Reason.USER_NOT_FOUND):
        await password(auth, "x" * 26, "", "a new password", actor_of(_ADMIN))


async def test_keeping_out_costs_as_much_for_many_sessions_as_for_one(auth: Auth) -> None:
    costs = []
    for count in (1, 10):
        user = await auth.create()
        tokens = [(await auth.login(user.username)).token for _ in range(count)]
        with counted() as statements:
            await activate(auth, user.id, False)
        costs.append(len(statements))
        assert await auth.authenticate(*tokens) == [None] * count
    assert costs[0] == costs[1]


async def test_a_picture_is_noted_by_who_may_edit_the_user(auth: Auth) -> None:
    user, other = await auth.create(), await auth.create()
    seen: list[int] = []
    for own in (True, True, False):
        request = accounts_pb2.SetPictureRequest(actor=actor_of(user), user_id=user.id, own=own)
        seen.append((await auth.caller.call(stub(auth).SetPicture, request)).user.last_picture_update_ms)
    assert 0 < seen[0] < seen[1] < -seen[2]
    with refused(Reason.PERMISSION_DENIED):
        check = accounts_pb2.CheckEditRequest(actor=actor_of(other), user_id=user.id)
        await auth.caller.call(stub(auth).CheckEdit, check)
    with refused(Reason.PERMISSION_DENIED):
        await auth.caller.call(
            stub(auth).SetPicture, accounts_pb2.SetPictureRequest(actor=actor_of(other), user_id=user.id, own=True)
        )
