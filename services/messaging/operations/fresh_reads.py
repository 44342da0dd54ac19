"""Who may answer a read of one channel (DESIGN §5).

A read must show what was acknowledged before it began, and nothing that nobody was answered yet. So the primary tells
whether the reader may and at which seq the channel stands (`freshness.py`); then a replica may answer if its snapshot
shows the channel at *exactly* that seq, and the custom emoji that it names likewise. Lower is stale; higher may be a
commit that is still waiting to be acknowledged, which a standby shows before the primary does. Otherwise the primary
answers.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from services.chassis.clock import Clock
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.messaging.domain.access import READ_CONTENT
from services.messaging.operations.adornments import Behind
from services.messaging.operations.freshness import Freshness
from services.messaging.store import history as store

T = TypeVar("T")

DOWN_SECONDS: Final = 1.0
"""How long a replica that was away is left alone; then one read tries it, for all."""

PATIENCE_SECONDS: Final = 1.0
"""How long a replica may take, at most twice: to give a connection, and to answer. It costs latency and no more."""


class View(NamedTuple):
    """What the snapshot of a read shows, or has to show."""

    seq: int
    """Of the channel."""
    emoji_seq: int | None = None
    """Of the custom emoji; None for whatever it shows, since it is the primary's. See `adorned`."""


class FreshReads:
    """Reads of one channel, from whoever can prove to be fresh."""

    def __init__(
        self, primary: Database, replicas: Sequence[Database], freshness: Freshness, clock: Clock, metrics: Metrics
    ) -> None:
        """Prefer `replicas`, in turn; each is left alone for a moment after it was away."""
        self._primary, self._replicas, self._freshness, self._clock = primary, replicas, freshness, clock
        self._down_until: dict[str, float] = {}
        self._turn = 0
        served = metrics.counter(
            "messaging_reads_total", "Reads of one channel, by who answered and why.", ("server", "why")
        )
        self._by_replica = served.labels("replica", "fresh")
        self._by_primary = {why: served.labels("primary", why) for why in ("behind", "away", "none")}

    async def of_channel(
        self,
        channel_id: str,
        user_id: str,
        roles: Sequence[str],
        read: Callable[[Transaction, View], Awaitable[T]],
    ) -> T:
        """Return what `read(snapshot, view)` answers; it may raise Behind.

        Raises channel_not_found, permission_denied.
        """
        standing = await self._freshness.standing(user_id, channel_id)
        if standing.access is None:
            raise DomainError(Reason.CHANNEL_NOT_FOUND)
        if not standing.access.may(READ_CONTENT, roles):
            raise DomainError(Reason.PERMISSION_DENIED, permission=READ_CONTENT)

        async def fresh(tx: Transaction) -> tuple[bool, T | None]:
            if await store.seq(tx, channel_id) != standing.seq:
                return False, None
            try:
                return True, await read(tx, View(standing.seq, standing.emoji_seq))
            except Behind:
                return False, None

        replica, why = self._next_replica(), "none"
        if replica is not None:
            try:
                is_fresh, answer = await replica.snapshot(fresh, patience=PATIENCE_SECONDS)
            except DomainError as error:
                if error.reason is not Reason.UNAVAILABLE:
                    self._down_until.pop(replica.name, None)
                    self._by_replica.inc()
                    raise
                self._down_until[replica.name] = self._clock.monotonic() + DOWN_SECONDS
                why = "away"
            else:
                self._down_until.pop(replica.name, None)
                if is_fresh:
                    self._by_replica.inc()
                    return answer  # type: ignore[return-value]  # set when fresh
                why = "behind"
        self._by_primary[why].inc()

        async def current(tx: Transaction) -> T:
            return await read(tx, View(await store.seq(tx, channel_id)))

        return await self._primary.snapshot(current)

    def _next_replica(self) -> Database | None:
        now = self._clock.monotonic()
        for _ in self._replicas:
            self._turn = (self._turn + 1) % len(self._replicas)
            replica = self._replicas[self._turn]
            until = self._down_until.get(replica.name)
            if until is None:
                return replica
            if until <= now:
                self._down_until[replica.name] = now + DOWN_SECONDS  # this read tries, for all
                return replica
        return None
