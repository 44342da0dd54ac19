"""The admin port says whether a process may be given work, and why not."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from services.chassis.admin import Admin, Readiness
from services.chassis.metrics import Metrics


@pytest.fixture
async def served() -> AsyncIterator[tuple[Readiness, Metrics, str]]:
    readiness, metrics = Readiness(), Metrics("auth", "auth-1", "r1")
    admin = Admin("127.0.0.1", 0, readiness, metrics, {"service": "auth"})
    port = await admin.start()
    yield readiness, metrics, f"http://127.0.0.1:{port}"
    await admin.close()


async def fetch(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else await answer.text()


async def test_ready_only_while_every_condition_is_met(served: tuple[Readiness, Metrics, str]) -> None:
    readiness, _, url = served
    assert await fetch(url + "/readyz") == (503, {"ready": False, "reasons": ["start: the process is starting"]})
    readiness.set("bus", False, "Redis at 127.0.0.1:1 refuses the connection")
    readiness.started()
    assert (await fetch(url + "/readyz"))[1]["reasons"] == ["bus: Redis at 127.0.0.1:1 refuses the connection"]
    readiness.set("bus", True)
    assert await fetch(url + "/readyz") == (200, {"ready": True, "reasons": []})
    readiness.drain()
    readiness.set("bus", True)
    assert await fetch(url + "/readyz") == (503, {"ready": False, "reasons": ["drain: the process is stopping"]})
    assert await fetch(url + "/healthz") == (200, {"status": "OK", "service": "auth"})


async def test_metrics_are_served_with_the_prefix(served: tuple[Readiness, Metrics, str]) -> None:
    _, metrics, url = served
    metrics.database_deadlocks.labels("chorus_auth").inc()
    status, text = await fetch(url + "/metrics")
    assert status == 200
    assert 'chorus_build_info{instance="auth-1",release="r1",service="auth"} 1.0' in text
    assert 'chorus_database_deadlocks_total{database="chorus_auth"} 1.0' in text


def test_watchers_hear_the_state_and_each_change_once() -> None:
    readiness = Readiness()
    heard: list[bool] = []
    readiness.watch(heard.append)
    readiness.started()
    readiness.set("bus", True)
    readiness.set("bus", False, "gone")
    readiness.set("bus", False, "still gone")
    assert heard == [False, True, False]
