"""Calls of messaging: may a reader read a channel, and is what the edge has in hand still current?"""

import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from chorus.messaging.v1 import freshness_pb2, freshness_pb2_grpc
from services.chassis.batching import Batcher
from services.chassis.metrics import Metrics
from services.chassis.rpc.client import Peer
from services.chassis.tasks import Tasks
from services.edge.caller import Caller
from services.edge.clients.actor import actor

LANES: Final = 2
"""Batches under way at once, by channel: one that waits for a paused instance does not hold up every read."""

_ITEMS: Final = 256
_WAITING: Final = 2048
_SECONDS: Final = 4.0
"""For a primary that is away. When an instance stands still, Envoy asks another one long before (mesh-routes.yaml)."""


class ReadStanding(NamedTuple):
    """What the primary says of one reader and one channel."""

    allowed: bool
    """Whether the content may be read; False for a channel that doesn't exist."""
    seq: int
    """Of the channel's last committed event; 0 when it has none, or when the reader may not know."""
    incarnation: str
    """Of the log that the seq is of: a page is current if it was made at this seq under this incarnation."""
    emoji_seq: int
    """Of the last change of a custom emoji, for pages that show any, or might."""


class FreshnessClient:
    """What is asked before every read, together with whatever else waits."""

    def __init__(self, peer: Peer, tasks: Tasks, metrics: Metrics) -> None:
        """`peer` is messaging."""
        self._peer = peer
        self._freshness = freshness_pb2_grpc.FreshnessServiceStub(peer.channel)
        self._lanes: list[Batcher[freshness_pb2.ReadCheck, ReadStanding]] = [
            Batcher("check", self._send, tasks, metrics, max_items=_ITEMS, max_waiting=_WAITING) for _ in range(LANES)
        ]

    async def check(self, caller: Caller, channel_id: str) -> ReadStanding:
        """Return how the caller and the channel stand now. Raises unavailable without a primary, busy in a flood."""
        lane = self._lanes[zlib.crc32(channel_id.encode()) % LANES]
        return await lane.submit(freshness_pb2.ReadCheck(actor=actor(caller), channel_id=channel_id))

    async def _send(self, checks: Sequence[freshness_pb2.ReadCheck]) -> list[ReadStanding]:
        request = freshness_pb2.CheckRequest(checks=checks)
        answer = await self._peer.call(self._freshness.Check, request, seconds=_SECONDS)
        return [ReadStanding(one.allowed, one.seq, answer.incarnation, one.emoji_seq) for one in answer.standings]
