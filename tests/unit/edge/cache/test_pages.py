"""A kept page is handed out only to whom the primary allows it, and only while it shows what is."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.edge.cache.pages import EncodedPage, PageCache
from services.edge.caller import Caller
from services.edge.clients.freshness import ReadStanding

CHANNEL, QUESTION = "c" * 26, b"page 0"
ADA, ALAN = Caller("ada", "s1", ()), Caller("alan", "s2", ())


class Primary:
    """A channel: where it stands, who may read it, and what was asked."""

    def __init__(self) -> None:
        self.seq, self.incarnation = 1, "one"
        self.readers = {"ada", "alan"}
        self.reads = 0
        self.hold: asyncio.Event | None = None
        self.away = False
        self.personal = False
        self.emoji_seq, self.names_emoji = 1, False

    async def check(self, caller: Caller, channel_id: str) -> ReadStanding:
        if self.away:
            raise DomainError(Reason.UNAVAILABLE, part="database messaging")
        await asyncio.sleep(0)
        return ReadStanding(caller.user_id in self.readers, self.seq, self.incarnation, self.emoji_seq)

    def reading(self, caller: Caller) -> Callable[[], Awaitable[EncodedPage]]:
        async def read() -> EncodedPage:
            self.reads += 1
            seq, incarnation = self.seq, self.incarnation
            if caller.user_id not in self.readers:
                raise DomainError(Reason.PERMISSION_DENIED, permission="read_channel_content")
            if self.hold is not None:
                await self.hold.wait()
            shown = f"for {caller.user_id}" if self.personal else f"{incarnation} {seq}"
            emoji_seq = self.emoji_seq if self.names_emoji else None
            return EncodedPage.of(shown.encode(), seq, incarnation, emoji_seq=emoji_seq, personal=self.personal)

        return read


@pytest.fixture
def primary() -> Primary:
    return Primary()


@pytest.fixture
def pages(primary: Primary) -> PageCache:
    return PageCache(primary.check, Metrics("test"), max_bytes=20)


async def ask(pages: PageCache, primary: Primary, caller: Caller = ADA, question: bytes = QUESTION) -> bytes:
    return (await pages.get(caller, CHANNEL, question, primary.reading(caller))).body


async def test_what_did_not_change_is_read_once_for_everybody(pages: PageCache, primary: Primary) -> None:
    assert [await ask(pages, primary, who) for who in (ADA, ALAN, ADA)] == [b"one 1"] * 3
    assert primary.reads == 1


async def test_what_changed_is_read_anew(pages: PageCache, primary: Primary) -> None:
    await ask(pages, primary)
    primary.seq = 2
    assert await ask(pages, primary, ALAN) == b"one 2"


async def test_another_log_at_the_same_seq_is_another_history(pages: PageCache, primary: Primary) -> None:
    await ask(pages, primary)
    primary.incarnation = "two"
    assert await ask(pages, primary) == b"two 1"


async def test_who_may_not_read_gets_nothing_that_is_kept(pages: PageCache, primary: Primary) -> None:
    await ask(pages, primary)
    primary.readers.discard("alan")
    with pytest.raises(DomainError) as refused:
        await ask(pages, primary, ALAN)
    assert refused.value.reason is Reason.PERMISSION_DENIED


async def test_without_a_primary_nothing_that_is_kept_is_handed_out(pages: PageCache, primary: Primary) -> None:
    await ask(pages, primary)
    primary.away = True
    with pytest.raises(DomainError) as refused:
        await ask(pages, primary)
    assert refused.value.reason is Reason.UNAVAILABLE


async def test_those_who_miss_together_read_once(pages: PageCache, primary: Primary) -> None:
    primary.hold = asyncio.Event()
    asking = [asyncio.create_task(ask(pages, primary, who)) for who in (ADA, ALAN) * 8]
    for _ in range(20):
        await asyncio.sleep(0)
    primary.hold.set()
    assert await asyncio.gather(*asking) == [b"one 1"] * 16
    assert primary.reads == 1


async def test_what_somebody_reads_for_all_is_not_shown_to_whom_it_came_too_early_or_too_late(
    pages: PageCache, primary: Primary
) -> None:
    primary.hold = asyncio.Event()
    early = asyncio.create_task(ask(pages, primary))
    await asyncio.sleep(0)
    primary.seq = 2  # acknowledged before the next one asks
    late = asyncio.create_task(ask(pages, primary, ALAN))
    for _ in range(20):
        await asyncio.sleep(0)
    primary.hold.set()
    assert (await early, await late) == (b"one 1", b"one 2")


async def test_a_reader_who_fails_or_leaves_fails_alone(pages: PageCache, primary: Primary) -> None:
    primary.hold = asyncio.Event()
    first = asyncio.create_task(ask(pages, primary))
    await asyncio.sleep(0)
    second = asyncio.create_task(ask(pages, primary, ALAN))
    for _ in range(20):
        await asyncio.sleep(0)
    first.cancel()
    primary.hold.set()
    assert await second == b"one 1"


async def test_the_longest_unread_go_first_when_there_are_too_many_bytes(pages: PageCache, primary: Primary) -> None:
    for question in (b"1", b"2", b"3", b"4"):
        await ask(pages, primary, question=question)
    await ask(pages, primary, question=b"1")
    await ask(pages, primary, question=b"5")  # 5 pages of 5 bytes, of which 4 find room
    before = primary.reads
    for question in (b"1", b"3", b"4", b"5"):
        await ask(pages, primary, question=question)
    assert primary.reads == before
    await ask(pages, primary, question=b"2")
    assert primary.reads == before + 1


async def test_a_page_that_differs_between_readers_is_nobody_elses(pages: PageCache, primary: Primary) -> None:
    primary.personal, primary.hold = True, asyncio.Event()
    asked = [asyncio.ensure_future(ask(pages, primary, caller)) for caller in (ADA, ALAN, ADA, ALAN)]
    await asyncio.wait(asked, timeout=0)
    primary.hold.set()
    assert await asyncio.gather(*asked) == [b"for ada", b"for alan", b"for ada", b"for alan"]
    assert [await ask(pages, primary, caller) for caller in (ALAN, ADA)] == [b"for alan", b"for ada"]
    assert primary.reads == 6


async def test_what_is_kept_goes_when_the_page_comes_to_differ(pages: PageCache, primary: Primary) -> None:
    assert await ask(pages, primary) == b"one 1"
    primary.personal, primary.seq = True, 2
    assert await ask(pages, primary) == b"for ada"
    assert await ask(pages, primary, ALAN) == b"for alan"


@pytest.mark.parametrize(("names_emoji", "reads"), [(True, 2), (False, 1)])
async def test_an_emoji_that_comes_or_goes_outdates_the_pages_that_may_show_it(
    pages: PageCache, primary: Primary, names_emoji: bool, reads: int
) -> None:
    primary.names_emoji = names_emoji
    await ask(pages, primary)
    primary.emoji_seq += 1
    await ask(pages, primary, ALAN)
    await ask(pages, primary)
    assert primary.reads == reads
