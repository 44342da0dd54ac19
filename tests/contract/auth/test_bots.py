"""Bots: who may know and manage them; one that is switched off signs in no more."""

from dataclasses import replace

from chorus.auth.v1 import access_tokens_pb2, access_tokens_pb2_grpc, bots_pb2_grpc, users_pb2
from chorus.auth.v1 import bots_pb2 as pb
from services.chassis.errors import Reason
from tests.contract.auth.callers import Auth, actor_of, running
from tests.contract.grounds import Grounds
from tests.contract.served import refused


async def create(auth: Auth, by: users_pb2.User, username: str, **more: str) -> pb.Bot:
    stub = bots_pb2_grpc.BotServiceStub(auth.caller.channel)
    request = pb.CreateBotRequest(actor=actor_of(by), username=username, **more)
    return (await auth.caller.call(stub.CreateBot, request)).bot


async def activate(auth: Auth, by: users_pb2.User, bot_id: str, active: bool) -> pb.Bot:
    stub = bots_pb2_grpc.BotServiceStub(auth.caller.channel)
    request = pb.SetBotActiveRequest(actor=actor_of(by), user_id=bot_id, active=active)
    return (await auth.caller.call(stub.SetBotActive, request)).bot


async def test_a_bot_has_an_owner_no_password_and_tokens(grounds: Grounds) -> None:
    settings = grounds.settings("auth", TeamSettings={"EnableOpenServer": True})
    async with running(grounds, settings) as auth:
        admin, member = await auth.create(), await auth.create()
        bot = await create(auth, admin, "Counter", display_name="Count", description="counts")
        user = bot.user
        assert (user.username, user.is_bot, user.first_name, user.bot_description) == (
            "counter",
            True,
            "Count",
            "counts",
        )
        assert bot.owner_id == admin.id
        with refused(Reason.PERMISSION_DENIED, permission="create_bot"):
            await create(auth, member, "other")
        with refused(Reason.USERNAME_TAKEN):
            await create(auth, admin, "counter")
        with refused(Reason.INVALID_USER, field="description"):
            await create(auth, admin, "wordy", description="x" * 1025)
        with refused(Reason.BOT_LOGIN_FORBIDDEN):
            await auth.login("counter")
        tokens = access_tokens_pb2_grpc.AccessTokenServiceStub(auth.caller.channel)
        asked = access_tokens_pb2.CreateAccessTokenRequest(
            actor=actor_of(admin), user_id=user.id, description="its program"
        )
        secret = (await auth.caller.call(tokens.CreateAccessToken, asked)).secret
        assert (await auth.authenticate(secret))[0] is not None
        assert (await activate(auth, admin, user.id, False)).user.delete_at_ms > 0
        assert await auth.authenticate(secret) == [None]
        with refused(Reason.BOT_NOT_FOUND):
            await activate(auth, member, user.id, True)
        assert (await activate(auth, admin, user.id, True)).user.delete_at_ms == 0
        assert (await auth.authenticate(secret))[0] is not None
    off = replace(settings, ServiceSettings=replace(settings.ServiceSettings, EnableBotAccountCreation=False))
    async with running(grounds, off) as auth:
        with refused(Reason.BOTS_DISABLED):
            await create(auth, admin, "late")
