"""Pages of channels' histories, as bytes (DESIGN §5).

A page is kept with the seq that it shows. For whoever asks, the primary says, in one batch with all that wait, whether
they may read the channel and where it stands *now*: only a page of exactly that seq is handed out, so a kept page is as
fresh, and as private, as one that was just read. When it is behind, one of those who wait reads it for all.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from services.chassis.metrics import Metrics
from services.edge.caller import Caller
from services.edge.clients.freshness import ReadStanding

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all kept pages: some 2,000 of 60 posts."""

MAX_PAGE_BYTES: Final = 1024 * 1024
_ROUNDS: Final = 3
"""How often one waits for somebody else's reading before doing it oneself: in a channel that changes all the time, what
others read may never be what one is to be shown."""

Check = Callable[[Caller, str], Awaitable[ReadStanding]]


@dataclass(frozen=True, slots=True)
class EncodedPage:
    """A page as it is sent, and what it shows."""

    body: bytes
    tag: str
    """Of the content, for ETag: the same at every edge."""
    seq: int
    incarnation: str
    emoji_seq: int | None = None
    """Which change of a custom emoji was the last one that it shows; None when it can show none."""
    personal: bool = False
    """Whether another reader may be shown something else: then it is nobody's but whose it was read for."""

    @classmethod
    def of(
        cls, body: bytes, seq: int, incarnation: str, *, emoji_seq: int | None = None, personal: bool = False
    ) -> "EncodedPage":
        """Return an encoded page under its tag."""
        tag = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        return cls(body, tag, seq, incarnation, emoji_seq, personal)

    def is_of(self, standing: ReadStanding) -> bool:
        """Say whether it shows the channel, and the emoji in it, exactly as they stand."""
        return (
            self.seq == standing.seq
            and self.incarnation == standing.incarnation
            and self.emoji_seq in (None, standing.emoji_seq)
        )


class PageCache:
    """Kept pages by question; the same question of anybody has the same answer, as long as he may read the channel."""

    def __init__(self, check: Check, metrics: Metrics, *, max_bytes: int = MAX_BYTES) -> None:
        """`check` says how a reader and a channel stand, after it was asked."""
        self._check, self._max_bytes = check, max_bytes
        self._kept: OrderedDict[bytes, EncodedPage] = OrderedDict()
        self._bytes = 0
        self._flights: dict[bytes, asyncio.Future[None]] = {}
        results = metrics.counter(
            "edge_page_cache_total", "Pages asked for: kept, read by somebody else meanwhile, read.", ("result",)
        )
        self._hit, self._shared, self._miss = (results.labels(result) for result in ("hit", "shared", "miss"))

    async def get(
        self, caller: Caller, channel_id: str, question: bytes, read: Callable[[], Awaitable[EncodedPage]]
    ) -> EncodedPage:
        """Return the answer to a question about a channel; `read` asks messaging, which checks the permission itself.

        Raises permission_denied, and unavailable without a primary: what is kept answers for nobody then.
        """
        for _ in range(_ROUNDS):
            if question not in self._kept and question not in self._flights:
                break
            standing = await self._check(caller, channel_id)
            if not standing.allowed:
                return await read()  # which says why; what others read is nothing to this reader
            if page := self._current(question, standing):
                self._hit.inc()
                return page
            flight = self._flights.get(question)
            if flight is None:
                break
            await asyncio.wait({flight})
            if page := self._current(question, standing):
                self._shared.inc()
                return page
        self._miss.inc()
        return await self._read(question, read)

    def _current(self, question: bytes, standing: ReadStanding) -> EncodedPage | None:
        page = self._kept.get(question)
        if page is None or not page.is_of(standing):
            return None
        self._kept.move_to_end(question)
        return page

    async def _read(self, question: bytes, read: Callable[[], Awaitable[EncodedPage]]) -> EncodedPage:
        if question in self._flights:
            return await read()
        flight = self._flights[question] = asyncio.get_running_loop().create_future()
        try:
            page = await read()
            self._keep(question, page)
            return page
        finally:
            del self._flights[question]
            flight.set_result(None)

    def _keep(self, question: bytes, page: EncodedPage) -> None:
        known = self._kept.pop(question, None)
        if known is not None:
            self._bytes -= len(known.body)
        if page.personal or len(page.body) > MAX_PAGE_BYTES:
            return
        self._kept[question] = page
        self._bytes += len(page.body)
        while self._bytes > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
