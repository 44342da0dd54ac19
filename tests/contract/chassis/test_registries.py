"""The registries keep their word on one Redis, under Sentinel, and on a Cluster with the keys of a call together."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.chassis.config import Settings
from services.chassis.ids import new_id
from services.chassis.registry import RedisRegistry
from services.presence.store.registry import Registry
from tests.contract.redis_servers import Clustered, Park, Single, UnderSentinel, settings_of

LEASE_MS = 60_000
MANY = 1_200


@pytest.fixture(params=[Single, UnderSentinel, Clustered], ids=["single", "sentinel", "cluster"])
def redis(park: Park, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    with park.lent(request.param) as servers:
        yield settings_of(servers, tmp_path)


@pytest.fixture
async def holders(redis: Settings) -> AsyncIterator[RedisRegistry]:
    """Who holds which connection."""
    registry = RedisRegistry(redis, "connections", kept_seconds=60)
    yield registry
    await registry.close()


@pytest.fixture
async def sockets(redis: Settings) -> AsyncIterator[Registry]:
    """Who has sockets where."""
    registry = Registry(redis)
    yield registry
    await registry.close()


async def test_many_keys_have_one_holder_each(holders: RedisRegistry) -> None:
    keys = [new_id() for _ in range(MANY)]
    assert await holders.hold(keys, "edge-1") == []
    assert await holders.hold(keys[:3], "edge-2") == keys[:3]
    assert await holders.move(keys[0], "edge-1", "edge-2")
    assert not await holders.move(keys[0], "edge-1", "edge-3")
    assert await holders.hold(keys, "edge-1") == keys[:1]
    await holders.release(keys, "edge-1")
    assert [await holders.holder(key) for key in keys[:2]] == ["edge-2", None]


async def test_reports_of_edges_are_kept_and_expire(sockets: Registry) -> None:
    users = [new_id() for _ in range(MANY)]

    async def report(incarnation: str, full: bool, online: list[str], gone: list[str]) -> list[str] | None:
        return await sockets.report("edge-1", incarnation, 0, full=full, online=online, gone=gone, nonce=new_id())

    assert await report("first", False, users, []) is None
    assert await report("first", True, users, []) == []
    assert await report("first", False, [], users[:1]) == []
    assert sorted(await report("second", True, users[:2], []) or ()) == sorted(users[2:])
    await sockets.touch(users, 5)
    facts = await sockets.facts(users)
    assert facts.with_sockets == {*users[:2]}
    assert facts.edges == {"edge-1"}
    assert facts.last_activity == dict.fromkeys(users, 5)
    assert len(await sockets.idle(5, 10)) == 10
    await sockets.unwatch(users, 5)
    assert await sockets.idle(5, 10) == []

    look = await sockets.look("sweeper-1", 2_000, LEASE_MS)
    assert look is not None
    assert (look.edges, look.silent) == (frozenset({"edge-1"}), ())
    assert 0 < look.due <= LEASE_MS
    assert await sockets.look("sweeper-2", 2_000, LEASE_MS) is None
    assert await sockets.expire("edge-1", LEASE_MS) is None
    assert sorted(await sockets.expire("edge-1", -1) or ()) == sorted(users[:2])
