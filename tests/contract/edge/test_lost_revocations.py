"""Promise 6 where the control stream lacks a revocation: the poll of auth's log finds it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.chassis.bus.redis import RedisBus
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.edge.sessions import Sessions
from tests.contract.edge.test_sessions import USER, Auth, Edge
from tests.contract.grounds import Grounds

TOPIC = f"auth/user:{USER}"


@pytest.fixture
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("edge")


@pytest.fixture
async def auth(settings: Settings) -> AsyncIterator[Auth]:
    bus = RedisBus(settings, Metrics("auth"))
    yield Auth(bus)
    await bus.close()


@pytest.fixture
async def sessions(settings: Settings, auth: Auth) -> AsyncIterator[Sessions]:
    edge = await Edge(settings, auth).ready()
    yield edge.sessions
    await edge.close()


async def test_a_revocation_that_only_the_log_knows_is_found_by_its_poll(auth: Auth, sessions: Sessions) -> None:
    auth.sign_in("a")
    assert await sessions.authenticate("a") is not None
    del auth.known["a"]  # nobody is told
    assert await sessions.authenticate("a") is not None, "the cache was not used: this test shows nothing"
    sessions.doubt([TOPIC])
    assert await sessions.authenticate("a") is None


async def test_nothing_from_before_the_log_was_followed_is_trusted(auth: Auth, sessions: Sessions) -> None:
    auth.sign_in("a")
    await sessions.authenticate("a")
    del auth.known["a"]
    sessions.doubt(None)
    assert await sessions.authenticate("a") is None


@pytest.mark.parametrize("topics", [[TOPIC], None])
async def test_an_answer_that_was_under_way_is_doubted_too(
    auth: Auth, sessions: Sessions, topics: list[str] | None
) -> None:
    auth.sign_in("a")
    auth.hold.clear()
    asked = asyncio.create_task(sessions.authenticate("a"))
    await auth.was_asked.wait()
    del auth.known["a"]
    sessions.doubt(topics)
    auth.hold.set()
    assert await asked is None


async def test_others_stay_in_memory(auth: Auth, sessions: Sessions) -> None:
    auth.sign_in("a")
    auth.sign_in("b", "v" * 26)
    await asyncio.gather(sessions.authenticate("a"), sessions.authenticate("b"))
    before = len(auth.asked)
    sessions.doubt([TOPIC, "auth/cluster", "auth/user:" + "w" * 26])
    assert await sessions.authenticate("b") is not None
    assert len(auth.asked) == before


async def test_whoever_asks_anew_does_not_get_it_from_memory(auth: Auth, sessions: Sessions) -> None:
    auth.sign_in("a")
    await sessions.authenticate("a")
    del auth.known["a"]
    assert await sessions.authenticate_anew("a") is None
