"""A history put in order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

from tests.faults.channel_events import EventCollector
from tests.faults.history import Done, End, Fault, Frame, Invoke, Open, Person, Record
from tests.faults.parts import ABOUT_POSTS, COMES, GOES, Channel, Op, Stream, Window


@dataclass(slots=True)
class Timeline:
    """Everything that the checks look at."""

    ops: dict[int, Op] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    opens: dict[int, Open] = field(default_factory=dict)
    hellos: dict[int, float] = field(default_factory=dict)
    """When each socket was greeted."""
    writers: dict[str, Op] = field(default_factory=dict)
    """Post → the operation that made it."""

    def of(self, *what: str) -> Iterator[Op]:
        """The operations of these kinds, in the order in which they began."""
        return (op for op in self.ops.values() if op.what in what)

    def name(self, user: str) -> str:
        """How a person is called."""
        return self.people.get(user, user)


def build(records: Iterable[Record]) -> Timeline:
    """Put a history in order."""
    timeline = Timeline()
    streams = _Streams(timeline)
    for record in records:
        match record:
            case Person():
                timeline.people[record.id] = record.name
            case Invoke():
                timeline.ops[record.op] = Op(record)
            case Done():
                timeline.ops[record.op].done = record
            case Open():
                timeline.opens[record.socket] = record
            case Frame():
                streams.frame(record)
            case End():
                streams.end(record)
            case Fault():
                timeline.faults.append(record)
    _channels(timeline)
    for channel in timeline.channels.values():
        EventCollector(channel, timeline.streams, timeline.writers).collect()
    return timeline


class _Streams:
    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._by_connection: dict[str, Stream] = {}
        self._of_socket: dict[int, Stream] = {}

    def frame(self, frame: Frame) -> None:
        opened = self._timeline.opens[frame.socket]
        stream = self._of_socket.get(frame.socket)
        if frame.event == "hello":
            stream = Stream(frame.id, opened.client, opened.session, [opened.edge], opened.at, frame.at)
            self._by_connection[frame.id] = self._of_socket[frame.socket] = stream
            self._timeline.streams.append(stream)
            self._timeline.hellos[frame.socket] = frame.at
        elif stream is None:
            stream = self._of_socket[frame.socket] = self._by_connection[opened.resumes]
            stream.edges.append(opened.edge)
            stream.end = None
            self._timeline.hellos[frame.socket] = frame.at
        stream.frames.append(frame)
        if frame.event in ABOUT_POSTS:
            stream.of_channel.setdefault(frame.channel, []).append(frame)

    def end(self, end: End) -> None:
        self._timeline.ends.append(end)
        stream = self._of_socket.get(end.socket)
        if stream is not None and (not stream.frames or stream.frames[-1].socket == end.socket):
            stream.end = end


def _channels(timeline: Timeline) -> None:
    channels = timeline.channels
    for op in timeline.of("history"):
        if op.acked:
            channel = channels.setdefault(op.args.channel, Channel(op.args.channel))
            channel.finals[op.invoke.edge] = op.value.kept
            channel.reactions = op.value.reactions
    for op in timeline.ops.values():
        channel_id = op.value.id if op.what == "create" else op.args.channel
        if channel_id in channels:
            channels[channel_id].ops.append(op)
    for channel in channels.values():
        channel.posts = {post.id: post for post in channel.kept}
        channel.windows = _windows(channel)


def _windows(channel: Channel) -> dict[str, list[Window]]:
    """Who was a member when, by the channel's own notices."""
    since: dict[str, float] = {op.invoke.client: -inf for op in channel.ops if op.what == "create" and op.acked}
    windows: dict[str, list[Window]] = {}
    for post in channel.kept:
        if post.type in COMES:
            since.setdefault(getattr(post, COMES[post.type]), post.create_at)
        elif post.type in GOES:
            user = getattr(post, GOES[post.type])
            windows.setdefault(user, []).append(Window(since.pop(user, -inf), post.create_at))
    for user, start in since.items():
        windows.setdefault(user, []).append(Window(start, inf))
    return windows
