"""One run of a cluster by one seed: what is done to it, and what must be true in the end."""

import json
import random
from itertools import count
from typing import Any

from chorus.common.v1 import events_pb2
from chorus.messaging.v1 import events_pb2 as messaging_pb2
from services.chassis.topics import channel_topic, user_topic
from tests.unit.edge.ws.cluster.clients import Client
from tests.unit.edge.ws.cluster.edges import Edge
from tests.unit.edge.ws.cluster.world import Bus, Log, Registry, Steps, Time
from tests.unit.edge.ws.sockets import entry, message, posted

TOWN, HALL = "town".ljust(26, "0"), "hall".ljust(26, "0")
ADA, BOB, CYD = (name.ljust(26, "0") for name in ("ada", "bob", "cyd"))
GOERS = {TOWN: BOB, HALL: CYD}
TROUBLE = 4.0
"""Seconds for which things break."""
REST = 12.0
"""Seconds after which all must be well again."""


class Schedule:
    """Three edges; ada is always in both channels, bob and cyd come and go."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._chance = random.Random(seed)
        self.time, self.log, self.registry = Time(calm_from=TROUBLE), Log(), Registry()
        self.log.members = {TOWN: {ADA, BOB}, HALL: {ADA, CYD}}
        for topic in (channel_topic(TOWN), channel_topic(HALL), *map(user_topic, (ADA, BOB, CYD))):
            self.log.topics[topic] = []
        self._bus = Bus(self.time, self._own())
        self._numbers = count(1)
        self.edges: dict[str, Edge] = {}
        self._all: list[Edge] = []
        for _ in range(3):
            self._start()
        self.clients = [Client(user, self.time, self.edges, self._own()) for user in (ADA, ADA, BOB, CYD)]
        for client in self.clients:
            self.time.spawn(client.live())
        self.time.spawn(self._write())
        self.time.spawn(self._break())

    def run(self) -> None:
        """Let it happen, and judge."""
        self.time.run(TROUBLE)
        for channel in (TOWN, HALL):  # the last words
            self._commit(posted(channel, self.log.next_seq(channel_topic(channel))))
        self.time.run(TROUBLE + REST)
        for client in self.clients:
            try:
                self._judge(client)
            except AssertionError as error:
                raise AssertionError(f"seed {self.seed}, {client.user_id.rstrip('0')}: {error}") from error

    # What happens.

    def _own(self) -> random.Random:
        return random.Random(self._chance.random())

    def _start(self) -> None:
        edge = Edge(f"edge-{next(self._numbers)}", self.time, self.log, self.registry, self._own())
        edge.others = self.edges
        self.edges[edge.name] = edge
        self._all.append(edge)

    def _commit(self, *entries: events_pb2.LogEntry) -> None:
        self.log.commit(*entries)
        for one in entries:
            self._bus.publish(message(one), list(self.edges.values()))

    def _write(self) -> Steps:
        pause = self._chance.choice((0.05, 0.15))
        while self.time.now < TROUBLE:
            yield self._chance.random() * 2 * pause
            channel = self._chance.choice((TOWN, HALL))
            if self._chance.random() < 0.15:
                self._come_or_go(channel, GOERS[channel])
            else:
                self._commit(posted(channel, self.log.next_seq(channel_topic(channel))))

    def _come_or_go(self, channel: str, user_id: str) -> None:
        """Two events of one transaction."""
        topic, own = channel_topic(channel), user_topic(user_id)
        seq, own_seq = self.log.next_seq(topic), self.log.next_seq(own)
        if user_id in self.log.members[channel]:
            self.log.members[channel].remove(user_id)
            removed = messaging_pb2.MemberRemoved(channel_id=channel, user_id=user_id, remover_id=ADA)
            left = messaging_pb2.ChannelLeft(channel_id=channel, channel_seq=seq)
            self._commit(entry(topic, seq, removed), entry(own, own_seq, left))
        else:
            self.log.members[channel].add(user_id)
            added = messaging_pb2.MemberAdded(channel_id=channel, user_id=user_id)
            joined = messaging_pb2.ChannelJoined(channel_id=channel, team_id="t", channel_type="O", channel_seq=seq)
            self._commit(entry(topic, seq, added), entry(own, own_seq, joined))

    def _break(self) -> Steps:
        while self.time.now < TROUBLE:
            yield self._chance.uniform(0.2, 1.6)
            edge = self._chance.choice(list(self.edges.values()))
            match self._chance.choice(("stand still", "crash", "drain", "nothing")):
                case "stand still":
                    edge.still_until = self.time.now + self._chance.choice((0.3, 1.5, 3.5))
                case "crash" if not edge.draining:
                    edge.dead = True
                    del self.edges[edge.name]
                    self._start()
                case "drain" if not edge.draining:
                    edge.draining = True
                    self._start()
                    self.time.spawn(self._drain(edge), edge)

    def _drain(self, edge: Edge) -> Steps:
        """Its clients are sent away, and the others come for their connections."""
        for stream in [edge.resumption.get(connection) for connection in edge.resumption.ids]:
            if stream is not None and stream.carrier is not None:
                stream.carrier.close("draining")
            yield self._chance.random() * 0.2
        yield 3.0
        edge.dead = True
        self.edges.pop(edge.name, None)

    # What must be true.

    def _judge(self, client: Client) -> None:
        assert client.connected, "it has no socket in the end"
        began = {connection: positions for edge in self._all for connection, positions in edge.began.items()}
        for connection, frames in [*client.past[1:], (client.connection_id, client.frames)]:
            for channel in (TOWN, HALL):
                said = [int(post["message"]) for post in _posts(frames) if post["channel_id"] == channel]
                topic = channel_topic(channel)
                after = began[connection].get(topic)
                everything = [one.seq for one in self.log.topics[topic] if one.kind == "post_created"]
                mine = self._visible(client.user_id, channel)
                assert said == sorted(set(said)), f"out of order or twice: {said}"
                assert set(said) <= mine, f"not for it: {set(said) - mine}"
                whole = connection == client.connection_id
                if client.user_id == ADA:
                    assert after is not None
                    due = [seq for seq in everything if seq > after]
                    assert said == (due if whole else due[: len(said)]), f"{said} of {due}"
                elif whole and client.user_id in self.log.members[channel]:
                    since = max(self._since(client.user_id, channel), after or 0)
                    assert [seq for seq in said if seq > since] == [seq for seq in everything if seq > since]

    def _visible(self, user_id: str, channel: str) -> set[int]:
        """The seqs of the posts between the user's comings and goings."""
        if user_id != ADA and user_id != GOERS[channel]:
            return set()
        member, seen = True, set()
        for one in self.log.topics[channel_topic(channel)]:
            if one.kind != "post_created":
                member = user_id == ADA or one.kind == "member_added"
            elif member:
                seen.add(one.seq)
        return seen

    def _since(self, user_id: str, channel: str) -> int:
        """The seq of the user's last coming."""
        comings = [one.seq for one in self.log.topics[channel_topic(channel)] if one.kind == "member_added"]
        return max(comings, default=0)


def _posts(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(frame["data"]["post"]) for frame in frames if frame["event"] == "posted"]
