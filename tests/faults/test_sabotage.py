"""What would be seen if promises were broken: a mesh that breaks some of them on purpose, judged like any other."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import keep_logs, sign_up_admin
from tests.e2e import client
from tests.faults import sabotage
from tests.faults.nemesis import Plan
from tests.faults.run import Order, run


@pytest.fixture
def sabotaged(tmp_path: Path) -> Iterator[Mesh]:
    """One running mesh of saboteurs, with its first user."""
    mesh = Mesh(tmp_path / "mesh", free_block(), command=sabotage.command)
    try:
        mesh.up()
        asyncio.run(sign_up_admin(client.front(mesh)))
        yield mesh
    finally:
        keep_logs(mesh, Path("build/test-logs/sabotaged"))
        mesh.erase()


async def test_each_sabotage_is_caught(sabotaged: Mesh, tmp_path: Path) -> None:
    order = Order(seconds=20, seed=1, rate=30, plans=[Plan("lag", "postgres-replica", 2.0)], rest=3)
    outcome = await run(sabotaged, order, tmp_path / "history.jsonl", lambda _: None)
    texts = [f"{violation.kind}: {violation.text}" for violation in outcome.violations]

    def caught(kind: str, text: str) -> bool:
        return any(one.startswith(kind) and text in one for one in texts)

    assert caught("stale", "is older than"), "reads from a replica that lags"
    assert caught("lost", "was left out"), "events that the bus lost, with nobody repairing it"
    assert caught("leaked", "after its session's bound"), "sessions of whose end nobody was told"
    # What was not sabotaged is no victim of the others.
    assert outcome.result["duplicated"] == outcome.result["reordered"] == outcome.result["untrue"] == 0
