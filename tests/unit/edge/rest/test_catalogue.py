"""Every operation of the API is either served or answers 501 by its own name; none is hidden by another."""

from unittest.mock import MagicMock

import pytest
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from services.chassis.admin import Readiness
from services.chassis.config import Settings
from services.chassis.metrics import Metrics
from services.edge.clients.peers import Clients
from services.edge.dialect.client_config import Facts
from services.edge.metrics import RestMetrics
from services.edge.rest.application import PREFIX, Application
from services.edge.rest.catalogue import catalogue
from services.edge.rest.resources import resources


@pytest.fixture(scope="module")
def application() -> Application:
    facts = Facts(diagnostic_id="d" * 26, no_accounts=True, installed_at_ms=0)
    return Application(
        resources(MagicMock(spec=Clients), MagicMock(), Settings(), facts, Metrics("test")),
        MagicMock(),
        Readiness(),
        RestMetrics(Metrics("edge")),
        version="",
        body_limit=1000,
    )


def test_operations_are_unique() -> None:
    keys = [(operation.method, operation.path) for operation in catalogue()]
    assert len(keys) == len(set(keys)) > 550


def test_what_is_served_is_in_the_catalogue_and_served_once(application: Application) -> None:
    served = [(route.method, PREFIX + route.path) for route in application.routes]
    assert len(served) == len(set(served))
    assert set(served) <= {(operation.method, operation.path) for operation in catalogue()}


async def test_each_operation_is_found_at_its_own_address(application: Application) -> None:
    """`/users/stats` is no user called stats."""
    router = application.build().router
    router.freeze()
    for operation in catalogue():
        request = make_mocked_request(operation.method, _example(operation.path))
        found = await router.resolve(request)
        assert found.route.resource is not None
        assert found.route.resource.canonical == operation.path, operation


async def test_the_rest_of_the_catalogue_answers_501_with_its_name(application: Application) -> None:
    served = {(route.method, PREFIX + route.path) for route in application.routes}
    missing = [operation for operation in catalogue() if (operation.method, operation.path) not in served]
    async with TestClient(TestServer(application.build())) as client:
        for operation in missing:
            response = await client.request(operation.method, _example(operation.path))
            assert response.status == 501, operation
            if operation.method != "HEAD":
                assert (await response.json())["message"].startswith(f"{operation.name} "), operation


def _example(path: str) -> str:
    return "/".join("x" * 26 if part[:1] == "{" else part for part in path.split("/"))
