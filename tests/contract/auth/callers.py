"""A running auth service with its stubs, and the small words of its tests."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chorus.auth.v1 import sessions_pb2, sessions_pb2_grpc, users_pb2, users_pb2_grpc
from chorus.common.v1 import actor_pb2, events_pb2_grpc
from services.auth.__main__ import wire
from services.chassis.clock import Clock
from services.chassis.config import Settings
from tests.contract.grounds import Grounds
from tests.contract.served import Caller, Served, serving

PASSWORD = "correct horse"
_numbers = itertools.count(1)


class Auth:
    """The service as the edge sees it, through Envoy."""

    def __init__(self, served: Served, caller: Caller | None = None) -> None:
        self.served = served
        self.caller = caller or served.caller("edge")
        self.users = users_pb2_grpc.UserServiceStub(self.caller.channel)
        self.sessions = sessions_pb2_grpc.SessionServiceStub(self.caller.channel)
        self.log = events_pb2_grpc.EventLogServiceStub(self.caller.channel)

    async def create(self, username: str = "", **more: Any) -> users_pb2.User:
        username = username or f"user{next(_numbers)}"
        fields = {"username": username, "email": f"{username.lower()}@example.com", "password": PASSWORD, **more}
        return (await self.caller.call(self.users.CreateUser, users_pb2.CreateUserRequest(**fields))).user

    async def login(self, login_id: str, password: str = PASSWORD, **more: Any) -> sessions_pb2.LoginResponse:
        request = sessions_pb2.LoginRequest(login_id=login_id, password=password, **more)
        return await self.caller.call(self.sessions.Login, request)

    async def authenticate(self, *tokens: str) -> list[sessions_pb2.Session | None]:
        request = sessions_pb2.AuthenticateRequest(tokens=tokens)
        answer = await self.caller.call(self.sessions.Authenticate, request)
        return [result.session if result.HasField("session") else None for result in answer.results]

    async def patch(self, actor: users_pb2.User, user_id: str, **fields: Any) -> users_pb2.User:
        request = users_pb2.PatchUserRequest(actor=actor_of(actor), id=user_id, **fields)
        return (await self.caller.call(self.users.PatchUser, request)).user


def actor_of(user: users_pb2.User) -> actor_pb2.Actor:
    return actor_pb2.Actor(user_id=user.id, roles=user.roles)


@asynccontextmanager
async def running(
    grounds: Grounds, settings: Settings, *, clock: Clock | None = None, ordinal: int = 1
) -> AsyncIterator[Auth]:
    async with serving("auth", wire, grounds, settings, clock=clock, ordinal=ordinal) as served:
        yield Auth(served)
