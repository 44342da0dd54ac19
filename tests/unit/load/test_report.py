"""The figures of the table."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from tests.load import report
from tests.load.report import Limits, Phase


def phase(done: int = 1_000, seconds: float = 2.0, cpu: dict[str, float] | None = None, **figures: Any) -> Phase:
    return Phase({"done": done, "seconds": seconds, "p50_ms": 4.0, "p99_ms": 9.0, **figures}, cpu or {})


def test_a_quantile_is_a_value_that_occurred() -> None:
    seconds = [number / 1_000 for number in range(1, 101)]
    assert report.quantile_ms(seconds, 0.5) == pytest.approx(51)
    assert report.quantile_ms(seconds, 0.99) == pytest.approx(100)
    assert report.quantile_ms([0.003], 0.99) == pytest.approx(3)
    assert report.quantile_ms([], 0.5) is None


def test_a_rate_is_compared_with_its_limit() -> None:
    lines = report.rows({"post": phase(), "ping": phase(4_000)}, Limits(rows=10_000, commit_ms=2.0))
    posts, ping = lines[0], lines[1]
    assert posts.rate == 500
    assert posts.share == pytest.approx(0.05)
    assert "10,000/s" in posts.limit
    assert ping.rate == 2_000
    assert ping.share is None


def test_pages_are_compared_with_bare_requests_of_the_same_run() -> None:
    lines = report.rows({"read": phase(1_000), "ping": phase(4_000)}, Limits())
    assert lines[0].share == pytest.approx(0.25)


def test_an_idle_post_is_a_multiple_of_a_commit() -> None:
    (idle,) = (line for line in report.rows({"idle": phase()}, Limits(commit_ms=0.5)) if "idle" in line.what)
    assert idle.rate is None
    assert idle.share == pytest.approx(8)


def test_cpu_is_shared_out_over_the_units_and_nothing_of_it_is_lost() -> None:
    each = report.cpu_per_unit(phase(1_000, cpu={"edge": 0.2, "postgres": 0.1, "auth": 0.03, "files": 0.01}))
    assert each["edge"] == pytest.approx(200)
    assert each["rest"] == pytest.approx(40)
    assert sum(each.values()) == pytest.approx(340)


def test_without_units_or_limits_there_is_nothing_to_divide() -> None:
    assert report.cpu_per_unit(phase(0, cpu={"edge": 1.0})) == {}
    (line,) = report.rows({"post": phase(0, 0.0)}, Limits())
    assert (line.rate, line.share, line.limit) == (0, None, "")


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"failures": {"503": 2}}, "503"),
        ({"expected": 1_001}, "expected 1,001"),
        ({"misnumbered": 1, "closed": 0}, "1 frames misnumbered"),
        ({"generator_cpu": 1.96}, "98%"),
    ],
)
def test_what_spoils_a_figure_is_said(figures: dict[str, Any], said: str) -> None:
    assert [said in remark for remark in report.remarks({"post": phase(**figures)}, Limits(sends=1.0), {})] == [True]


def test_a_clean_run_needs_no_remark_but_a_missing_limit_does() -> None:
    clean = {"post": phase(expected=1_000, failures={}, misnumbered=0, closed=0, generator_cpu=0.5)}
    assert report.remarks(clean, Limits(sends=1.0), {"busy_before": 0.05}) == []
    assert "cc" in report.remarks(clean, Limits(), {})[0]


def test_a_busy_machine_is_said() -> None:
    (remark,) = report.remarks({}, Limits(sends=1.0), {"busy_before": 0.8})
    assert "80% of the machine" in remark


def test_the_better_round_counts_limit_by_limit() -> None:
    one = Limits(rows=10.0, commit_ms=3.0, entries=None, sends=None)
    other = Limits(rows=8.0, commit_ms=2.0, entries=5.0, sends=None)
    assert report.better(one, other) == Limits(rows=10.0, commit_ms=2.0, entries=5.0, sends=None)


def test_the_table_shows_every_line_and_a_column_for_each_group() -> None:
    console = Console(file=StringIO(), width=160)
    lines = report.rows({"post": phase(cpu={"edge": 0.2}), "idle": phase()}, Limits(rows=5_000, commit_ms=1.0))
    console.print(report.table(lines))
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    assert all(line.what in shown for line in lines)
    assert all(name in shown for name in ("messaging", "rest", "10.0%", "4.0 ×"))
