"""The delivery core: what comes from the bus and the logs goes to the sockets that may see it, in order and once.

No I/O: it is driven by `follower.py`, asks for what is missing by `fetches`, and takes time as an argument. It knows
the few kinds of events that change who listens to what: joins apply in order; removals apply on arrival too, since
they only narrow (DESIGN §4 "Membership").
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chorus.auth.v1 import events_pb2 as auth_pb2
from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from services.chassis.bus import BusMessage
from services.chassis.topics import channel_topic, team_topic
from services.edge.dialect.events import EventFrames
from services.edge.dialect.frames import Event, Standing
from services.edge.ws.hub import CatchingUp, Hub, Listeners, Socket
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.ordering import Deliver, Foreign, Hold, Ordering, Repair
from services.edge.ws.recent import Recent

LogEntry = events_pb2.LogEntry

_NARROWING: Final = frozenset(
    {"member_removed", "channel_left", "team_left", "team_member_removed", "sessions_revoked"}
)
_OF_ROLES: Final = frozenset({"user_updated", "roles_changed"})
_ANY_SEQ: Final = 2**62
_WIDENING: Final = frozenset({"channel_joined", "team_joined"})


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Events of the past that some sockets lack and the others have: ask the log for them."""

    topic: str
    after: int
    upto: int
    sockets: frozenset[Socket]


Fetch = Repair | CatchUp


@dataclass(slots=True)
class Wanted:
    """What the logs must be asked for."""

    fetches: list[Fetch] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)
    """Logs that seem to have another incarnation."""


def log_of(topic: str) -> str:
    """Return the log that a topic is of."""
    return topic.partition("/")[0]


