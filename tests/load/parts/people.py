"""People at work: thousands of mostly idle sockets on a busy day, and all of a killed edge's that come again."""

import os
import signal
import time

from tests.load.stage import Stage

_ROOMS = [8] * 20  # members of each
_CALM = 2.0  # seconds of the storm's reading and posting before the edge is killed
_KILLED = "edge-1"


def busy_day(stage: Stage) -> None:
    """Reading, posting, going from channel to channel, typing, coming again: each at its rate."""
    stage.progress(f"a busy day, {stage.plan.crowd:,} sockets")
    stage.run("rooms", members=_ROOMS)
    stage.run("connect", sockets=stage.plan.crowd)
    day = stage.run("workday", stage.plan.day)
    for kind in ("page", "post", "delivery", "return"):
        stage.sheet.put(f"day_{kind}_p99_ms", day.figures[kind]["p99_ms"])
    stage.sheet.told["day"] = {
        "sockets": day.figures["sockets"],
        "cpu_of_a_core": {name: seconds / day.figures["seconds"] for name, seconds in day.cpu.items()},
    }


def reconnect_storm(stage: Stage) -> None:
    """Kill an edge, and watch its sockets come again while others read and post."""
    if stage.mesh is None:
        return
    stage.progress(f"{_KILLED} is killed")
    stage.generator.begin("storm", stage.plan.storm)
    time.sleep(_CALM)
    os.kill(stage.mesh.pid(_KILLED), signal.SIGKILL)
    figures = stage.generator.end()
    stage.sheet.told["storm"] = figures
    stage.sheet.put("storm_s", figures["live_s"])
    stage.sheet.put("storm_slowest_ms", figures["slowest_ms"])
    if not figures["lost"]:
        stage.sheet.faults.append("storm: the killed edge had no sockets")
    if figures["requests_failed"]:
        stage.sheet.notes.append(f"storm: requests that failed meanwhile: {figures['requests_failed']}")
