"""Two revisions side by side: what is compared, and what stands out."""

from collections.abc import Mapping, Sequence
from io import StringIO
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from tests.load import compare
from tests.load.costs import Meter


def meter(rounds: Sequence[Mapping[str, float]]) -> Meter:
    return cast(Meter, SimpleNamespace(rounds={"post": rounds}))


def test_what_moved_is_told_by_process_and_in_all() -> None:
    before = meter([{"edge-1": 100.0, "redis": 20.0}, {"edge-1": 110.0, "redis": 30.0}])
    after = meter([{"edge-1": 80.0, "redis": 21.0}, {"edge-1": 90.0, "redis": 29.0}])
    found = compare.changes(before, after)["post"]
    assert {name: change.moved for name, change in found.items()} == {"all": True, "edge-1": True, "redis": False}
    assert (found["all"].before, found["all"].after) == (130.0, 110.0)


def test_a_process_that_one_side_lacks_counts_in_all_alone() -> None:
    found = compare.changes(meter([{"edge-1": 100.0, "push-1": 50.0}]), meter([{"edge-1": 100.0}]))["post"]
    assert set(found) == {"all", "edge-1"}
    assert found["all"].ratio == pytest.approx(2 / 3)


def test_the_table_names_the_direction() -> None:
    found = compare.changes(meter([{"edge-1": 100.0}] * 2), meter([{"edge-1": 50.0}] * 2))
    console = Console(file=StringIO(), width=120)
    console.print(compare.table(found, ("main~2", "here")))
    shown: Any = console.file
    assert "cheaper" in shown.getvalue()
    assert "-50.0%" in shown.getvalue()
    assert "main~2" in shown.getvalue()
