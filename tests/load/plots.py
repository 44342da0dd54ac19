"""Plots of a run, drawn from its JSON: throughput by batch size, distributions of latencies, growth.

.venv/bin/python -m tests.load.plots docs/bench      draws what lies there in bench.json
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "bench"  # ids by chance would make each picture another file

from matplotlib.axes import Axes  # noqa: E402 - the backend first
from matplotlib.figure import Figure  # noqa: E402

Run = Mapping[str, Any]

_LATENCIES = {
    "idle": "one post, idle mesh",
    "paced": "delivery at 20 posts/s, 200 sockets",
    "read": "page, 32 under way",
    "post": "post, 32 under way",
}
_DAY = {"page": "page", "post": "post", "delivery": "delivery"}


def throughput(run: Run) -> Figure | None:
    """Posts a second by how many are under way, and rows by how many are in a transaction."""
    found = run.get("by_batch")
    if not found:
        return None
    figure, axes = _empty("posts under way · rows in a transaction", "a second")
    posts = found["posts"]
    axes.plot([one["under_way"] for one in posts], [one["rate_s"] for one in posts], marker="o", label="posts")
    if rows := found.get("rows"):
        axes.plot([one["rows"] for one in rows], [one["rate_s"] for one in rows], marker="s", label="bare rows")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.legend()
    return figure


def latencies(run: Run) -> Figure | None:
    """How many took longer than so many milliseconds: typical of the rounds."""
    curves = {
        words: [one["distribution"] for one in run["phases"][name]]
        for name, words in _LATENCIES.items()
        if name in run["phases"]
    }
    for day in run["phases"].get("workday", ()):
        curves |= {f"busy day: {words}": [day[kind]["distribution"]] for kind, words in _DAY.items()}
    if not curves:
        return None
    figure, axes = _empty("milliseconds", "share that took longer")
    for words, rounds in curves.items():
        shares, values = _typical(rounds)
        axes.plot(values, [1 - share for share in shares], marker=".", label=words)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend()
    return figure


def _typical(rounds: Sequence[Sequence[tuple[float, float]]]) -> tuple[list[float], list[float]]:
    """The shares but the last, which is the slowest of all and on no logarithmic axis, and the median of each."""
    shares = [share for share, _ in rounds[0] if share < 1]
    return shares, [median(one[place][1] for one in rounds) for place in range(len(shares))]


def growth(run: Run) -> Figure | None:
    """What a post costs by the posts and members of its channel, and a delivery by the sockets."""
    curves = {
        "a post, by posts in its channel": ("by_posts", "posts"),
        "a post, by members of its channel": ("by_members", "members"),
        "a delivery, by sockets": ("by_sockets", "sockets"),
    }
    drawn = {words: (run[part], key) for words, (part, key) in curves.items() if part in run}
    if not drawn:
        return None
    figure, axes = _empty("how many", "CPU of one, of that at the fewest")
    for words, (rows, key) in drawn.items():
        known = [(row[key], row["cpu_us"]) for row in rows if row["cpu_us"]]
        axes.plot([many for many, _ in known], [cpu / known[0][1] for _, cpu in known], marker="o", label=words)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


PLOTS: Mapping[str, Callable[[Run], Figure | None]] = {
    "throughput": throughput,
    "latencies": latencies,
    "growth": growth,
}
"""By the name of the file."""


def draw(run: Run, folder: Path) -> list[Path]:
    """Draw what the run has figures for; the files."""
    drawn = []
    for name, plot in PLOTS.items():
        figure = plot(run)
        if figure is not None:
            drawn.append(folder / f"{name}.svg")
            # No date either: the same figures make the same file.
            figure.savefig(drawn[-1], metadata={"Date": None})
    return drawn


def _empty(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="major", alpha=0.3)
    return figure, axes


def main() -> None:
    """Draw what lies in a folder."""
    folder = Path(sys.argv[1])
    for path in draw(json.loads((folder / "bench.json").read_text()), folder):
        print(path)


if __name__ == "__main__":
    main()
