"""Fixtures of the contract tests.

A test of a service takes `grounds`, makes an empty database by `grounds.settings("auth", …)` (the fixture `settings`
does it once a module), runs the service by `served.serving` and calls it by generated stubs over `served.caller()`.
"""

from collections.abc import Iterator

import pytest

from services.chassis.config import Settings
from tests.contract import grounds as parts
from tests.contract.grounds import Grounds
from tests.contract.redis_servers import Park


@pytest.fixture(scope="session")
def grounds() -> Iterator[Grounds]:
    """One PostgreSQL, one Redis and certificates."""
    with parts.grounds() as made:
        yield made


@pytest.fixture(scope="module")
def settings(grounds: Grounds, request: pytest.FixtureRequest) -> Settings:
    """Settings with an empty database for the test module's service, which is its folder's name."""
    return grounds.settings(request.path.parent.name)


@pytest.fixture(scope="session")
def park() -> Iterator[Park]:
    """Redis of every kind, to be hurt."""
    park = Park()
    yield park
    park.close()
