"""Distributions of latencies, and the times at which requests are due."""

import pytest

from tests.load.latency import SHARES, distribution, due, quantile_ms


def test_lines_send_in_turn_at_the_rate_of_all_together() -> None:
    lines = [list(due(10.0, 4.0, number, 2, 12.0)) for number in range(2)]
    assert lines == [[10.0, 10.5, 11.0, 11.5], [10.25, 10.75, 11.25, 11.75]]


def test_a_late_line_is_not_given_a_later_schedule() -> None:
    times = due(0.0, 1.0, 0, 1, 3.0)
    assert [next(times), next(times), next(times)] == [0.0, 1.0, 2.0]
    assert next(times, None) is None


def test_a_distribution_ends_with_the_slowest() -> None:
    told = distribution([number / 1e3 for number in range(1000)])
    assert [share for share, _ in told] == list(SHARES)
    assert told[0][1] == pytest.approx(500)
    assert told[4][1] == pytest.approx(990)
    assert told[-1][1] == pytest.approx(999)
    assert distribution([]) == []


def test_a_quantile_is_a_value_that_occurred() -> None:
    seconds = [number / 1_000 for number in range(1, 101)]
    assert quantile_ms(seconds, 0.5) == pytest.approx(51)
    assert quantile_ms(seconds, 0.99) == pytest.approx(100)
    assert quantile_ms([0.003], 0.99) == pytest.approx(3)
    assert quantile_ms([], 0.5) is None
