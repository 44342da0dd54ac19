"""Promise 7: presence is true, whatever happens to edges, instances and Redis."""

import asyncio
import time
from typing import Any

from services.chassis.bus.redis import connect
from services.chassis.config import Settings
from services.chassis.ids import new_id
from tests.contract.grounds import Grounds
from tests.contract.presence.conftest import LEASE_MS, Ear, running
from tests.manual_clock import ManualClock

LONG = 60_000


async def test_a_connection_shows_and_a_clean_disconnect_shows_at_once(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    async with running(grounds, settings, lease_ms=LONG) as presence:
        assert await presence.report("edge-1", full=True)
        assert await presence.report("edge-1", online=[user])
        assert await presence.status(user) == "online"
        assert await presence.report("edge-1", gone=[user])
        assert await presence.status(user) == "offline"
        await ear.hears(lambda: ear.changes(user) == ["online", "offline"])


async def test_a_user_on_two_edges_is_online_until_the_last_socket_goes(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    async with running(grounds, settings, lease_ms=LONG) as presence:
        for edge in ("edge-1", "edge-2"):
            assert await presence.report(edge, [user], full=True)
        await presence.report("edge-1", gone=[user])
        assert await presence.status(user) == "online"
        await presence.report("edge-2", gone=[user])
        assert await presence.status(user) == "offline"
        await ear.hears(lambda: ear.changes(user) == ["online", "offline"])


async def test_an_unknown_incarnation_must_report_in_full_and_then_replaces_what_was(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    stays = new_id()
    async with running(grounds, settings, lease_ms=LONG) as presence:
        assert not await presence.report("edge-1", online=[user])
        assert await presence.status(user) == "offline"
        assert await presence.report("edge-1", [user, stays], full=True)
        assert not await presence.report("edge-1", gone=[user], incarnation="second")
        assert await presence.status(user) == "online"
        assert await presence.report("edge-1", [stays], full=True, incarnation="second")
        assert await presence.status(user) == "offline"
        assert await presence.status(stays) == "online"


async def test_a_report_that_a_later_one_overtook_changes_nothing(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    """An instance that stood still wakes up with a report that its edge gave to another one meanwhile, and revised."""
    stays = new_id()
    async with running(grounds, settings, lease_ms=LONG) as presence:
        assert await presence.report("edge-1", [stays], full=True, number=1)
        assert await presence.report("edge-1", online=[user], number=2)
        assert await presence.report("edge-1", online=[user], number=2)
        assert await presence.status(user) == "online"
        assert await presence.report("edge-1", gone=[user], number=3)
        assert await presence.report("edge-1", online=[user], gone=[stays], number=2)
        assert await presence.report("edge-1", [user], full=True, number=1)
        assert await presence.status(user) == "offline"
        assert await presence.status(stays) == "online"
        assert await presence.report("edge-1", [user], full=True, number=1, incarnation="second")
        assert await presence.status(user) == "online"


async def test_who_went_is_settled_by_the_repetition_of_a_report_that_failed_halfway(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    """PostgreSQL crashed after Redis had taken the report: Redis alone no longer says that somebody went."""
    async with running(grounds, settings, lease_ms=LONG) as presence:
        assert await presence.report("edge-1", [user], full=True)
        redis = connect(settings)
        await redis.srem("{presence}:users:edge-1", user)
        await redis.aclose()
        assert await presence.report("edge-1", gone=[user], full=True)
        assert await presence.status(user) == "offline"


async def test_a_large_full_report_is_kept_whole(grounds: Grounds, settings: Settings) -> None:
    users = [new_id() for _ in range(12_000)]
    async with running(grounds, settings, lease_ms=LONG) as presence:
        await presence.report("edge-1", users, full=True)
        assert {s.status for s in await presence.statuses(*users[:500], *users[-500:])} == {"online"}
        await presence.report("edge-1", users[6000:], full=True)
        assert {s.status for s in await presence.statuses(*users[:1000])} == {"offline"}
        assert {s.status for s in await presence.statuses(*users[6000:7000])} == {"online"}


async def test_a_killed_edges_users_go_offline_with_its_lease_and_nobody_else(
    grounds: Grounds, settings: Settings, user: str
) -> None:
    elsewhere, both = new_id(), new_id()
    async with running(grounds, settings) as presence:
        await presence.report("edge-1", [user, both], full=True)
        await presence.report("edge-2", [elsewhere, both], full=True)

        async def renew() -> None:
            while True:
                assert await presence.report("edge-2")
                await asyncio.sleep(LEASE_MS / 4000)

        renewing = asyncio.ensure_future(renew())
        await presence.becomes(user, "offline")
        assert [s.status for s in await presence.statuses(elsewhere, both)] == ["online", "online"]
        assert not await presence.report("edge-1"), "the expired edge must report in full"
        renewing.cancel()
        await asyncio.wait({renewing})


async def test_an_emptied_redis_makes_nobody_offline_and_asks_for_full_reports(
    grounds: Grounds, settings: Settings, redis: Any, ear: Ear, user: str
) -> None:
    other = new_id()
    async with running(grounds, settings, lease_ms=LONG) as presence:
        for edge in ("edge-1", "edge-2"):
            await presence.report(edge, [user, other], full=True)
        await redis.flushdb()
        assert not await presence.report("edge-1", gone=[user])
        assert await presence.report("edge-1", [other], full=True)
        # edge-2 has not reported again: nobody knows that this user has no socket there.
        await presence.report("edge-1", online=[user])
        await presence.report("edge-1", gone=[user])
        assert [s.status for s in await presence.statuses(user, other)] == ["online", "online"]
        assert await presence.report("edge-2", [other], full=True)
        await presence.report("edge-1", gone=[user])
        assert await presence.status(user) == "offline"
        assert await presence.status(other) == "online"


async def test_an_edge_lost_together_with_redis_data_is_still_noticed(
    grounds: Grounds, settings: Settings, redis: Any, user: str
) -> None:
    other = new_id()
    async with running(grounds, settings) as presence:
        await presence.report("edge-1", [user], full=True)
        await presence.report("edge-2", [other], full=True)
        await redis.flushdb()

        async def renew() -> None:
            await presence.report("edge-2", [other], full=True)
            while True:
                await presence.report("edge-2")
                await asyncio.sleep(LEASE_MS / 4000)

        renewing = asyncio.ensure_future(renew())
        await presence.becomes(user, "offline")
        assert await presence.status(other) == "online"
        renewing.cancel()
        await asyncio.wait({renewing})


async def test_a_redis_that_was_away_for_longer_than_the_lease_makes_nobody_offline(
    grounds: Grounds, settings: Settings, redis: Any, ear: Ear, user: str
) -> None:
    async with running(grounds, settings) as presence:
        await presence.report("edge-1", [user], full=True)
        await presence.report("edge-1")
        await redis.client_pause(2 * LEASE_MS)
        assert await presence.status(user) == "online", "reads need no Redis"
        await redis.ping()  # answered once the pause is over
        # Less than a lease after Redis is back the edge renews; until then its lease is long past.
        renewal = time.monotonic() + LEASE_MS / 4000
        while time.monotonic() < renewal:
            assert await presence.status(user) == "online"
            await asyncio.sleep(0.02)
        assert await presence.report("edge-1")
        sweeps = time.monotonic() + LEASE_MS / 2000
        while time.monotonic() < sweeps:
            assert await presence.status(user) == "online"
            await asyncio.sleep(0.02)
        assert ear.changes(user) == ["online"]


async def test_instances_agree_and_each_change_is_told_once(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    async with running(grounds, settings) as first, running(grounds, settings, ordinal=2) as second:
        await first.report("edge-1", [user], full=True)
        assert await second.status(user) == "online"
        assert await second.report("edge-1"), "a lease may be renewed anywhere"
        await first.becomes(user, "offline")
        assert await second.status(user) == "offline"
        await ear.hears(lambda: len(ear.changes(user)) >= 2)
        assert ear.changes(user) == ["online", "offline"]


async def test_concurrent_reports_through_two_instances_end_in_the_truth(
    grounds: Grounds, settings: Settings, ear: Ear
) -> None:
    users = [new_id() for _ in range(40)]
    async with (
        running(grounds, settings, lease_ms=LONG) as first,
        running(grounds, settings, ordinal=2, lease_ms=LONG) as second,
    ):
        await first.report("edge-1", full=True)
        await second.report("edge-2", users, full=True)
        for _ in range(5):
            await asyncio.gather(first.report("edge-1", online=users), second.report("edge-2", gone=users))
            await asyncio.gather(first.report("edge-1", gone=users), second.report("edge-2", online=users))
        assert {s.status for s in await first.statuses(*users)} == {"online"}
        await second.report("edge-2", gone=users)
        assert {s.status for s in await first.statuses(*users)} == {"offline"}
        await ear.hears(lambda: all(ear.changes(user)[-1:] == ["offline"] for user in users))


async def test_idle_users_go_away_and_come_back_with_activity(
    grounds: Grounds, settings: Settings, ear: Ear, user: str
) -> None:
    clock = ManualClock()
    async with running(grounds, settings, clock=clock) as presence:
        await presence.report("edge-1", [user], full=True)
        clock.advance(299)
        await presence.active(user)
        clock.advance(299)
        assert await presence.status(user) == "online"
        clock.advance(1)
        await presence.becomes(user, "away")
        clock.advance(10)
        await presence.active(user)
        (back,) = await presence.statuses(user)
        assert (back.status, back.last_activity_at_ms) == ("online", clock.now_ms())
        await ear.hears(lambda: ear.changes(user) == ["online", "away", "online"])


async def test_activity_without_a_socket_makes_nobody_online(grounds: Grounds, settings: Settings, user: str) -> None:
    clock = ManualClock()
    async with running(grounds, settings, clock=clock) as presence:
        await presence.report("edge-1", [user], full=True)
        await presence.report("edge-1", gone=[user])
        await presence.active(user)  # its report came late
        clock.advance(200)
        await presence.active(user)
        (status,) = await presence.statuses(user)
        assert (status.status, status.last_activity_at_ms) == ("offline", clock.now_ms())