class Delivery:
    """The topics that have sockets here, in order."""

    def __init__(self, hub: Hub, frames: EventFrames, logs: Iterable[str], metrics: SocketMetrics) -> None:
        """`logs` are the names that topics start with."""
        self.hub = hub
        self.orderings: dict[str, Ordering[LogEntry]] = {log: Ordering() for log in logs}
        self.recent = Recent()
        self._frames = frames
        self._metrics = metrics
        self._wanted = Wanted()

    def take(self, message: BusMessage, now: float) -> Iterator[None]:
        """Hand on a message of the bus; exhaust the iterator before anything else comes in."""
        if message.seq:
            self.recent.append(message)
        listeners = self.hub.listeners(message.topic)
        if listeners is None:
            return
        entry = LogEntry.FromString(message.data)
        if message.seq:
            yield from self._accept(entry, now)
        elif (event := self._frames.decode(entry)) is not None:
            for frame in self._frames.of(event):
                yield from self.hub.fan_out(listeners, 0, frame)

    def admit(
        self,
        socket: Socket,
        positions: Mapping[str, int],
        incarnations: Mapping[str, str],
        mark: int,
        now: float,
        *,
        reached: Mapping[str, int] | None = None,
    ) -> None:
        """Let a socket, which has its hello, listen to topics from the positions of its baseline on.

        `mark` is the place in `recent` from before the baseline was read: what came since is handed over here. A
        socket that goes on from another edge listens to what it has `reached` so far, as far as the baseline still
        has it, and from there on; what else the baseline has is behind events that the socket still gets. Not to be
        called during a fan-out.
        """
        for log, incarnation in incarnations.items():
            self._check(log, incarnation)
        gap = not self.recent.has_all_since(mark)
        fresh: list[tuple[str, int]] = []
        pasts: list[tuple[Listeners, list[LogEntry]]] = []
        # Channels before the user's own topic, which tells of leaving and of coming again: first what lies before that.
        for topic, known in sorted(positions.items(), key=_is_users):
            ordering = self.orderings.get(log_of(topic))
            seq = known if reached is None else reached.get(topic)
            if ordering is None or seq is None:
                continue
            listeners = self.hub.listeners(topic)
            if listeners is None:
                ordering.track(topic, seq, now, unsure=gap or self.recent.between(topic, seq, known) is None)
                fresh.append((topic, seq))
                self.hub.subscribe(socket, topic, seq)
            elif listeners.position <= seq:
                self.hub.subscribe(socket, topic, seq)
                ordering.heard(topic, max(seq, known), now)
            elif (past := self._past(ordering, topic, seq, listeners.position)) is not None:
                pasts.append((self.hub.subscribe(socket, topic, listeners.position), past))
            else:
                self._catch_up(socket, topic, seq, listeners)
        for listeners, past in pasts:
            self._replay(socket, listeners, past, now)
        for topic, seq in fresh:
            for message in tuple(self.recent.of(topic)):
                if message.seq > seq and not message.data:
                    self.orderings[log_of(topic)].heard(topic, message.seq, now)
                elif message.seq > seq:
                    for _ in self._accept(LogEntry.FromString(message.data), now):
                        pass  # nobody else listens to it yet

    def positions(self, socket: Socket) -> dict[str, int]:
        """Return how far the socket is in each of its topics. Not to be asked during a fan-out."""
        return self.hub.positions(socket)

    def incarnations(self) -> dict[str, str]:
        """Return the incarnation of each log, empty where none was heard of."""
        return {log: ordering.incarnation for log, ordering in self.orderings.items()}

    def attend(self, socket: Socket, present: bool) -> None:
        """Count the socket's user as here or not."""
        self.hub.attend(socket, present)

    def leave(self, socket: Socket) -> None:
        """Forget a socket."""
        for topic in self.hub.leave(socket):
            self._forget(topic)

    def wanted(self, now: float) -> Wanted:
        """Return what is to be asked for now; each fetch is answered by `fetched`, `failed` or `truncated`."""
        wanted, self._wanted = self._wanted, Wanted()
        for ordering in self.orderings.values():
            wanted.fetches.extend(ordering.due(now))
        return wanted

    def fetched(self, fetch: Fetch, entries: Sequence[LogEntry], now: float, *, complete: bool) -> Iterator[None]:
        """Hand on what the log had; not `complete` if its answer was cut off."""
        if isinstance(fetch, Repair):
            for entry in entries:
                yield from self._accept(entry, now)
            self.orderings[log_of(fetch.topic)].repaired(fetch, now, complete=complete)
            return
        listeners = self.hub.listeners(fetch.topic)
        for socket in self._waiting_for(fetch):
            if listeners is None:
                return
            waiting = listeners.catching[socket]
            self._replay(socket, listeners, [e for e in entries if fetch.after < e.seq <= fetch.upto], now)
            if listeners.catching.get(socket) is not waiting:  # an event of the past took it out
                continue
            if (last := entries[-1].seq if entries else fetch.after) < fetch.upto:
                waiting.after = last
                self._wanted.fetches.append(CatchUp(fetch.topic, last, fetch.upto, frozenset({socket})))
            else:
                self._replay(socket, listeners, listeners.catching.pop(socket).held, now)

    def failed(self, fetch: Fetch, now: float) -> None:
        """The log did not answer: a repair is tried again, sockets that lack their past are closed."""
        if isinstance(fetch, Repair):
            self.orderings[log_of(fetch.topic)].failed(fetch, now)
        else:
            self._close(self._waiting_for(fetch), "log_away")

    def truncated(self, fetch: Fetch) -> None:
        """The log no longer has it: the sockets concerned are closed, and their clients read everything anew."""
        if isinstance(fetch, Repair):
            self.close_topic(fetch.topic, "log_truncated")
        else:
            self._close(self._waiting_for(fetch), "log_truncated")

    def _waiting_for(self, fetch: CatchUp) -> list[Socket]:
        """Return the sockets that still wait for this past: one may have left, and come again for another."""
        listeners = self.hub.listeners(fetch.topic)
        if listeners is None:
            return []
        waits = ((socket, listeners.catching.get(socket)) for socket in fetch.sockets)
        return [socket for socket, waiting in waits if waiting is not None and waiting.after == fetch.after]

    def changed(self, log: str, seqs: Mapping[str, int], incarnation: str, now: float) -> None:
        """Take a log's word on how far its topics are.

        It says so once. Somebody whose baseline is older may be about to listen to what nobody listens to yet.
        """
        if self._check(log, incarnation):
            ordering = self.orderings[log]
            for topic, seq in seqs.items():
                if topic in ordering:
                    ordering.heard(topic, seq, now)
                else:
                    self.recent.told(topic, seq)

    def adopt(self, log: str, incarnation: str, seqs: Mapping[str, int], now: float) -> None:
        """Compare with a log's new incarnation; where this edge is ahead of it, sockets are closed."""
        self.recent.clear()
        for topic in self.orderings[log].adopt(incarnation, seqs, now):
            self.close_topic(topic, "log_incarnation")

    def close_topic(self, topic: str, cause: str) -> None:
        """Close all sockets of a topic."""
        if (listeners := self.hub.listeners(topic)) is not None:
            self._close(tuple(listeners.sockets), cause)

    def _check(self, log: str, incarnation: str) -> bool:
        ordering = self.orderings[log]
        ordering.incarnation = ordering.incarnation or incarnation
        if incarnation == ordering.incarnation:
            return True
        self._wanted.foreign.add(log)
        return False

    def _accept(self, entry: LogEntry, now: float) -> Iterator[None]:
        topic = entry.topic
        listeners, ordering = self.hub.listeners(topic), self.orderings.get(log_of(topic))
        if listeners is None or ordering is None:
            return
        match ordering.accept(topic, entry.seq, entry, entry.incarnation, now):
            case Deliver(events):
                for following in events:
                    yield from self._deliver(listeners, following, now)
            case Hold():
                if entry.kind in _NARROWING and (event := self._frames.decode(entry)) is not None:
                    self._narrow(listeners, event)
            case Repair() as repair:
                self._wanted.fetches.append(repair)
            case Foreign():
                self._wanted.foreign.add(log_of(topic))
            case _:
                self._metrics.dropped.labels("duplicate").inc()

    def _deliver(self, listeners: Listeners, entry: LogEntry, now: float) -> Iterator[None]:
        listeners.position = entry.seq
        if listeners.catching:
            self.hub.hold_back(listeners, entry)
        if (event := self._frames.decode(entry)) is not None:
            self._metrics.events.labels(event.kind).inc()
            if event.kind in _NARROWING:
                self._narrow(listeners, event)
            elif event.kind in _OF_ROLES:
                self._follow_roles(event)
            for frame in self._frames.of(event):
                yield from self.hub.fan_out(listeners, entry.seq, frame)
            if event.kind in _WIDENING:
                for socket in tuple(listeners.sockets):
                    if listeners.wants(socket, entry.seq) and socket not in listeners.catching:
                        self._widen(socket, event, now)
        if listeners.floors:
            for socket in [s for s, floor in listeners.floors.items() if floor <= entry.seq]:
                del listeners.floors[socket]

    def _replay(self, socket: Socket, listeners: Listeners, entries: Iterable[LogEntry], now: float) -> None:
        """Hand one socket what the others had before it came."""
        for entry in entries:
            event = self._frames.decode(entry)
            if event is None:
                continue
            self._narrow_one(socket, event)
            if socket not in listeners.sockets:
                return
            for frame in self._frames.of(event):
                self.hub.hand(socket, frame)
            if event.kind in _WIDENING:
                self._widen(socket, event, now)

    def _widen(self, socket: Socket, event: Event, now: float) -> None:
        """Start the topic that the user came into behind the seq of the coming."""
        match event.body:
            case messaging_pb2.ChannelJoined() as joined:
                topic, seq = channel_topic(joined.channel_id), joined.channel_seq
            case messaging_pb2.TeamJoined() as joined_team:
                topic, seq = team_topic(joined_team.team_id), joined_team.team_seq
            case _:
                return
        if self.hub.listens(socket, topic):
            return
        listeners = self.hub.listeners(topic)
        if listeners is None:
            self.orderings[log_of(topic)].track(topic, seq, now, unsure=True)
            self.hub.subscribe(socket, topic, seq)
        elif listeners.position <= seq:
            self.hub.subscribe(socket, topic, seq)
        else:
            self._catch_up(socket, topic, seq, listeners)

    def _catch_up(self, socket: Socket, topic: str, after: int, listeners: Listeners) -> None:
        self.hub.subscribe(socket, topic, listeners.position)
        listeners.catching[socket] = CatchingUp(after)
        self._wanted.fetches.append(CatchUp(topic, after, listeners.position, frozenset({socket})))

    def _narrow(self, listeners: Listeners, event: Event) -> None:
        """Take away what the event ends, from those who did not come after it."""
        match event.body:
            case messaging_pb2.MemberRemoved() | messaging_pb2.TeamMemberRemoved() as removed:
                concerned = self.hub.sockets_of(removed.user_id)
            case _:
                concerned = tuple(listeners.sockets)
        for socket in concerned:
            if listeners.wants(socket, event.seq):
                self._narrow_one(socket, event)

    def _narrow_one(self, socket: Socket, event: Event) -> None:
        match event.body:
            case messaging_pb2.MemberRemoved() | messaging_pb2.TeamMemberRemoved() as removed:
                if removed.user_id == socket.user_id:
                    self._unsubscribe(socket, event.topic)
            case messaging_pb2.ChannelLeft() as left:
                topic = channel_topic(left.channel_id)
                listeners = self.hub.listeners(topic)
                if listeners is not None and listeners.wants(socket, left.channel_seq or _ANY_SEQ):
                    self._unsubscribe(socket, topic)
            case messaging_pb2.TeamLeft() as left_team:
                self._unsubscribe(socket, team_topic(left_team.team_id))
            case auth_pb2.SessionsRevoked() as revoked:
                if not revoked.session_ids or socket.session_id in revoked.session_ids:
                    socket.close("revoked")
            case _:
                pass

    def _follow_roles(self, event: Event) -> None:
        match event.body:
            case auth_pb2.UserUpdated() as updated:
                user_id, roles = updated.user.id, updated.user.roles
            case auth_pb2.RolesChanged() as changed:
                user_id, roles = changed.user_id, changed.roles
            case _:
                return
        standing = Standing.of(roles)
        for socket in self.hub.sockets_of(user_id):
            socket.standing = standing

    def _past(self, ordering: Ordering[LogEntry], topic: str, after: int, upto: int) -> list[LogEntry] | None:
        """Return a topic's events of the past if all of them are at hand, and of the log that there is now."""
        found = self.recent.between(topic, after, upto)
        past = None if found is None else [LogEntry.FromString(message.data) for message in found]
        if past is None or any(entry.incarnation != ordering.incarnation for entry in past):
            return None
        return past

    def _unsubscribe(self, socket: Socket, topic: str) -> None:
        if self.hub.unsubscribe(socket, topic):
            self._forget(topic)

    def _forget(self, topic: str) -> None:
        if (ordering := self.orderings.get(log_of(topic))) is not None:
            ordering.forget(topic)

    def _close(self, sockets: Iterable[Socket], cause: str) -> None:
        for socket in tuple(sockets):
            socket.close(cause)


def _is_users(position: tuple[str, int]) -> bool:
    return position[0].partition("/")[2].startswith("user:")
