"""What a phase of the load cost, and what spoils its figures."""

from typing import Any

import pytest

from tests.load import phases
from tests.load.parts.deliveries import edge_us
from tests.load.phases import Phase


def phase(done: int = 1_000, seconds: float = 2.0, cpu: dict[str, float] | None = None, **figures: Any) -> Phase:
    return Phase({"done": done, "seconds": seconds, **figures}, cpu or {})


def test_cpu_is_shared_out_over_the_units_and_nothing_of_it_is_lost() -> None:
    each = phases.cpu_by_column(phase(1_000, cpu={"edge": 0.2, "postgres": 0.1, "auth": 0.03, "files": 0.01}))
    assert each["edge"] == pytest.approx(200)
    assert each["rest"] == pytest.approx(40)
    assert sum(each.values()) == pytest.approx(340)


def test_without_units_there_is_nothing_to_divide() -> None:
    assert phases.cpu_by_column(phase(0, cpu={"edge": 1.0})) == {}
    assert phase(0, 0.0).rate == 0
    assert phase(0, cpu={"edge": 1.0}).cpu_us() == 0


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"failures": {"503": 2}}, "503"),
        ({"expected": 1_001}, "expected 1,001"),
        ({"misnumbered": 1, "closed": 0}, "1 frames misnumbered"),
    ],
)
def test_what_was_lost_is_said(figures: dict[str, Any], said: str) -> None:
    assert [said in fault for fault in phases.faults("post", phase(**figures).figures)] == [True]


def test_a_clean_phase_has_no_fault() -> None:
    clean = phase(expected=1_000, failures={}, misnumbered=0, closed=0)
    assert phases.faults("post", clean.figures) == []


def test_a_load_that_may_have_been_the_limit_is_told() -> None:
    assert phases.load_was_busy([phase(generator_cpu=1.96)]) == pytest.approx(0.98)
    assert phases.load_was_busy([phase(generator_cpu=0.5), phase(generator_cpu=0.6)]) is None
    assert phases.load_was_busy([]) is None


def test_the_typical_round_is_the_median_of_those_that_found_something() -> None:
    assert phases.typical([3.0, None, 1.0, 2.0]) == 2.0
    assert phases.typical([None]) is None


def test_a_delivery_costs_what_its_post_takes_more_than_one_that_nobody_hears() -> None:
    heard = phase(done=100_000, posts=100, cpu={"edge": 1.1, "envoy": 9.0})
    unheard = phase(done=100, cpu={"edge": 0.1})
    assert edge_us([heard], [unheard]) == pytest.approx(10.0)
    assert edge_us([phase(posts=1)], [unheard]) is None
