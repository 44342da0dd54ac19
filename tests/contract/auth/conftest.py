"""The service of a test module: open to everybody, unless the test makes its own."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.config import Settings
from tests.contract.auth.callers import Auth, running
from tests.contract.grounds import Grounds


@pytest.fixture(scope="module")
def settings(grounds: Grounds) -> Settings:
    return grounds.settings("auth", TeamSettings={"EnableOpenServer": True})


@pytest.fixture
async def auth(grounds: Grounds, settings: Settings) -> AsyncIterator[Auth]:
    async with running(grounds, settings) as made:
        yield made
