"""A channel's durable events, each with its place in the channel's time and the operation that made it."""

from collections.abc import Sequence
from itertools import accumulate
from math import inf

from tests.faults.history import Frame
from tests.faults.parts import COMES, GOES, Channel, Event, Key, Op, Stream, key_of


class EventCollector:
    """Collects them from what is kept, acknowledged and seen."""

    def __init__(self, channel: Channel, streams: Sequence[Stream], writers: dict[str, Op]) -> None:
        """Who made which post is noted in `writers`."""
        self._channel, self._streams, self._writers = channel, streams, writers
        self._found: dict[Key, Event] = {}

    def collect(self) -> None:
        """Put the events into the channel, in its order."""
        channel = self._channel
        tokens = {op.args.token: op for op in channel.ops if op.what in ("post", "edit") and op.args.token}
        self._from_operations()
        moved = self._movers()
        for post in channel.kept:
            self._writer(post.id, tokens.get(post.token))
            self._note("posted", post.id, post.create_at, self._writers.get(post.id, moved.get(post.id)))
            if post.edit_at:
                self._note("post_edited", post.id, post.edit_at, tokens.get(post.token), changed=post.edit_at)
        for reacted in channel.reactions:
            self._note("reaction_added", reacted.post, reacted.at, None, reacted.user, reacted.emoji, reacted.at)
        self._from_frames(tokens)
        channel.events = sorted(self._found.values(), key=lambda event: event.at)
        channel.place = {event.key: place for place, event in enumerate(channel.events)}
        channel.begun = list(accumulate((event.began for event in channel.events), max))

    def _from_operations(self) -> None:
        # A reaction that is acknowledged may be an earlier one's, which nobody was answered.
        unsure = {
            (op.args.post, op.invoke.client, op.args.emoji)
            for op in self._channel.ops
            if op.what == "react" and not op.acked and not op.refused
        }
        for op in self._channel.ops:
            if not op.acked:
                continue
            value, args = op.value, op.args
            if op.what == "post":
                self._writer(value.id, op)
                self._note("posted", value.id, value.at, op)
            elif op.what == "edit":
                self._note("post_edited", args.post, value.at, op, changed=value.at)
            elif op.what == "react":
                doubtful = (args.post, op.invoke.client, args.emoji) in unsure
                by = None if doubtful else op
                self._note("reaction_added", args.post, value.at, by, op.invoke.client, args.emoji, value.at)
            elif op.what == "delete":
                post = self._channel.posts.get(args.post)
                if post is not None and post.delete_at:
                    self._note("post_deleted", args.post, post.delete_at, op)

    def _movers(self) -> dict[str, Op]:
        """Notice → the first operation that can have made it: every coming and going takes one of its own."""
        moved: dict[str, Op] = {}
        for what, kinds in (("add", COMES), ("remove", GOES)):
            moves: dict[str, list[Op]] = {}
            for op in self._channel.ops:
                if op.what == what and op.effective:
                    moves.setdefault(op.args.user, []).append(op)
            for post in self._channel.kept:
                left = moves.get(getattr(post, kinds[post.type]), []) if post.type in kinds else []
                if left:
                    moved[post.id] = left[0]
                    if left[0].settled == left[0].ended:  # else it may make another one
                        del left[0]
        return moved

    def _from_frames(self, tokens: dict[str, Op]) -> None:
        between: dict[Key, tuple[float, float]] = {}
        for stream in self._streams:
            last, waiting = -inf, list[Key]()
            for frame in stream.of_channel.get(self._channel.id, ()):
                key = key_of(frame)
                if frame.event == "reaction_removed":
                    low, high = between.get(key, (-inf, inf))
                    between[key] = (max(low, last), high)
                    waiting.append(key)
                    continue
                if key not in self._found:
                    self._from_frame(frame, key, tokens)
                at = self._found[key].at
                for earlier in waiting:
                    low, high = between[earlier]
                    between[earlier] = (low, min(high, at))
                last, waiting = at, []
        for key, (low, _) in between.items():
            self._found[key] = Event(low + 0.5, key, -inf, inf, 0)

    def _from_frame(self, frame: Frame, key: Key, tokens: dict[str, Op]) -> None:
        at: float = frame.changed
        if frame.event == "post_deleted":
            post = self._channel.posts.get(frame.id)
            at = post.delete_at if post is not None and post.delete_at else inf
        op = tokens.get(frame.token)
        if frame.event == "posted":
            self._writer(frame.id, op)
        self._found[key] = Event(at, key, op.began if op is not None else -inf, inf, op.number if op is not None else 0)

    def _writer(self, post: str, op: Op | None) -> None:
        if op is not None and op.what == "post":
            self._writers.setdefault(post, op)

    def _note(
        self, name: str, post: str, at: float, op: Op | None, user: str = "", emoji: str = "", changed: int = 0
    ) -> None:
        key = (name, post, user, emoji, changed)
        known = self._found.get(key)
        began = op.began if op is not None else -inf
        acked = op.ended if op is not None and op.acked and op.what not in ("add", "remove") else inf
        if known is None:
            self._found[key] = Event(at, key, began, acked, op.number if op is not None else 0)
        elif op is not None and began < known.began:
            self._found[key] = known._replace(began=began, acked=min(acked, known.acked), op=op.number)
