"""The projection of users: filled, in order, and repaired whatever is lost."""

from collections.abc import Sequence

import pytest

from services.chassis.config import Settings
from services.chassis.database.naming import service_dsn
from services.messaging.__main__ import wire
from tests.contract.grounds import Grounds
from tests.contract.messaging.auth_double import auth_double
from tests.contract.messaging.scene import Scene, playing, until_ready
from tests.contract.served import eventually, serving


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    """An empty database for each test."""
    return grounds.settings("messaging")


def usernames(scene: Scene) -> set[str]:
    return {name for (name,) in scene.sql("SELECT username FROM users")}


async def until_known(scene: Scene, *names: str, seconds: float = 5.0) -> None:
    async def known() -> bool:
        return set(names) == usernames(scene)

    await eventually(known, f"the users {sorted(names)}", seconds)


async def test_messaging_is_not_ready_before_it_knows_the_users(grounds: Grounds, settings: Settings) -> None:
    async with serving("messaging", wire, grounds, settings) as served:
        assert not served.process.readiness.ready
        assert any(reason.startswith("users:") for reason in served.process.readiness.reasons)
        async with auth_double(grounds, settings) as auth:
            await auth.add("alice")
            await until_ready(served)
            scene = Scene(served, auth, service_dsn(settings, "messaging"))
            assert usernames(scene) == {"alice"}


async def test_more_users_than_a_chunk_are_read_once_and_then_followed(grounds: Grounds, settings: Settings) -> None:
    async with auth_double(grounds, settings) as auth:
        auth.publishing = False
        names = [f"u{n}" for n in range(2100)]
        for name in names:
            await auth.add(name)
        auth.publishing = True
        async with serving("messaging", wire, grounds, settings) as served:
            await until_ready(served)
            scene = Scene(served, auth, service_dsn(settings, "messaging"))
            assert len(usernames(scene)) == 2100
            read = auth.snapshots
            await auth.add("late")
            await until_known(scene, *names, "late")
            assert auth.snapshots == read
        async with serving("messaging", wire, grounds, settings) as served:  # a restart resumes
            await until_ready(served)
            assert auth.snapshots == read


async def test_what_the_bus_lost_is_asked_of_the_log(grounds: Grounds, settings: Settings) -> None:
    async with playing(grounds, settings) as scene:
        scene.auth.publishing = False
        await scene.auth.add("unheard")
        await until_known(scene, "unheard")  # by asking once a second
        await scene.auth.add("missed")
        scene.auth.publishing = True
        await scene.auth.add("after-the-gap")
        await until_known(scene, "unheard", "missed", "after-the-gap")


async def test_a_change_reaches_the_table_and_an_older_state_never_returns(
    grounds: Grounds, settings: Settings
) -> None:
    async with playing(grounds, settings) as scene:
        alice = await scene.auth.add("alice", email="alice@example.com")
        await scene.auth.change(alice, username="alicia", delete_at_ms=7)
        await until_known(scene, "alicia")
        assert scene.sql("SELECT delete_at, roles FROM users") == [(7, ["system_user"])]


@pytest.mark.parametrize("how", ["restored", "truncated"])
async def test_another_log_or_a_log_cut_short_means_reading_all_anew(
    grounds: Grounds, settings: Settings, how: str
) -> None:
    async with auth_double(grounds, settings) as auth:
        gone = await auth.add("gone")
        await auth.add("stays")
        async with serving("messaging", wire, grounds, settings) as served:
            await until_ready(served)
            scene = Scene(served, auth, service_dsn(settings, "messaging"))
            assert usernames(scene) == {"gone", "stays"}
            auth.publishing = False
            del auth.users[gone]
            if how == "restored":
                await auth.restore()
            else:
                await auth.add("new")
                auth.kept_from = len(auth.log) + 1
            await until_known(scene, "stays", *(["new"] if how == "truncated" else []))
            auth.publishing = True
            await auth.add("next")
            await until_known(scene, "stays", "next", *(["new"] if how == "truncated" else []))


async def test_two_instances_feed_the_same_table_without_harm(grounds: Grounds, settings: Settings) -> None:
    async with (
        auth_double(grounds, settings) as auth,
        serving("messaging", wire, grounds, settings) as first,
        serving("messaging", wire, grounds, settings, ordinal=2) as second,
    ):
        await until_ready(first)
        await until_ready(second)
        scene = Scene(first, auth, service_dsn(settings, "messaging"))
        names: Sequence[str] = [f"user{n}" for n in range(60)]
        for name in names:
            user = await auth.add(name)
            await auth.change(user, nickname="changed")
        await until_known(scene, *names)

        async def all_changed() -> bool:
            return scene.sql("SELECT count(*) FROM users WHERE nickname = 'changed'") == [(60,)]

        await eventually(all_changed, "every change")
        assert scene.sql("SELECT seq FROM projections") == [(120,)]
        for served in (first, second):
            value = served.process.metrics.registry.get_sample_value(
                "chorus_database_deadlocks_total", {"database": "messaging"}
            )
            assert value == 0
