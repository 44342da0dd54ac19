"""The table: what the mesh did, beside what the machine can, and what each unit cost. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

COLUMNS = ("edge", "messaging", "envoy", "postgres", "redis")
"""Groups of processes with a column of their own; the others are summed up as `rest`."""


_BUSY = 0.15
"""Share of all cores: an idle mesh takes a few hundredths."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What came of one phase."""

    figures: Mapping[str, Any]
    """As the load said it."""
    cpu: Mapping[str, float]
    """CPU seconds that each group of processes spent in it; empty when they are not ours to look at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the machine can; None where that could not be measured."""

    rows: float | None = None
    """Committed rows a second."""
    commit_ms: float | None = None
    """Median of a transaction of one row."""
    entries: float | None = None
    """XADD a second."""
    sends: float | None = None
    """Frames a second."""


def better(one: Limits, other: Limits) -> Limits:
    """The best of both, limit by limit."""
    return Limits(
        rows=_extreme(max, one.rows, other.rows),
        commit_ms=_extreme(min, one.commit_ms, other.commit_ms),
        entries=_extreme(max, one.entries, other.entries),
        sends=_extreme(max, one.sends, other.sends),
    )


def _extreme(choose: Callable[[list[float]], float], *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    rate: float | None = None
    """A second."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    limit: str = ""
    """What it is compared with, and how much of that there is."""
    share: float | None = None
    """Of the limit: 1 is as good as the machine; for a latency, how many times the limit it is."""
    cpu_us: Mapping[str, float] = field(default_factory=dict)
    """Microseconds of each group for one unit."""


def quantile_ms(ordered: Sequence[float], share: float) -> float | None:
    """The value in milliseconds that this share of the sorted seconds does not exceed; None for no values."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def rate(phase: Phase) -> float:
    """Units a second."""
    seconds = float(phase.figures["seconds"])
    return float(phase.figures["done"]) / seconds if seconds else 0.0


def ratio(part: float | None, whole: float | None) -> float | None:
    """part ÷ whole, where both are known and there is something to divide by."""
    return part / whole if part is not None and whole else None


def cpu_per_unit(phase: Phase) -> dict[str, float]:
    """Microseconds of each column's processes for one unit; `rest` is everything that has no column."""
    done = phase.figures["done"]
    if not done or not phase.cpu:
        return {}
    each = {name: phase.cpu.get(name, 0.0) for name in COLUMNS}
    each["rest"] = sum(phase.cpu.values()) - sum(each.values())
    return {name: seconds / done * 1e6 for name, seconds in each.items()}


def rows(phases: Mapping[str, Phase], limits: Limits) -> list[Row]:
    """The table's lines, for the phases that there are."""
    ping = rate(phases["ping"]) if "ping" in phases else None
    lines = [
        _line(phases, "post", "posts", "rows committed", limits.rows),
        _line(phases, "read", "pages of 60 posts", "bare requests", ping),
        _line(phases, "beside", "pages beside 20 posts/s", "bare requests", ping),
        _line(phases, "fanout", "deliveries", "C sends", limits.sends),
        _line(phases, "paced", "deliveries at 20 posts/s"),
        _idle(phases, limits.commit_ms),
        _line(phases, "ping", "bare requests"),
        Row("rows committed, 128 a time", limits.rows) if limits.rows else None,
        Row("commits of one row", ratio(1e3, limits.commit_ms), limits.commit_ms) if limits.commit_ms else None,
        Row("entries into a stream, 100 a time", limits.entries) if limits.entries else None,
        Row("C sends", limits.sends) if limits.sends else None,
    ]
    return [line for line in lines if line is not None]


def _line(phases: Mapping[str, Phase], name: str, what: str, limit: str = "", most: float | None = None) -> Row | None:
    if name not in phases:
        return None
    phase = phases[name]
    figures, done = phase.figures, rate(phase)
    compared = f"{limit} {most:,.0f}/s" if most else ""
    return Row(what, done, figures["p50_ms"], figures["p99_ms"], compared, ratio(done, most), cpu_per_unit(phase))


def _idle(phases: Mapping[str, Phase], commit_ms: float | None) -> Row | None:
    if "idle" not in phases:
        return None
    figures = phases["idle"].figures
    compared = f"one commit {commit_ms:.2f} ms" if commit_ms else ""
    share = ratio(figures["p50_ms"], commit_ms)
    # No CPU here: what an idle mesh does by itself would count as the price of a few posts.
    return Row("one post, idle mesh", None, figures["p50_ms"], figures["p99_ms"], compared, share)


def table(lines: Sequence[Row]) -> Table:
    """The lines for a terminal."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("")
    for title in ("a second", "p50 ms", "p99 ms"):
        drawn.add_column(title, justify="right", no_wrap=True)
    drawn.add_column("the machine's limit")
    drawn.add_column("of it", justify="right", no_wrap=True)
    groups = [*COLUMNS, "rest"] if any(line.cpu_us for line in lines) else []
    for name in groups:
        drawn.add_column(f"{name}\nµs", justify="right", no_wrap=True, style="dim")
    for line in lines:
        drawn.add_row(
            line.what,
            "" if line.rate is None else f"{line.rate:,.0f}",
            _ms(line.p50_ms),
            _ms(line.p99_ms),
            line.limit,
            "" if line.share is None else f"{line.share:.1%}" if line.rate is not None else f"{line.share:.1f} ×",
            *(f"{line.cpu_us[name]:,.1f}" if name in line.cpu_us else "" for name in groups),
        )
    return drawn


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def remarks(phases: Mapping[str, Phase], limits: Limits, facts: Mapping[str, Any]) -> list[str]:
    """What a reader has to know about the figures: failures, lost deliveries, a machine or load that was the limit."""
    found = []
    if facts.get("busy_before", 0) > _BUSY:
        found.append(
            f"{facts['busy_before']:.0%} of the machine was busy before this began: it can more than this says"
        )
    for name, phase in phases.items():
        figures = phase.figures
        if figures.get("failures"):
            found.append(f"{name}: requests failed: {figures['failures']}")
        if figures.get("done", 0) != figures.get("expected", figures.get("done", 0)):
            found.append(f"{name}: {figures['done']:,} deliveries, expected {figures['expected']:,}")
        if figures.get("misnumbered") or figures.get("closed"):
            found.append(f"{name}: {figures['misnumbered']} frames misnumbered, {figures['closed']} sockets closed")
        if "cache_hits" in figures:
            found.append(f"{name}: {figures['cache_hits']:.1%} of the pages came from the edges' caches")
        busy = ratio(figures.get("generator_cpu"), figures.get("seconds")) or 0.0
        if busy > 0.9:
            found.append(f"{name}: the load itself kept {busy:.0%} of a core busy, and may have been the limit")
    if limits.sends is None:
        found.append("no C compiler (cc): the limit of sends was left out")
    return found


def as_json(
    phases: Mapping[str, Phase], limits: Limits, memory: Mapping[str, float], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything, for machines. Rates are a second, `share` as in the table, memory in KiB a socket."""
    return {
        **facts,
        "limits": {
            "rows_s": limits.rows,
            "commit_p50_ms": limits.commit_ms,
            "xadd_s": limits.entries,
            "sends_s": limits.sends,
        },
        "measures": [
            {
                "what": line.what,
                "rate_s": line.rate,
                "p50_ms": line.p50_ms,
                "p99_ms": line.p99_ms,
                "share": line.share,
                "cpu_us": dict(line.cpu_us),
            }
            for line in rows(phases, limits)
        ],
        "kib_per_socket": dict(memory),
        "phases": {name: {**phase.figures, "cpu_seconds": dict(phase.cpu)} for name, phase in phases.items()},
        "remarks": remarks(phases, limits, facts),
    }
