"""What the bench finds out, figure by figure, beside what is aimed at and what the machine can at most. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is to reach, or to stay within."""

    bound: float
    at_least: bool

    def met(self, found: float) -> bool:
        """Whether it does."""
        return found >= self.bound if self.at_least else found <= self.bound


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure."""

    key: str
    words: str
    unit: str
    """`/s`, `ms`, `%` (of 1), `×`, `KiB`, `MiB`, `µs`, or nothing for a count."""
    target: Target | None = None
    limit: str = ""
    """The key of what bounds it on this machine."""
    limit_words: str = ""


def _at_least(bound: float) -> Target:
    return Target(bound, at_least=True)


def _at_most(bound: float) -> Target:
    return Target(bound, at_least=False)


MEASURES: tuple[Measure, ...] = (
    Measure("posts_s", "posts, 32 at a time", "/s", _at_least(2000), "rows_s", "rows committed"),
    Measure("posts_share", "posts, of the rows that one connection commits", "%", _at_least(0.15)),
    Measure("posts_1_s", "posts, one at a time", "/s"),
    Measure("pages_s", "pages of 60 posts", "/s", _at_least(3000), "ping_s", "bare requests"),
    Measure("pages_beside_s", "pages beside 20 posts/s into them", "/s", _at_least(3000), "ping_s", "bare requests"),
    Measure("cache_hits", "… of which the edges had kept", "%"),
    Measure("deliveries_few_s", "deliveries to 200 sockets", "/s", _at_least(80_000), "sends_few_s", "C sends"),
    Measure("deliveries_many_s", "deliveries to 1,000 sockets", "/s", _at_least(80_000), "sends_many_s", "C sends"),
    Measure("sends_of_limit", "deliveries a CPU second of the edge, as C's sends", "×", _at_least(0.9)),
    Measure("coalescing", "… gained when posts come together", "×"),
    Measure("paced_p50_ms", "delivery at 20 posts/s to 200 sockets, p50", "ms", _at_most(8)),
    Measure("paced_p99_ms", "… p99", "ms", _at_most(15)),
    Measure("idle_p50_ms", "one post through an idle mesh, p50", "ms", _at_most(4), "commit_ms", "one commit"),
    Measure("edge_socket_kib", "memory of an idle socket, edge", "KiB", _at_most(24)),
    Measure("socket_kib", "… with Envoy", "KiB", _at_most(64)),
    Measure("held", "sockets held on one edge", "", _at_least(10_000)),
    Measure("idle_cpu", "idle mesh, CPU of one core", "%", _at_most(0.02)),
    Measure("idle_mib", "idle mesh, memory of all processes", "MiB", _at_most(1024)),
    Measure("growth_posts", "posts/s at the most posts in a channel, of those at the fewest", "×", _at_least(0.9)),
    Measure("growth_members", "posts/s at the most members, of those at the fewest", "×", _at_least(0.9)),
    Measure("growth_sockets", "CPU a delivery to the most sockets, of that to a hundred", "×", _at_most(1.1)),
    Measure("edges_post", "two edges, of one, by CPU a post", "×", _at_least(1.8)),
    Measure("edges_page", "… a page", "×", _at_least(1.8)),
    Measure("edges_delivery", "… a delivery", "×", _at_least(1.8)),
    Measure("boot_ms", "boot of a client, server time in all", "ms"),
    Measure("boot_wall_ms", "… one request after another, as the client sees it", "ms"),
    Measure("boot_cpu_ms", "… CPU of all processes", "ms"),
    Measure("day_page_p99_ms", "a busy day: page, p99", "ms"),
    Measure("day_post_p99_ms", "… post, p99", "ms"),
    Measure("day_delivery_p99_ms", "… delivery, p99", "ms"),
    Measure("day_return_p99_ms", "… a socket that comes again, p99", "ms"),
    Measure("storm_s", "an edge is killed: until all its sockets live again", "s"),
    Measure("storm_slowest_ms", "… the slowest request meanwhile", "ms"),
    Measure("peer_posts_s", "the peer: posts", "/s"),
    Measure("peer_posts", "… of them this mesh's", "×"),
    Measure("peer_pages_s", "the peer: pages of 60", "/s"),
    Measure("peer_pages", "… of them this mesh's", "×"),
    Measure("peer_deliveries_s", "the peer: deliveries to 200", "/s"),
    Measure("peer_deliveries", "… of them this mesh's", "×"),
    Measure("peer_p50_ms", "the peer: delivery at 20 posts/s, p50", "ms"),
    Measure("peer_of_p50_ms", "… of it this mesh's", "×"),
    Measure("peer_p99_ms", "the peer: delivery at 20 posts/s, p99", "ms"),
    Measure("peer_of_p99_ms", "… of it this mesh's", "×"),
    Measure("ping_s", "the machine: bare requests", "/s"),
    Measure("rows_s", "the machine: rows committed, 128 a time", "/s"),
    Measure("commit_ms", "the machine: a commit of one row, p50", "ms"),
    Measure("xadd_s", "the machine: entries into a stream, 100 a time", "/s"),
    Measure("sends_few_s", "the machine: C sends to 200 sockets", "/s"),
    Measure("sends_many_s", "the machine: C sends to 1,000 sockets", "/s"),
    Measure("send_us", "the machine: CPU of one C send to 1,000 sockets", "µs"),
)
"""Every figure that a run may find, in the order of the table."""


def table(found: Mapping[str, float]) -> Table:
    """What was found, beside what it is to be, for a terminal."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("")
    for title in ("found", "target", ""):
        drawn.add_column(title, justify="right" if title else "left", no_wrap=True)
    drawn.add_column("the machine's limit")
    drawn.add_column("of it", justify="right", no_wrap=True)
    for one in MEASURES:
        if one.key not in found:
            continue
        value = found[one.key]
        beside = found.get(one.limit)
        drawn.add_row(
            one.words,
            shown(value, one.unit),
            f"{'≥' if one.target.at_least else '≤'} {_bound(one.target.bound, one.unit)}" if one.target else "",
            "" if one.target is None else "✓" if one.target.met(value) else "[bold]missed[/]",
            f"{one.limit_words} {shown(beside, one.unit)}" if beside else "",
            _share(value, beside, one.unit) if beside else "",
        )
    return drawn


def as_json(found: Mapping[str, float]) -> dict[str, Any]:
    """Each figure with its target, for machines; shares and ratios are of 1."""
    return {
        one.key: {
            "found": found[one.key],
            **({"target": one.target.bound, "met": one.target.met(found[one.key])} if one.target else {}),
            **({"of_limit": found[one.key] / found[one.limit]} if found.get(one.limit) else {}),
        }
        for one in MEASURES
        if one.key in found
    }


def missed(found: Mapping[str, float]) -> Sequence[Measure]:
    """Those whose target was not met."""
    return [one for one in MEASURES if one.key in found and one.target and not one.target.met(found[one.key])]


def shown(value: float, unit: str) -> str:
    """A figure with its unit, with as many digits as say something."""
    if unit == "%":
        return f"{value:.1%}"
    digits = 0 if value >= 100 or unit in ("", "/s") else 1 if value >= 10 else 2
    number = f"{value:,.{digits}f}"
    return number if not unit else f"{number}{unit}" if unit in ("/s",) else f"{number} {unit}"


def _bound(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.0%}"
    return f"{value:,g}" if value < 1000 else f"{value:,.0f}"


def _share(value: float, limit: float, unit: str) -> str:
    return f"{value / limit:.1f} ×" if unit == "ms" else f"{value / limit:.1%}"
