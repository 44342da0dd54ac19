"""The page cache's hit rate, from the counters of an edge."""

import pytest

from tests.load import cache, counters

METRICS = """\
# HELP chorus_edge_page_cache_total Pages by result.
# TYPE chorus_edge_page_cache_total counter
chorus_edge_page_cache_total{result="hit"} 90.0
chorus_edge_page_cache_total{result="miss"} 30.0
# TYPE chorus_edge_sockets gauge
chorus_edge_sockets 7.0
"""


def test_counters_are_found_by_their_result() -> None:
    assert cache.by_result(counters.parsed(METRICS, cache.FAMILY)) == {"hit": 90.0, "miss": 30.0}
    assert cache.by_result(counters.parsed("", cache.FAMILY)) == {}


def test_only_what_was_asked_between_two_looks_counts() -> None:
    assert cache.hit_rate({"hit": 60.0, "miss": 20.0}, {"hit": 90.0, "miss": 30.0}) == pytest.approx(0.75)
    assert cache.hit_rate({"hit": 1.0}, {"hit": 1.0}) is None
    assert cache.hit_rate({}, {}) is None
