"""No operation asks the database more often the more there is: whatever is about many is run with few and with many."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

import chorus.auth.v1
from chorus.auth.v1 import access_tokens_pb2, bots_pb2, preferences_pb2, sessions_pb2, users_pb2
from chorus.common.v1 import access_pb2, actor_pb2
from services.chassis.ids import new_id
from tests.contract.auth.callers import Auth, actor_of
from tests.contract.statements import counted, methods, more, of_many, stub_method

FEW, MANY = 2, 7
ALL = 200
FIXED = {
    "AccountService.ChangeRoles": "its roles are one value",
    "UserService.CreateUser": "its settings are one value",
}
"""What names many, and is about one thing all the same."""
ADMIN = actor_pb2.Actor(user_id=new_id(), roles=["system_user", "system_admin"])


@dataclass
class Plenty:
    """A user with some of everything."""

    auth: Auth
    me: users_pb2.User
    users: list[users_pb2.User] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def call(self, name: str, request: Any) -> Any:
        method = methods(chorus.auth.v1)[name]
        (caller, *_) = method.GetOptions().Extensions[access_pb2.access].callers
        asking = self.auth.served.caller(caller)
        return await asking.call(stub_method(name, method, asking.channel), request)

    async def grow(self, upto: int) -> None:
        """Have so many of everything."""
        while len(self.users) < upto:
            self.users.append(await self.auth.create())
            token = access_tokens_pb2.CreateAccessTokenRequest(
                actor=ADMIN, user_id=self.me.id, description="for the test"
            )
            self.tokens.append((await self.call("AccessTokenService.CreateAccessToken", token)).secret)
            self.tokens.append((await self.auth.login(self.me.username)).token)
            bot = bots_pb2.CreateBotRequest(actor=ADMIN, username=f"bot-{new_id()}"[:20])
            await self.call("BotService.CreateBot", bot)
            await self.call("PreferenceService.SavePreferences", self.saving(new_id()))

    def preferences(self, name: str) -> list[preferences_pb2.Preference]:
        """As many as there are of everything, under names that begin like this."""
        return [
            preferences_pb2.Preference(user_id=self.me.id, category="last", name=f"{name}{number}", value="x")
            for number in range(len(self.users))
        ]

    def saving(self, name: str) -> preferences_pb2.SavePreferencesRequest:
        return preferences_pb2.SavePreferencesRequest(
            actor=actor_of(self.me), user_id=self.me.id, preferences=self.preferences(name)
        )


REQUESTS: dict[str, Callable[[Plenty], Message]] = {
    "AccessTokenService.ListAccessTokens": lambda p: access_tokens_pb2.ListAccessTokensRequest(
        actor=ADMIN, user_id=p.me.id, per_page=ALL
    ),
    "BotService.ListBots": lambda p: bots_pb2.ListBotsRequest(actor=ADMIN, per_page=ALL),
    "PreferenceService.ListPreferences": lambda p: preferences_pb2.ListPreferencesRequest(
        actor=actor_of(p.me), user_id=p.me.id
    ),
    "PreferenceService.SavePreferences": lambda p: p.saving("new"),
    "PreferenceService.DeletePreferences": lambda p: preferences_pb2.DeletePreferencesRequest(
        actor=actor_of(p.me), user_id=p.me.id, preferences=p.preferences("new")
    ),
    "SessionService.Authenticate": lambda p: sessions_pb2.AuthenticateRequest(tokens=p.tokens),
    "SessionService.ListSessions": lambda p: sessions_pb2.ListSessionsRequest(actor=actor_of(p.me), user_id=p.me.id),
    "UserService.GetUsers": lambda p: users_pb2.GetUsersRequest(
        ids=[user.id for user in p.users],
        usernames=[user.username for user in p.users],
        emails=[user.email for user in p.users],
    ),
    "UserService.ListUsers": lambda p: users_pb2.ListUsersRequest(per_page=ALL),
    "UserService.SearchUsers": lambda p: users_pb2.SearchUsersRequest(term="user", limit=ALL),
    "UserService.SnapshotUsers": lambda p: users_pb2.SnapshotUsersRequest(limit=ALL),
}


def test_each_method_of_many_things_is_counted() -> None:
    assert of_many(chorus.auth.v1) - FIXED.keys() <= REQUESTS.keys(), "say how it is asked for few and for many"


async def test_no_method_asks_the_database_more_often_the_more_there_is(auth: Auth) -> None:
    plenty = Plenty(auth, await auth.create())
    costs: list[dict[str, list[str]]] = []
    for size in (FEW, MANY):
        await plenty.grow(size)
        costs.append({})
        for name, build in REQUESTS.items():
            with counted() as seen:
                await plenty.call(name, build(plenty))
            costs[-1][name] = list(seen)
    assert not more(*costs)
