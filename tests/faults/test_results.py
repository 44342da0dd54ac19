"""What a run is told to have come to."""

from tests.faults.checker import judge
from tests.faults.history import Fault
from tests.faults.results import merged, summary, table
from tests.faults.scripted import Script
from tests.faults.violation import Violation


def broken(*faults: Fault, violations: int = 0) -> dict[str, object]:
    script = Script()
    script.person("ana")
    script.create("ana")
    script.post("ana")
    script.records += faults
    timeline, _ = judge(script.finish())
    found = [Violation("lost", "a post")] * violations
    return {**summary(timeline, found, seed=1, seconds=10.0), "trouble": []}


def test_two_runs_come_to_one_table() -> None:
    one = broken(Fault(1, 2, "kill", "edge-1"), Fault(5, 8, "kill", "edge-2"), violations=1)
    other = broken(Fault(1, 5, "kill", "edge-3"), Fault(6, 7, "redis-failover", "redis"), violations=2)
    both = merged([one, other])
    assert (both["seed"], both["seconds"], both["faults"], both["lost"]) == (1, 20.0, 4, 3)
    assert both["acknowledged"] == 2
    assert both["unavailable"]["kill edge"]["times"] == 3
    assert both["unavailable"]["kill edge"]["back"] == 4
    assert both["unavailable"]["redis-failover redis"]["times"] == 1
    rows = [line.split()[:2] for line in table(both)]
    assert ["kill", "3"] in rows
    assert ["edge", "3"] in rows
