"""Promise 6 by order: what is committed after a member's removal never reaches it, and it writes nothing more."""

from collections.abc import Iterator, Sequence
from math import inf

from tests.faults.parts import Channel, Event, Op, key_of
from tests.faults.timeline import Timeline
from tests.faults.violation import Violation


def check(timeline: Timeline) -> Iterator[Violation]:
    """Compare authors, sockets and readers with who was a member when."""
    for channel in timeline.channels.values():
        yield from _authors(timeline, channel)
        yield from _listeners(timeline, channel)
        yield from _readers(timeline, channel)


def _authors(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    for post in channel.kept:
        if not post.type and not channel.is_member(post.user, post.create_at):
            writer = timeline.writers.get(post.id)
            text = f"{timeline.name(post.user)} posted {post.id} at {post.create_at} without being a member"
            yield Violation(
                "leaked", text, writer.ended if writer else 0, channel.id, (writer.number,) if writer else ()
            )


def _listeners(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    for stream in timeline.streams:
        for frame in stream.of_channel.get(channel.id, ()):
            event = channel.events[channel.place[key_of(frame)]]
            if event.at < inf and not _may_see(channel, stream.client, event):
                text = f"{stream.name} told {timeline.name(stream.client)}, no member then, of {frame.event} {frame.id}"
                yield Violation("leaked", f"{text} at {event.at:.0f}", frame.at, channel.id)


def _may_see(channel: Channel, user: str, event: Event) -> bool:
    if channel.is_member(user, event.at):
        return True
    # What has no time of its own lies anywhere up to the next event, which may be in a window.
    place = channel.place[event.key]
    following = next((later for later in channel.events[place:] if not later.is_between), None)
    return event.is_between and (following is None or channel.is_member(user, following.at))


def _readers(timeline: Timeline, channel: Channel) -> Iterator[Violation]:
    """A reader who was surely out got nothing; one who was surely in was not refused."""
    moves: dict[str, list[Op]] = {}
    for op in channel.ops:
        if op.what in ("add", "remove"):
            moves.setdefault(op.args.user, []).append(op)
    for op in channel.ops:
        if op.what not in ("page", "thread", "post") or op.done is None:
            continue
        state = _state(moves.get(op.invoke.client, ()), op)
        if state == "remove" and op.acked:
            yield _about(timeline, channel, op, "leaked", "was answered, though its removal was acknowledged before")
        elif state == "add" and op.done.status == 403:
            yield _about(timeline, channel, op, "stale", "was refused, though its coming was acknowledged before")


def _state(moves: Sequence[Op], read: Op) -> str:
    """The last move, if it had ended before the read began and no other can have had effect since."""
    known = [move for move in moves if move.acked and move.ended < read.began]
    if not known:
        return ""
    last = max(known, key=lambda move: move.ended)
    doubtful = any(
        move is not last and move.effective and move.began < read.ended and move.settled > last.began for move in moves
    )
    return "" if doubtful else last.what


def _about(timeline: Timeline, channel: Channel, op: Op, kind: str, text: str) -> Violation:
    whole = f"a {op.what} by {timeline.name(op.invoke.client)} at {op.invoke.edge} {text}"
    return Violation("leaked" if kind == "leaked" else "stale", whole, op.ended, channel.id, (op.number,))
