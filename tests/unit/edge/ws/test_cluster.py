"""Promises 4 and 6 in a cluster of pure parts: a thousand schedules of drops, delays, doubles, pauses and crashes.

A seed that failed becomes a test of its own in `FAILED`.
"""

import pytest

from tests.unit.edge.ws.cluster.schedule import Schedule

FAILED = [
    953,  # the log told of an event, which the bus lost, between a baseline and its use
]


@pytest.mark.parametrize("block", range(8))
def test_a_thousand_schedules_keep_every_socket_whole(block: int) -> None:
    for seed in range(block * 150, block * 150 + 150):
        Schedule(seed).run()


@pytest.mark.parametrize("seed", FAILED)
def test_what_failed_once(seed: int) -> None:
    Schedule(seed).run()
