"""Messaging as it is wired, on a database of the module's own, with a team, two channels and three users by SQL."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import psycopg
import pytest

from chorus.common.v1 import actor_pb2
from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.chassis.ids import new_id
from services.messaging.__main__ import wire
from tests.contract import grounds as parts
from tests.contract.grounds import Grounds
from tests.contract.messaging.scene import Scene, playing
from tests.contract.served import Served, serving


@dataclass(frozen=True, slots=True)
class Ground:
    """Who and what there is: alice and bob are in both channels, carol is only in the team."""

    team: str
    channel: str
    private: str
    alice: str
    bob: str
    carol: str
    dsn: str

    def actor(self, user_id: str, *roles: str) -> actor_pb2.Actor:
        """The user as the edge would name it."""
        return actor_pb2.Actor(user_id=user_id, roles=roles or ("system_user",))


@pytest.fixture(scope="session")
def grounds_to_copy() -> Iterator[Grounds]:
    """Grounds of their own for those whose standby copies all there is: not the databases of every test before."""
    with parts.grounds() as made:
        yield made


@pytest.fixture
async def messaging(grounds: Grounds, settings: Settings) -> AsyncIterator[Served]:
    """The running service."""
    async with serving("messaging", wire, grounds, settings) as served:
        yield served


@pytest.fixture
async def ground(messaging: Served, settings: Settings) -> Ground:
    """Fresh rows for a test."""
    made = Ground(
        team=new_id(), channel=new_id(), private=new_id(), alice=new_id(), bob=new_id(), carol=new_id(),
        dsn=service_dsn(settings, "messaging"),
    )  # fmt: skip
    with psycopg.connect(made.dsn) as connection:
        for user_id, name in ((made.alice, "alice"), (made.bob, "bob"), (made.carol, "carol")):
            connection.execute(
                "INSERT INTO users VALUES (%s, %s, '', '', '', %s, 'en', '{system_user}', false, '{}', 1, 0)",
                (user_id, f"{name}{made.team[:6]}", f"{user_id}@example.com"),
            )
        connection.execute(
            "INSERT INTO teams (id, create_at, update_at, display_name, name, type, invite_id) "
            "VALUES (%s, 1, 1, 'Team', %s, 'O', %s)",
            (made.team, made.team, new_id()),
        )
        for user_id in (made.alice, made.bob, made.carol):
            connection.execute(
                "INSERT INTO team_members (team_id, user_id, create_at) VALUES (%s, %s, 1)", (made.team, user_id)
            )
        for channel, kind in ((made.channel, "O"), (made.private, "P")):
            connection.execute(
                "INSERT INTO channels (id, create_at, update_at, team_id, type, display_name, name) "
                "VALUES (%s, 1, 1, %s, %s, 'Channel', %s)",
                (channel, made.team, kind, channel),
            )
            connection.execute("INSERT INTO topics VALUES ('messaging/channel:' || %s, 0, 0)", (channel,))
            for user_id in (made.alice, made.bob):
                connection.execute(
                    "INSERT INTO channel_members (channel_id, user_id, last_update_at) VALUES (%s, %s, 1)",
                    (channel, user_id),
                )
    return made


@pytest.fixture
async def scene(grounds: Grounds, settings: Settings) -> AsyncIterator[Scene]:
    """The running service beside an auth that it follows."""
    async with playing(grounds, settings) as made:
        yield made
