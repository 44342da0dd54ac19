"""Promise 2: one order, at every edge, and the same as that of acknowledgements."""

from collections.abc import Iterator
from itertools import pairwise

from tests.faults.highest import Highest
from tests.faults.parts import Channel
from tests.faults.timeline import Timeline
from tests.faults.violation import Violation


def check(timeline: Timeline) -> Iterator[Violation]:
    """Compare the edges' histories, the acknowledged times and the sequence of acknowledgements."""
    for channel in timeline.channels.values():
        yield from _edges_agree(channel)
        yield from _times_are_kept(timeline, channel)
        yield from _later_is_later(channel)


def _edges_agree(channel: Channel) -> Iterator[Violation]:
    first_edge = next(iter(channel.finals), "")
    for edge, kept in channel.finals.items():
        for earlier, later in pairwise(kept):
            if earlier.create_at >= later.create_at:
                text = f"{edge} shows {earlier.id} at {earlier.create_at} before {later.id} at {later.create_at}"
                yield Violation("reordered", text, 0, channel.id)
        if kept == channel.kept:
            continue
        for one, other in zip(channel.kept, kept, strict=False):
            if one != other:
                text = f"at the end {first_edge} shows {one} where {edge} shows {other}"
                yield Violation("reordered", text, 0, channel.id)
                break
        else:
            text = f"at the end {first_edge} shows {len(channel.kept)} posts and {edge} {len(kept)}"
            yield Violation("reordered", text, 0, channel.id)


def _times_are_kept(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    for op in channel.ops:
        if op.what == "post" and op.acked:
            post = channel.posts.get(op.value.id)
            if post is not None and post.create_at != op.value.at:
                text = f"post {post.id} was acknowledged at {op.value.at} and is kept at {post.create_at}"
                yield Violation("reordered", text, op.ended, channel.id, (op.number,))
    for stream in timeline.streams:
        for frame in stream.of_channel.get(channel.id, ()):
            if frame.event == "posted":
                post = channel.posts.get(frame.id)
                if post is not None and post.create_at != frame.changed:
                    text = f"{stream.name} told post {post.id} at {frame.changed}; it is kept at {post.create_at}"
                    yield Violation("reordered", text, frame.at, channel.id)


def _later_is_later(channel: Channel) -> Iterator[Violation]:
    """What began after something else was acknowledged has a later place."""
    # A reaction that was there already is answered with the earlier one's time.
    writes = [op for op in channel.ops if op.acked and op.what in ("post", "edit")]
    acknowledged = Highest((op.ended, op.value.at) for op in writes)
    for op in writes:
        before = acknowledged.before(op.began)
        if op.value.at <= before:
            text = f"a {op.what} got the place {op.value.at}, though {before:.0f} was acknowledged before it began"
            yield Violation("reordered", text, op.ended, channel.id, (op.number,))
