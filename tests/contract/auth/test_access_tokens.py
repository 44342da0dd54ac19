"""Personal access tokens: stored hashed, told once, and ended before the call returns."""

from dataclasses import replace

from chorus.auth.v1 import access_tokens_pb2 as pb
from chorus.auth.v1 import access_tokens_pb2_grpc, events_pb2, users_pb2
from chorus.common.v1 import events_pb2 as log_pb2
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of, running
from tests.contract.grounds import Grounds
from tests.contract.served import refused
from tests.contract.statements import counted

_ADMIN = users_pb2.User(id="y" * 26, roles=["system_admin", "system_user"])


def stub(auth: Auth) -> access_tokens_pb2_grpc.AccessTokenServiceStub:
    return access_tokens_pb2_grpc.AccessTokenServiceStub(auth.caller.channel)


async def create(auth: Auth, user_id: str, description: str = "a program") -> pb.CreateAccessTokenResponse:
    request = pb.CreateAccessTokenRequest(actor=actor_of(_ADMIN), user_id=user_id, description=description)
    return await auth.caller.call(stub(auth).CreateAccessToken, request)


async def test_a_token_is_a_session_until_it_ends(auth: Auth) -> None:
    user = await auth.create()
    made = await create(auth, user.id)
    (session,) = await auth.authenticate(made.secret)
    assert session is not None
    assert (session.id, session.user_id, session.expires_at_ms) == (made.token.id, user.id, 0)
    assert session.props["type"] == "UserAccessToken"
    assert list(session.roles) == list(user.roles)
    revoke = pb.RevokeAccessTokenRequest(actor=actor_of(_ADMIN), id=made.token.id)
    await auth.caller.call(stub(auth).RevokeAccessToken, revoke)
    assert await auth.authenticate(made.secret) == [None]
    listed = log_pb2.ListEventsRequest(topic=f"auth/user:{user.id}")
    (told,) = (await auth.caller.call(auth.log.ListEvents, listed)).entries
    assert list(events_pb2.SessionsRevoked.FromString(told.body).session_ids) == [made.token.id]
    with refused(Reason.ACCESS_TOKEN_NOT_FOUND):
        await auth.caller.call(stub(auth).RevokeAccessToken, revoke)


async def test_many_tokens_are_asked_about_at_once(auth: Auth) -> None:
    user = await auth.create()
    signed_in = [(await auth.login(user.username)).token for _ in range(2)]
    tokens = [(await create(auth, user.id)).secret for _ in range(4)]
    with counted() as statements:
        found = await auth.authenticate(*signed_in, *tokens, "nobody's")
    assert [session is not None for session in found] == [True] * 6 + [False]
    assert len(statements) <= 2 + 1  # sessions, tokens, and the note that sessions are used


async def test_where_tokens_are_switched_off_none_signs_in(grounds: Grounds) -> None:
    settings = grounds.settings("auth", TeamSettings={"EnableOpenServer": True})
    async with running(grounds, settings) as auth:
        user = await auth.create()
        secret = (await create(auth, user.id)).secret
    off = replace(settings, ServiceSettings=replace(settings.ServiceSettings, EnableUserAccessTokens=False))
    async with running(grounds, off) as auth:
        assert await auth.authenticate(secret) == [None]
        with refused(Reason.ACCESS_TOKENS_DISABLED):
            await create(auth, user.id)


async def test_a_token_says_what_it_is_for(auth: Auth) -> None:
    user = await auth.create()
    for description in ("", "   ", "x" * 256):
        with refused(Reason.INVALID_ACCESS_TOKEN, field="description"):
            await create(auth, user.id, description)
    with refused(Reason.USER_NOT_FOUND):
        await create(auth, "x" * 26)
