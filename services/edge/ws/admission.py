"""What a new socket needs to know before its hello: its topics and their positions, read for many sockets at once."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.chassis.batching import Batcher
from services.chassis.errors import DomainError
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.chassis.topics import cluster_topic, user_topic
from services.edge.ws import collaborators
from services.edge.ws.follower import Follower
from services.edge.ws.metrics import SocketMetrics
from services.edge.ws.recent import Recent

_AT_ONCE: Final = 256
_WAITING: Final = 20_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where a user's topics are. `mark` is the place in `Recent` from before they were read."""

    positions: Mapping[str, int]
    incarnations: Mapping[str, str]
    mark: int


class BaselineReader:
    """Baselines in batches: first a mark in the stream, then the snapshot; what lies between is in neither lost."""

    def __init__(
        self,
        messaging: collaborators.Baselines,
        auth_log: collaborators.EventLogs,
        recent: Recent,
        follower: Follower,
        tasks: Tasks,
        metrics: Metrics,
        counted: SocketMetrics,
    ) -> None:
        """auth's topics are the same for everybody, so its log is asked directly."""
        self._messaging, self._auth_log, self._recent, self._follower = messaging, auth_log, recent, follower
        self._counted = counted
        self._batcher: Batcher[str, Baseline] = Batcher(
            "baselines", self._read, tasks, metrics, max_items=_AT_ONCE, max_waiting=_WAITING
        )

    async def read(self, user_id: str) -> Baseline:
        """Return a user's baseline. Raises DomainError."""
        return await self._batcher.submit(user_id)

    async def _read(self, user_ids: Sequence[str]) -> Sequence[Baseline | DomainError]:
        try:
            await self._follower.positioned()
            mark = self._recent.mark()
            wanted = list(dict.fromkeys(user_ids))
            cluster = cluster_topic("auth")
            answer, auth = await asyncio.gather(
                self._messaging.baselines(wanted),
                self._auth_log.current_seqs([cluster, *(user_topic(user_id, "auth") for user_id in wanted)]),
            )
        except DomainError:
            self._counted.baselines.labels("failed").inc()
            raise
        self._counted.baselines.labels("read").inc()
        incarnations = {"messaging": answer.incarnation, "auth": auth.incarnation}
        positions = {position.topic: position.seq for position in auth.seqs}
        read: dict[str, Baseline] = {}
        for user_id, baseline in zip(wanted, answer.baselines, strict=True):
            topics = {position.topic: position.seq for position in baseline.topics}
            own = user_topic(user_id, "auth")
            topics |= {cluster: positions[cluster], own: positions[own]}
            read[user_id] = Baseline(topics, incarnations, mark)
        return [read[user_id] for user_id in user_ids]
