"""The figures of the table, and what they are to be."""

from io import StringIO

import pytest
from rich.console import Console

from tests.load import measures
from tests.load.measures import MEASURES


def shown(found: dict[str, float]) -> str:
    console = Console(file=StringIO(), width=160)
    console.print(measures.table(found))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_every_key_is_of_one_measure_and_every_limit_is_a_measure() -> None:
    keys = [one.key for one in MEASURES]
    assert len(set(keys)) == len(keys)
    assert {one.limit for one in MEASURES} - {""} <= set(keys)


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ({"posts_s": 2000.0}, True),
        ({"posts_s": 1999.0}, False),
        ({"idle_mib": 1024.0}, True),
        ({"idle_mib": 1025.0}, False),
    ],
)
def test_a_target_is_a_least_or_a_most(found: dict[str, float], met: bool) -> None:
    ((key, told),) = measures.as_json(found).items()
    assert told["met"] is met
    assert [one.key for one in measures.missed(found)] == ([] if met else [key])
    assert ("missed" in shown(found)) is not met


def test_a_figure_stands_beside_its_target_and_its_limit() -> None:
    (line,) = [line for line in shown({"posts_s": 1500.0, "rows_s": 30_000.0}).splitlines() if "posts" in line]
    assert " ".join(line.split()) == "posts, 32 at a time 1,500/s ≥ 2,000 missed rows committed 30,000/s 5.0%"
    assert measures.as_json({"posts_s": 1500.0, "rows_s": 30_000.0})["posts_s"]["of_limit"] == pytest.approx(0.05)


def test_a_latency_is_a_multiple_of_its_limit() -> None:
    (line,) = [line for line in shown({"idle_p50_ms": 3.5, "commit_ms": 1.4}).splitlines() if "one post" in line]
    assert "2.5 ×" in line


def test_what_was_not_found_is_not_told() -> None:
    assert measures.as_json({}) == {}
    assert "posts" not in shown({})


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "%", "12.3%"),
        (12345.6, "/s", "12,346/s"),
        (3.456, "ms", "3.46 ms"),
        (31.26, "KiB", "31.3 KiB"),
        (10_000, "", "10,000"),
    ],
)
def test_figures_have_as_many_digits_as_say_something(value: float, unit: str, text: str) -> None:
    assert measures.shown(value, unit) == text
