"""Messaging with people in it, as the edge sees it: the small words of its tests."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from chorus.common.v1 import actor_pb2, events_pb2_grpc
from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import (
    channels_pb2,
    channels_pb2_grpc,
    events_pb2,
    memberships_pb2,
    memberships_pb2_grpc,
    teams_pb2,
    teams_pb2_grpc,
)
from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.auth_double import AuthDouble, auth_double
from tests.contract.served import Served, eventually, serving

_numbers = itertools.count(1)


class Scene:
    """A running messaging, its stubs, and the auth that it follows."""

    def __init__(self, served: Served, auth: AuthDouble, dsn: str) -> None:
        self.served, self.auth, self.dsn = served, auth, dsn
        self.caller = served.caller("edge")
        self.teams = teams_pb2_grpc.TeamServiceStub(self.caller.channel)
        self.channels = channels_pb2_grpc.ChannelServiceStub(self.caller.channel)
        self.members = memberships_pb2_grpc.MembershipServiceStub(self.caller.channel)
        self.log = events_pb2_grpc.EventLogServiceStub(self.caller.channel)
        self.call = self.caller.call

    async def user(self, name: str = "", *roles: str) -> str:
        return await self.auth.add(f"{name or 'user'}{next(_numbers)}", roles or ("system_user",))

    def name_of(self, user_id: str) -> str:
        return self.auth.users[user_id].username

    def actor(self, user_id: str) -> actor_pb2.Actor:
        return actor_pb2.Actor(user_id=user_id, roles=self.auth.users[user_id].roles)

    async def team(self, creator: str, **fields: Any) -> teams_pb2.Team:
        number = next(_numbers)
        given: dict[str, Any] = {"name": f"team-{number}", "display_name": f"Team {number}", "type": "O"}
        request = teams_pb2.CreateTeamRequest(
            actor=self.actor(creator), **(given | {"allow_open_invite": True} | fields)
        )
        return (await self.call(self.teams.CreateTeam, request)).team

    async def join(self, team_id: str, user_id: str, by: str = "") -> teams_pb2.TeamMember:
        request = teams_pb2.AddTeamMemberRequest(actor=self.actor(by or user_id), team_id=team_id, user_id=user_id)
        return (await self.call(self.teams.AddTeamMember, request)).member

    async def quit(self, team_id: str, user_id: str, by: str = "") -> None:
        request = teams_pb2.RemoveTeamMemberRequest(actor=self.actor(by or user_id), team_id=team_id, user_id=user_id)
        await self.call(self.teams.RemoveTeamMember, request)

    async def channel(self, creator: str, team_id: str, **fields: Any) -> channels_pb2.Channel:
        number = next(_numbers)
        request = channels_pb2.CreateChannelRequest(
            actor=self.actor(creator),
            team_id=team_id,
            **({"name": f"channel-{number}", "display_name": f"Channel {number}", "type": "O"} | fields),
        )
        return (await self.call(self.channels.CreateChannel, request)).channel

    async def named(self, user_id: str, team_id: str, name: str, **fields: Any) -> channels_pb2.Channel:
        request = channels_pb2.GetChannelByNameRequest(actor=self.actor(user_id), team_id=team_id, name=name, **fields)
        return (await self.call(self.channels.GetChannelByName, request)).channel

    async def enter(self, channel_id: str, *user_ids: str, by: str = "") -> Sequence[memberships_pb2.AddMemberResult]:
        request = memberships_pb2.AddMembersRequest(
            actor=self.actor(by or user_ids[0]), channel_id=channel_id, user_ids=user_ids
        )
        return (await self.call(self.members.AddMembers, request)).results

    async def exit(self, channel_id: str, user_id: str, by: str = "") -> None:
        request = memberships_pb2.RemoveMemberRequest(
            actor=self.actor(by or user_id), channel_id=channel_id, user_id=user_id
        )
        await self.call(self.members.RemoveMember, request)

    async def events(self, topic: str) -> list[tuple[str, Any]]:
        """A topic's events, after their seqs were found to be 1, 2, 3 …"""
        answer = await self.call(self.log.ListEvents, log_pb2.ListEventsRequest(topic=f"messaging/{topic}"))
        assert [entry.seq for entry in answer.entries] == list(range(1, len(answer.entries) + 1))
        return [(entry.kind, _body(entry)) for entry in answer.entries]

    async def kinds(self, topic: str) -> list[str]:
        return [kind for kind, _ in await self.events(topic)]

    async def notices(self, channel_id: str) -> list[tuple[str, str]]:
        """Type and message of a channel's notices, as the log tells them."""
        return [
            (body.post.type, body.post.message)
            for kind, body in await self.events(f"channel:{channel_id}")
            if kind == "post_created"
        ]

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, row_factory=tuple_row) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def deadlocks(self) -> float:
        value = self.served.process.metrics.registry.get_sample_value(
            "chorus_database_deadlocks_total", {"database": "messaging"}
        )
        assert value is not None
        return value


def _body(entry: log_pb2.LogEntry) -> Any:
    name = "".join(word.capitalize() for word in entry.kind.split("_"))
    return getattr(events_pb2, name).FromString(entry.body)


@asynccontextmanager
async def playing(grounds: Grounds, settings: Settings) -> AsyncIterator[Scene]:
    """Run messaging beside its auth; ready, so with its users filled."""
    async with auth_double(grounds, settings) as auth, serving("messaging", wire, grounds, settings) as served:
        await until_ready(served)
        yield Scene(served, auth, service_dsn(settings, "messaging"))


async def until_ready(served: Served) -> None:
    """Wait until the process would be given work."""

    async def ready() -> bool:
        return "users" not in " ".join(served.process.readiness.reasons)

    await eventually(ready, "ready")
