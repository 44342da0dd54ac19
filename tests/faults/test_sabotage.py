"""What would be seen if promises were broken: a mesh that breaks some of them on purpose, judged like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.mesh import Mesh
from deploy.local.ports import free_block
from tests.conftest import running
from tests.faults import sabotage
from tests.faults.plans import Plan
from tests.faults.run import Order, Outcome, run


@pytest.fixture
def sabotaged(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mesh]:
    """One running mesh of those who do the deeds that the test names, with its first user."""
    made = Mesh(tmp_path / "mesh", free_block(), command=sabotage.command(*request.param))
    with running(made, "sabotaged") as mesh:
        yield mesh


def caught(outcome: Outcome, kind: str, text: str) -> bool:
    return any(violation.kind == kind and text in violation.text for violation in outcome.violations)


@pytest.mark.parametrize(
    "sabotaged", [("stale-reads", "lossy-bus", "no-repair", "silent-revocations")], ids=["all"], indirect=True
)
async def test_each_sabotage_is_caught(sabotaged: Mesh, tmp_path: Path) -> None:
    order = Order(seconds=20, seed=1, rate=60, plans=[Plan("lag", "postgres-replica", 2.0)], rest=3)
    outcome = await run(sabotaged, order, tmp_path / "history.jsonl", lambda _: None)
    assert caught(outcome, "stale", "is older than"), "reads from a replica that lags"
    assert caught(outcome, "lost", "was left out"), "one in a hundred events lost by the bus, with nobody repairing it"
    assert caught(outcome, "leaked", "after its session's bound"), "sessions of whose end nobody was told"
    # What was not sabotaged is no victim of the others.
    assert outcome.result["duplicated"] == outcome.result["reordered"] == outcome.result["untrue"] == 0


@pytest.mark.parametrize("sabotaged", [("skipping-resume",)], ids=["resume"], indirect=True)
async def test_a_resumption_that_skips_one_event_is_caught(sabotaged: Mesh, tmp_path: Path) -> None:
    """The numbers of the frames are contiguous all the same."""
    plans = [Plan("restart", "edge-1"), Plan("restart", "edge-2")]
    outcome = await run(
        sabotaged, Order(seconds=40, seed=1, rate=60, plans=plans), tmp_path / "history.jsonl", lambda _: None
    )
    assert caught(outcome, "lost", "was left out")
    assert not outcome.trouble
    assert {violation.kind for violation in outcome.violations} == {"lost"}
