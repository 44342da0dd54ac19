"""Promise 4: on every socket every event, in order, no gap, no duplicate, for as long as it or its resumption lives."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from math import inf

from tests.faults.history import SETTLED
from tests.faults.parts import Channel, Event, Stream, Window, key_of
from tests.faults.timeline import Timeline
from tests.faults.violation import Kind, Violation


def check(timeline: Timeline) -> Iterator[Violation]:
    """Compare what each socket told with the channels' durable order."""
    for stream in timeline.streams:
        yield from _numbers(stream)
        for channel in timeline.channels.values():
            seen = set[int]()
            yield from _told(stream, channel, seen)
            for window in channel.windows.get(stream.client, ()):
                yield from _gaps(stream, channel, window, seen)


def _numbers(stream: Stream) -> Iterator[Violation]:
    expected = 0
    for frame in stream.frames:
        if frame.seq != expected:
            text = f"{stream.name}: number {frame.seq} ({frame.event}) came where {expected} belongs"
            yield Violation("lost" if frame.seq > expected else "duplicated", text, frame.at)
        expected = frame.seq + 1


def _told(stream: Stream, channel: Channel, seen: set[int]) -> Iterator[Violation]:
    """Look at what came, and note it in `seen`."""
    last: Event | None = None
    for frame in stream.of_channel.get(channel.id, ()):
        place = channel.place[key_of(frame)]
        event = channel.events[place]
        if place in seen:
            yield _about(stream, channel, "duplicated", frame.at, event, "came twice")
            continue
        seen.add(place)
        if event.acked < stream.opened:
            yield _about(stream, channel, "duplicated", frame.at, event, "was acknowledged before the socket was begun")
        if event.at == inf or (frame.event == "posted" and frame.id not in channel.posts):
            yield _about(stream, channel, "lost", frame.at, event, "was told and is not in the history")
        elif last is not None and event.at < last.at:
            yield _about(stream, channel, "reordered", frame.at, event, f"came after {_say(last)}")
        else:
            last = event


def _gaps(stream: Stream, channel: Channel, window: Window, seen: Collection[int]) -> Iterator[Violation]:
    """In a time of membership the events seen are all from the first that must come to the last that did.

    A removal may cut the end of its window short, since it may be known before what came earlier.
    """
    events = channel.events
    first, after = _between(events, window)
    here = [place for place in seen if first <= place < after]
    # Once an event began after the hello, it and all behind it are behind the socket's baseline.
    must = max(first, bisect_right(channel.begun, stream.hello))
    start = min([must, *here])
    whole = stream.end is not None and stream.end.how == SETTLED and window.end == inf
    last = max(here, default=-1)
    end = after if whole else last + 1
    for place in range(start, end):
        if place not in seen and not _may_lie_outside(events, place, start, end):
            how = "never came, though all had come to rest" if place > last else "was left out"
            yield _about(stream, channel, "lost", stream.until, events[place], how)


def _between(events: Sequence[Event], window: Window) -> tuple[int, int]:
    first = 0 if window.start == -inf else bisect_left(events, window.start, key=lambda event: event.at)
    after = len(events) if window.end == inf else bisect_left(events, window.end, key=lambda event: event.at)
    return first, after


def _may_lie_outside(events: Sequence[Event], place: int, start: int, end: int) -> bool:
    """An event of which only the neighbours are known may be on the other side of the first or the last one."""
    if not events[place].is_between:
        return False
    return all(event.is_between for event in events[start:place]) or all(
        event.is_between for event in events[place + 1 : end]
    )


def _say(event: Event) -> str:
    name, post, *_ = event.key
    return f"{name} {post} at {event.at:.0f}"


def _about(stream: Stream, channel: Channel, kind: Kind, at: float, event: Event, text: str) -> Violation:
    ops = (event.op,) if event.op else ()
    return Violation(kind, f"{stream.name}: {_say(event)} {text}", at, channel.id, ops)
