"""A batch of posts reads what it is about, whatever PostgreSQL knows of its tables; of a young one it knows nothing."""

from typing import Any

import psycopg

from services.chassis.ids import new_id
from services.messaging.store import post_facts
from tests.contract.messaging.conftest import Ground

USERS, CHANNELS = 200, 20


async def test_members_are_looked_for_in_the_channels_that_were_asked_for_alone(ground: Ground) -> None:
    with psycopg.connect(ground.dsn) as connection:
        channels = [new_id() for _ in range(CHANNELS)]
        users = [new_id() for _ in range(USERS)]
        connection.execute(
            "INSERT INTO users SELECT id, id, '', '', '', id, 'en', '{system_user}', false, '{}', 1, 0 "
            "FROM unnest(%s::text[]) AS id",
            (users,),
        )
        connection.execute(
            "INSERT INTO channels (id, create_at, update_at, team_id, type, display_name, name) "
            "SELECT id, 1, 1, %s, 'O', id, id FROM unnest(%s::text[]) AS id",
            (ground.team, channels),
        )
        connection.execute(
            "INSERT INTO channel_members (channel_id, user_id, last_update_at) "
            "SELECT channel, member, 1 FROM unnest(%s::text[]) AS channel CROSS JOIN unnest(%s::text[]) AS member",
            (channels, users),
        )
        assert _blocks(connection, channels[:10], []) < 50
        assert _blocks(connection, channels[:10], channels[:1]) < 4 * USERS
        connection.rollback()


def _blocks(connection: psycopg.Connection[Any], channels: list[str], everybody: list[str]) -> int:
    """How many blocks it looks at to find members."""
    sql, parameters = post_facts.reading_members(channels, everybody, 1000)
    (row,) = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", parameters).fetchall()
    ((plan,),) = row
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
