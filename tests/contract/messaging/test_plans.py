"""What is read before every post and page is found by its key, whatever PostgreSQL knows of its tables.

Of young ones it knows nothing, and a plan that was made while they were empty stays until their first ANALYZE: minutes,
in which they may grow to any size.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql

from services.chassis.database import Statement
from services.chassis.database.wire import compiled
from services.chassis.ids import new_id
from services.messaging.store import access, freshness, post_facts, posts, threads
from tests.contract.messaging.conftest import Ground

ASKED = 10
USERS, CHANNELS, POSTS = ([new_id() for _ in range(n)] for n in (200, 20, 3000))
PAIRS = list(zip(USERS[:ASKED], CHANNELS[:ASKED], strict=True))

STATEMENTS: dict[str, Statement] = {
    "access": access.reading(PAIRS),
    "standing": freshness.reading(PAIRS),
    "channels": post_facts.reading_channels(CHANNELS[:ASKED]),
    "authors": post_facts.reading_authors(USERS[:ASKED]),
    "posts": posts.reading(POSTS[:ASKED]),
    "claimed": posts.claiming([(user, user, user) for user in USERS[:ASKED]], 1, 1)[1],
    "members": post_facts.reading_members(CHANNELS[:ASKED], [], 1000),
    "named": post_facts.reading_named([(channel, user) for user, channel in PAIRS]),
    "keyworded": post_facts.reading_keyworded([(channel, user) for user, channel in PAIRS]),
    "commenters": post_facts.reading_commenters(POSTS[:ASKED]),
    "people": threads.reading_people(POSTS[:ASKED]),
    "participants": threads.reading_participants(POSTS[:ASKED], set(USERS[:ASKED])),
}
EVERYBODY = post_facts.reading_members(CHANNELS[:ASKED], CHANNELS[:1], 1000)


@pytest.fixture
def connection(ground: Ground) -> Iterator[psycopg.Connection[Any]]:
    """A database that grows after every plan was made."""
    with psycopg.connect(ground.dsn) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection
        connection.rollback()


def _grow(connection: psycopg.Connection[Any], team: str, of: slice) -> None:
    """Insert a part of everything: so many tenths of it."""
    users, channels, posts = (
        some[len(some) * of.start // 10 : len(some) * of.stop // 10] for some in (USERS, CHANNELS, POSTS)
    )
    connection.execute(
        "INSERT INTO users SELECT id, id, '', '', '', id, 'en', '{system_user}', false, '{}', 1, 0 "
        "FROM unnest(%s::text[]) AS id",
        (users,),
    )
    connection.execute(
        "INSERT INTO team_members (team_id, user_id, create_at) SELECT %s, id, 1 FROM unnest(%s::text[]) AS id",
        (team, users),
    )
    connection.execute(
        "INSERT INTO channels (id, create_at, update_at, team_id, type, display_name, name) "
        "SELECT id, 1, 1, %s, 'O', id, id FROM unnest(%s::text[]) AS id",
        (team, channels),
    )
    connection.execute(
        "INSERT INTO channel_members (channel_id, user_id, last_update_at) "
        "SELECT channel, member, 1 FROM unnest(%s::text[]) AS channel CROSS JOIN unnest(%s::text[]) AS member",
        (channels, USERS),
    )
    connection.execute(
        "INSERT INTO posts (id, channel_id, user_id, message, type, props, create_at, update_at, mentioned) "
        "SELECT id, %s, %s, 'hello', '', '{}', n, n, '{}' "
        "FROM unnest(%s::text[], %s::bigint[]) AS new (id, n)",
        (CHANNELS[0], USERS[0], posts, [POSTS.index(post) for post in posts]),
    )
    connection.execute(
        "INSERT INTO post_claims (user_id, pending_post_id, post_id, claimed_at) "
        "SELECT member, member, member, 1 FROM unnest(%s::text[]) AS member",
        (users,),
    )


@pytest.mark.parametrize("tenths", [0, 1])
def test_what_is_asked_for_is_found_by_its_key(
    connection: psycopg.Connection[Any], ground: Ground, tenths: int
) -> None:
    """However much there was when the plans were made."""
    _grow(connection, ground.team, slice(0, tenths))
    asked = {name: _Prepared(connection, statement) for name, statement in STATEMENTS.items()}
    everybody = _Prepared(connection, EVERYBODY)
    for one in (*asked.values(), everybody):
        one.blocks()
    _grow(connection, ground.team, slice(tenths, 10))
    blocks = {name: one.blocks() for name, one in asked.items()}
    assert {name: read for name, read in blocks.items() if read > 20 * ASKED} == {}
    assert everybody.blocks() < 4 * len(USERS)


class _Prepared:
    """A statement as the services run it: prepared once, and planned without a look at its parameters."""

    _numbers = count()

    def __init__(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        text, parameters = statement
        query = compiled(text)
        self._connection, self._name = connection, sql.Identifier(f"asked{next(self._numbers)}")
        connection.execute(sql.SQL("PREPARE {} AS {}").format(self._name, sql.SQL(query.query.decode())))
        given = sql.SQL(", ").join(sql.Literal(parameters[name]) for name in query.names)
        self._execution = sql.SQL("EXECUTE {}({})").format(self._name, given)

    def blocks(self) -> int:
        """Run it; return how many blocks it looked at."""
        explained = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}").format(self._execution)
        (row,) = self._connection.execute(explained).fetchall()
        ((plan,),) = row
        return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])
