"""What waits for the next tick comes round together, however it began, and a hundredth over its period at most."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from services.chassis.ticks import until_tick

PERIOD = 0.5


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], float]:
    """When a wait ends that begins at so many milliseconds of the loop's time."""

    def end(milliseconds: int) -> float:
        loop = SimpleNamespace(time=lambda: milliseconds / 1000)
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
        return round(milliseconds / 1000 + until_tick(PERIOD), 6)

    return end


def test_who_begins_to_wait_within_one_period_ends_at_one_moment(at: Callable[[int], float]) -> None:
    """So their timers are one wake-up."""
    assert {at(began) for began in range(2000, 2490)} == {2.5}


@pytest.mark.parametrize("early", [0, 1, 4])
def test_a_timer_that_came_a_little_early_waits_a_period(at: Callable[[int], float], early: int) -> None:
    """And not once more for what is left of the one before."""
    assert at(2500 - early) == 3.0
