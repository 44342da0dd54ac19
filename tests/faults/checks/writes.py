"""Promises 1 and 3: every acknowledged write is there, and once; what was refused is not."""

from collections import Counter
from collections.abc import Iterator
from math import inf

from tests.faults.parts import Channel, Op
from tests.faults.timeline import Timeline
from tests.faults.violation import Kind, Violation


def check(timeline: Timeline) -> Iterator[Violation]:
    """Compare what was acknowledged with what is kept in the end, at each edge."""
    for channel in timeline.channels.values():
        yield from _posts(timeline, channel)
        yield from _edits(channel)
        yield from _deletes(timeline, channel)
        yield from _reactions(channel)
        yield from _threads(channel)


def _posts(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    acked = {op.value.id: op for op in channel.ops if op.what == "post" and op.acked}
    for edge, kept in channel.finals.items():
        there = {post.id for post in kept}
        for post_id, op in acked.items():
            if post_id not in there:
                yield _wrong(
                    channel, "lost", f"post {post_id} was acknowledged and is not in the history at {edge}", op
                )
        for post_id, times in Counter(post.id for post in kept).items():
            if times > 1:
                yield Violation("duplicated", f"{edge} shows post {post_id} {times} times", 0, channel.id)
    writers: dict[int, str] = {}
    for post in channel.kept:
        if post.id not in timeline.writers:
            continue
        op = timeline.writers[post.id]
        if op.refused:
            yield _wrong(channel, "duplicated", f"post {post.id} was refused and is there all the same", op)
        other = writers.setdefault(op.number, post.id)
        if other != post.id:
            yield _wrong(channel, "duplicated", f"one write made the posts {other} and {post.id}", op)
        if op.acked and op.value.id != post.id:
            yield _wrong(channel, "duplicated", f"a write was answered {op.value.id} and made {post.id} too", op)


def _edits(channel: Channel) -> Iterator[Violation]:
    tokens = {op.args.token: op for op in channel.ops if op.what in ("post", "edit")}
    for op in channel.ops:
        if op.what != "edit" or not op.acked:
            continue
        post = channel.posts.get(op.args.post)
        if post is None:
            continue  # its creation is what was lost
        if post.edit_at < op.value.edit_at:
            text = (
                f"post {post.id} was edited at {op.value.edit_at}, acknowledged, and was last edited at {post.edit_at}"
            )
            yield _wrong(channel, "lost", text, op)
        elif post.edit_at == op.value.edit_at and post.token != op.args.token:
            yield _wrong(channel, "lost", f"post {post.id} shows the text {post.token!r} and not the last one's", op)
    for post in channel.kept:
        last = tokens.get(post.token)
        if last is not None and last.what == "edit" and last.refused:
            yield _wrong(channel, "duplicated", f"post {post.id} shows the text of a refused edit", last)


def _deletes(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    tried: dict[str, Op] = {}
    for op in channel.ops:
        if op.what != "delete":
            continue
        if op.effective:
            tried.setdefault(op.args.post, op)
        post = channel.posts.get(op.args.post)
        if op.acked and post is not None and not post.delete_at:
            yield _wrong(channel, "lost", f"post {post.id} was deleted, acknowledged, and is alive", op)
    for post in channel.kept:
        if post.delete_at and post.id not in tried and post.root not in tried:
            writer = timeline.writers.get(post.id)
            text = f"post {post.id} is deleted, and nobody tried to"
            yield Violation("lost", text, 0, channel.id, (writer.number,) if writer else ())


def _reactions(channel: Channel) -> Iterator[Violation]:
    present = {(one.post, one.user, one.emoji) for one in channel.reactions}
    last: dict[tuple[str, str, str], Op] = {}
    unsure: dict[tuple[str, str, str], float] = {}
    for op in channel.ops:
        if op.what not in ("react", "unreact") or op.refused:
            continue
        key = (op.args.post, op.invoke.client, op.args.emoji)
        if op.settled > op.ended:
            unsure[key] = inf
        else:
            last[key] = op
    for key, op in last.items():
        post = channel.posts.get(key[0])
        if key in unsure or post is None or post.delete_at:
            continue
        if (key in present) != (op.what == "react"):
            state = "there" if key in present else "not there"
            yield _wrong(channel, "lost", f"the reaction {key[2]} to {key[0]} is {state} after the last {op.what}", op)


def _threads(channel: Channel) -> Iterator[Violation]:
    replies = Counter(post.root for post in channel.kept if post.root and not post.delete_at)
    for post in channel.kept:
        if not post.root and not post.delete_at and post.reply_count != replies[post.id]:
            text = f"thread {post.id} counts {post.reply_count} replies and has {replies[post.id]}"
            yield Violation("lost", text, 0, channel.id)


def _wrong(channel: Channel, kind: Kind, text: str, op: Op) -> Violation:
    return Violation(kind, text, op.ended, channel.id, (op.number,))
