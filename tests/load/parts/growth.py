"""Whether a post costs the same in a channel with a thousand posts and with a million, with ten members and 100,000."""

from collections.abc import Mapping, Sequence

from tests.load import filling
from tests.load.phases import Phase, typical
from tests.load.stage import Stage

_MOST = 2_000
"""Posts into one channel at a time: it takes about 1,000 a second for long, and refuses once it is 2 s of them ahead
(messaging's MAX_AHEAD_MS). While the others have their turns it is caught up with."""


def by_posts(stage: Stage) -> None:
    """Posts into channels that hold more and more of them."""
    sizes = stage.plan.posts
    _grow(stage, "posts", sizes, [40] * len(sizes))


def by_members(stage: Stage) -> None:
    """Posts into channels with more and more members."""
    sizes = stage.plan.members
    _grow(stage, "members", sizes, sizes)


def _grow(stage: Stage, what: str, sizes: Sequence[int], members: Sequence[int]) -> None:
    """Make a channel of each size, then take turns: what the machine does besides hits all sizes."""
    if stage.mesh is None:
        return
    stage.progress(f"channels with {sizes[0]:,} to {sizes[-1]:,} {what}")
    made = stage.run("rooms", members=list(members)).figures
    channels, first = made["ids"], made["rooms"] - len(sizes)
    with filling.connect(stage.mesh) as database:
        for channel, size in zip(channels, sizes, strict=True):
            (filling.posts if what == "posts" else filling.members)(database, channel, size)
        filling.settle(database)
    for turn in range(stage.plan.rounds):
        stage.progress(f"by {what}, round {turn + 1} of {stage.plan.rounds}")
        for number, size in enumerate(sizes):
            stage.run("post", stage.plan.phase / 2, keep=f"post by {size} {what}", most=_MOST, room=first + number)
    phases = stage.sheet.phases
    rows = []
    for size in sizes:
        rounds = phases[f"post by {size} {what}"]
        rows.append(
            {
                what: size,
                "rate_s": typical(one.rate for one in rounds),
                "cpu_us": typical(one.cpu_us() for one in rounds),
                "p50_ms": typical(one.figures["p50_ms"] for one in rounds),
            }
        )
    stage.sheet.told[f"by_{what}"] = rows
    stage.sheet.put(f"growth_{what}", typical(_of_first(phases, what, sizes)))


def _of_first(phases: Mapping[str, Sequence[Phase]], what: str, sizes: Sequence[int]) -> list[float]:
    """Round by round, the rate at the largest size as a share of that at the smallest."""
    few, many = (phases[f"post by {size} {what}"] for size in (sizes[0], sizes[-1]))
    return [late.rate / early.rate for early, late in zip(few, many, strict=True) if early.rate]
