"""The plots: each has a curve for what the run found, and none is drawn of nothing."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib.lines import Line2D

from tests.load import plots

DISTRIBUTION = [(0.5, 2.0), (0.99, 9.0), (1.0, 30.0)]
RUN: dict[str, Any] = {
    "by_batch": {
        "posts": [{"under_way": 1, "rate_s": 100.0}, {"under_way": 32, "rate_s": 900.0}],
        "rows": [{"rows": 1, "rate_s": 1e3}, {"rows": 32, "rate_s": 2e4}],
    },
    "by_sockets": [{"sockets": 10, "cpu_us": 8.0}, {"sockets": 100, "cpu_us": None}, {"sockets": 1000, "cpu_us": 9.0}],
    "phases": {"paced": [{"distribution": DISTRIBUTION}, {"distribution": DISTRIBUTION}]},
}


def points(line: Line2D) -> list[tuple[float, float]]:
    return [(float(across), float(up)) for across, up in np.asarray(line.get_xydata())]


def test_each_plot_is_a_picture_that_is_the_same_for_the_same_run(tmp_path: Path) -> None:
    drawn = plots.draw(RUN, tmp_path)
    assert [path.stem for path in drawn] == list(plots.PLOTS)
    before = [path.read_bytes() for path in drawn]
    assert all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in before)  # noqa: S314 - ours
    assert [path.read_bytes() for path in plots.draw(RUN, tmp_path)] == before


def test_curves_are_of_what_was_found() -> None:
    figure = plots.growth(RUN)
    assert figure is not None
    (line,) = figure.axes[0].get_lines()
    assert points(line) == [(10, 1.0), (1000, 1.125)]
    figure = plots.latencies(RUN)
    assert figure is not None
    (line,) = figure.axes[0].get_lines()
    assert [milliseconds for milliseconds, _ in points(line)] == [2.0, 9.0]  # the slowest is in the JSON alone


def test_of_nothing_nothing_is_drawn(tmp_path: Path) -> None:
    assert plots.draw({"phases": {}}, tmp_path) == []
    assert list(tmp_path.iterdir()) == []
