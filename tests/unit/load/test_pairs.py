"""What several rounds say together."""

import pytest

from tests.load import pairs


def test_what_the_mesh_takes_by_itself_is_not_the_price_of_a_post() -> None:
    costs = pairs.per_unit({"edge-1": 1.1, "files-1": 0.05}, 1000, {"edge-1": 0.01, "files-1": 0.01}, 10.0)
    assert costs == {"edge-1": pytest.approx(1000), "files-1": 0.0}
    assert pairs.per_unit({"edge-1": 1.0}, 0, {}, 1.0) == {}


def test_a_process_that_came_later_has_the_median_of_its_own_rounds() -> None:
    assert pairs.medians([{"a": 1.0}, {"a": 9.0, "b": 4.0}, {"a": 2.0}]) == {"a": 2.0, "b": 4.0}


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ([100, 110, 90, 105, 95], [80, 92, 70, 85, 77], True),
        ([100, 110, 90, 105, 95], [80, 92, 70, 106, 77], False),  # one round disagrees
        ([100, 100, 100, 100, 100], [101, 101, 102, 101, 101], False),  # sure, but nothing
        ([100], [50], False),  # a single round says nothing
    ],
)
def test_a_figure_moved_when_every_round_says_so(before: list[float], after: list[float], moved: bool) -> None:
    change = pairs.compare(before, after)
    assert change is not None
    assert change.moved is moved


def test_pairs_are_compared_round_by_round_and_not_by_their_medians() -> None:
    change = pairs.compare([100, 200, 400], [50, 100, 200])
    assert change == pairs.Change(before=200, after=100, ratio=0.5, moved=True)
    assert pairs.compare([0, 0], [1, 2]) is None
