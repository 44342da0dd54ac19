"""Promise 5: every read is fresh, and reads of one channel never go backwards, whoever reads where.

A channel's time is its version: every change has a place of its own. What a read shows and what it leaves out bounds
the version that it was made of; that version must be at least every one that was acknowledged, or shown by another
read, before the read began. Reads are taken in the order in which they ended, each as the lowest version that it can
be: if that is impossible, no order of the reads explains what they showed.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from math import inf

from tests.faults.highest import Highest
from tests.faults.history import Kept, Reacted, Shown
from tests.faults.parts import Channel, Op
from tests.faults.timeline import Timeline
from tests.faults.violation import Violation


def check(timeline: Timeline) -> Iterator[Violation]:
    """Find reads that no version of their channel explains."""
    for channel in timeline.channels.values():
        yield from _Reads(channel).check()


@dataclass(slots=True)
class _Bounds:
    """Which versions a read can have been made of: low ≤ version < high, and outside of the gaps."""

    low: float
    high: float = inf
    why_low: str = ""
    why_high: str = ""

    def at_least(self, version: float, why: str) -> None:
        if version > self.low:
            self.low, self.why_low = version, why

    def below(self, version: float, why: str) -> None:
        if version < self.high:
            self.high, self.why_high = version, why


class _Reads:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._acked = Highest(
            (op.ended, self._version_of(op))
            for op in channel.ops
            if op.acked and op.what in ("post", "edit", "react", "delete")
        )
        self._by_time = sorted(channel.posts.values(), key=lambda post: post.create_at)
        self._threads: dict[str, list[Kept]] = defaultdict(list)
        for post in self._by_time:
            self._threads[post.root or post.id].append(post)
        self._changes: dict[str, list[int]] = defaultdict(list)
        for event in channel.events:
            if not event.is_between and event.at < inf:
                self._changes[event.key[1]].append(int(event.at))
        self._deleting = self._first_deletes()
        self._gone = self._taken_back()

    def check(self) -> Iterator[Violation]:
        """Take the reads in the order in which they ended."""
        shown = Highest(())
        reads = [op for op in self._channel.ops if op.what in ("page", "thread") and op.done is not None]
        for op in sorted(reads, key=lambda op: op.ended):
            if op.acked:
                bounds = _Bounds(max(self._acked.before(op.began), shown.before(op.began)))
                before = bounds.low
                self._bound(op, bounds)
                if bounds.low >= bounds.high:
                    yield self._stale(op, bounds, before)
                else:
                    shown.add(op.ended, bounds.low)
                yield from self._reactions(op)
            elif op.what == "thread" and op.done is not None and op.done.status == 404:
                yield from self._missing_thread(op)

    def _version_of(self, op: Op) -> float:
        if op.what == "delete":
            post = self._channel.posts.get(op.args.post)
            return post.delete_at or -inf if post is not None else -inf
        return op.value.at

    def _first_deletes(self) -> dict[str, float]:
        first: dict[str, float] = {}
        for op in self._channel.ops:
            if op.what == "delete":
                first[op.args.post] = min(op.began, first.get(op.args.post, inf))
        return first

    def _taken_back(self) -> dict[Reacted, float]:
        """When it was acknowledged that a reaction is no more."""
        latest: dict[tuple[str, str, str], int] = {}
        gone: dict[Reacted, float] = {}
        for op in self._channel.ops:  # a client works on one reaction at a time
            key = (op.args.post, op.invoke.client, op.args.emoji)
            if op.what == "react" and op.acked:
                latest[key] = op.value.at
            elif op.what == "unreact" and op.acked and key in latest:
                gone.setdefault(Reacted(*key, latest[key]), op.ended)
        return gone

    def _bound(self, op: Op, bounds: _Bounds) -> None:
        shown = {post.id for post in op.value.posts}
        for one in op.value.posts:
            self._bound_by_shown(one, bounds, is_since=op.args.kind == "since")
        if op.args.kind == "since":
            self._bound_by_unchanged(op, shown, bounds)
            return
        # Before a post came or after it went. They are in the order of their coming: the first that can still come
        # later says all that the following ones could.
        for post in self._candidates(op):
            if post.id in shown:
                continue
            went = self._deleted_for(post, op)
            if bounds.low < post.create_at or went == inf:
                bounds.below(post.create_at, f"post {post.id} of {post.create_at} is not in it")
                return
            bounds.at_least(went, f"post {post.id}, deleted at {went:.0f}, is not in it any more")

    def _bound_by_unchanged(self, op: Op, shown: Collection[str], bounds: _Bounds) -> None:
        events = self._channel.events
        first = bisect_right(events, float(op.args.anchor), key=lambda event: event.at)
        for event in islice(events, first, None):
            post = event.key[1]
            if not event.is_between and event.at < inf and post not in shown:
                bounds.below(event.at, f"post {post}, changed at {event.at:.0f}, is not in it")
                return

    def _bound_by_shown(self, post: Shown, bounds: _Bounds, *, is_since: bool) -> None:
        bounds.at_least(post.update_at, f"it shows post {post.id} as of {post.update_at}")
        kept = self._channel.posts.get(post.id)
        if kept is not None and kept.delete_at and not is_since:
            bounds.below(kept.delete_at, f"post {post.id}, deleted at {kept.delete_at}, is in it")
        change = self._first_change(post.id, post.update_at)
        if change < inf:
            bounds.below(change, f"post {post.id} shows its state of {post.update_at}")

    def _first_change(self, post: str, after: float) -> float:
        changes = self._changes.get(post, [])
        place = bisect_right(changes, after)
        return changes[place] if place < len(changes) else inf

    def _deleted_for(self, post: Kept, op: Op) -> float:
        """When the post went, if that can have been before the read's answer."""
        began = min(self._deleting.get(post.id, inf), self._deleting.get(post.root, inf) if post.root else inf)
        return post.delete_at if post.delete_at and began < op.ended else inf

    def _candidates(self, op: Op) -> Iterable[Kept]:
        """The posts that belong into the answer if they were there, in the order of their coming."""
        args, shown = op.args, op.value.posts
        if op.what == "thread":
            return self._threads.get(args.root, ())
        times = [post.create_at for post in shown]
        full = len(shown) >= args.limit
        low: float = min(times) if full else 0
        high = inf
        if args.kind == "before":
            high = args.anchor - 1
        elif args.kind == "after":
            low, high = args.anchor + 1, max(times) if full else inf
        first = bisect_left(self._by_time, low, key=lambda post: post.create_at)
        return takewhile(lambda post: post.create_at <= high, islice(self._by_time, first, None))

    def _reactions(self, op: Op) -> Iterator[Violation]:
        for reacted in op.value.reactions:
            if self._gone.get(reacted, inf) < op.began:
                text = (
                    f"shows the reaction {reacted.emoji} to {reacted.post}, whose end was acknowledged before it began"
                )
                yield Violation(
                    "stale", f"a {op.what} at {op.invoke.edge} {text}", op.ended, self._channel.id, (op.number,)
                )

    def _missing_thread(self, op: Op) -> Iterator[Violation]:
        post = self._channel.posts.get(op.args.root)
        if post is None or self._deleted_for(post, op) < inf or post.create_at > self._acked.before(op.began):
            return
        text = f"a thread at {op.invoke.edge}: 404 for post {post.id}, which was there before it began"
        yield Violation("stale", text, op.ended, self._channel.id, (op.number,))

    def _stale(self, op: Op, bounds: _Bounds, before: float) -> Violation:
        what = f"a {op.args.kind or op.what} at {op.invoke.edge}"
        least = "was acknowledged or shown before it began" if bounds.low == before else bounds.why_low
        text = f"{what} is older than {bounds.high:.0f}, since {bounds.why_high}; yet {bounds.low:.0f} {least}"
        return Violation("stale", text, op.ended, self._channel.id, (op.number,))
