"""Posts and pages: as many as go, in turns with the machine's own limits."""

from collections.abc import Iterable

from tests.load import limits
from tests.load.phases import Phase, typical
from tests.load.stage import Stage

_WARM_UP = ("ping", "post", "read")


def warm_up(stage: Stage) -> None:
    """Make people, channels and a page of posts in each, and use everything a little."""
    stage.progress("people, channels, a page of posts in each")
    stage.generator.ask("setup", 0)
    stage.progress("warm-up")
    for name in _WARM_UP:
        stage.generator.ask(name, stage.plan.warm_up)


def posts_and_pages(stage: Stage) -> None:
    """Every round: bare requests, one post at a time, many, pages, pages beside writers; rows, commits, entries."""
    plan, sheet, mesh = stage.plan, stage.sheet, stage.mesh
    rows, commits, entries = [], [], []
    for turn in range(plan.rounds):
        stage.progress(f"posts and pages, round {turn + 1} of {plan.rounds}")
        stage.run("ping", plan.phase / 2)
        stage.run("idle", plan.phase)
        stage.run("post", plan.phase / 2, keep="alone", workers=1)
        if mesh is not None:
            rates, commit = limits.rows_per_second(mesh, plan.limit)
            rows.append(rates[limits.ROWS])
            commits.append(commit)
        stage.run("post", plan.phase)
        stage.run("read", plan.phase)
        stage.run("beside", plan.phase)
        if mesh is not None:
            entries.append(limits.entries_per_second(mesh, plan.limit))
    for key, name in (("ping_s", "ping"), ("posts_1_s", "alone"), ("posts_s", "post"), ("pages_s", "read")):
        sheet.put(key, rate(sheet.phases[name]))
    sheet.put("pages_beside_s", rate(sheet.phases["beside"]))
    sheet.put("cache_hits", figure(sheet.phases["beside"], "cache_hits"))
    sheet.put("idle_p50_ms", figure(sheet.phases["idle"], "p50_ms"))
    for key, values in (("rows_s", rows), ("commit_ms", commits), ("xadd_s", entries)):
        sheet.put(key, typical(values))
    if rows:
        sheet.put("posts_share", sheet.found["posts_s"] / sheet.found["rows_s"])


def by_batch(stage: Stage) -> None:
    """Posts a second by how many are under way, beside rows a second by how many are in a transaction."""
    plan = stage.plan
    stage.progress("posts by how many are under way")
    posts = []
    for workers in plan.under_way:
        done = stage.run("post", plan.phase / 2, keep=f"post by {workers}", workers=workers)
        posts.append(
            {"under_way": workers, "rate_s": done.rate, "cpu_us": done.cpu_us(), "p50_ms": done.figures["p50_ms"]}
        )
    stage.sheet.told["by_batch"] = {"posts": posts}
    if stage.mesh is not None:
        rates, _ = limits.rows_per_second(stage.mesh, plan.limit / 2, plan.under_way)
        stage.sheet.told["by_batch"]["rows"] = [{"rows": size, "rate_s": rate} for size, rate in rates.items()]


def rate(rounds: Iterable[Phase]) -> float | None:
    """Units a second, typically."""
    return typical(one.rate for one in rounds)


def figure(rounds: Iterable[Phase], name: str) -> float | None:
    """A figure of the load, typically."""
    return typical(one.figures.get(name) for one in rounds)
