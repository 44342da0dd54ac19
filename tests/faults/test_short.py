"""A short cut of `make faults`: every run of the tests breaks a mesh a little, and the checker judges what was seen.

The whole of it: `make faults SECONDS=600`.
"""

from pathlib import Path

from deploy.local.mesh import Mesh
from tests.faults.plans import Plan
from tests.faults.run import Order, run

_PLANS = (
    Plan("lag", "postgres-replica", 2.0),
    Plan("flush", "redis"),
    Plan("kill", "edge-2"),
    Plan("pause", "messaging-1", 1.0),
)


async def test_the_promises_are_kept_while_parts_of_the_mesh_break(doomed: Mesh, tmp_path: Path) -> None:
    order = Order(seconds=30, seed=1, rate=30, plans=_PLANS)
    outcome = await run(doomed, order, tmp_path / "history.jsonl", lambda _: None)
    assert outcome.kept, "\n".join([*outcome.report, *outcome.trouble])
    assert outcome.result["faults"] == len(_PLANS)
    assert outcome.result["acknowledged"] > 100
