"""The projection of auth's users: filled by a snapshot, then following auth's log in order.

The bus only makes it fast. A gap, a start, a lost publish and a bus that is away are all repaired by the same step:
ask auth for the events behind our position. All instances feed the same tables; the position's row is their lock.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final, Protocol

from services.chassis.admin import Readiness
from services.chassis.batching import Batcher
from services.chassis.bus import Bus, BusError, BusMessage, Following
from services.chassis.database import Database, Transaction
from services.chassis.errors import DomainError, Reason
from services.chassis.metrics import Metrics
from services.chassis.tasks import Tasks
from services.messaging.clients.auth import TOPIC, Changes, Chunk, UserChange, change_from_bus
from services.messaging.domain.mentions import Keywords
from services.messaging.domain.users import User
from services.messaging.operations import changing, guests
from services.messaging.store import guests as guest_store
from services.messaging.store import users as store
from services.messaging.store.users import Position

_log = logging.getLogger(__name__)

CATCH_UP_SECONDS: Final = 2.0
POLL_SECONDS: Final = 1.0
"""How long auth is left alone between two questions whether its log has moved."""
_CONDITION: Final = "users"
_WAITING: Final = 1000


class UserSource(Protocol):
    """What the projection asks of auth."""

    async def snapshot(self, after_id: str) -> Chunk:
        """Return the next users by id; none at the end."""
        ...

    async def changes(self, after: int) -> Changes:
        """Return events behind a position. Raises log_truncated."""
        ...

    async def changed(self, cursor: int, incarnation: str) -> tuple[str, int]:
        """Return the log's incarnation and next cursor when it has moved, and after some seconds in any case."""
        ...

    async def current(self) -> tuple[str, int]:
        """Return the log's incarnation and position now."""
        ...


class _Gap(Exception):
    """What arrived is not what comes next."""


class UserProjection:
    """Keeps the table of users in step with auth."""

    def __init__(
        self,
        database: Database,
        committing: changing.Changes,
        bus: Bus,
        auth: UserSource,
        readiness: Readiness,
        metrics: Metrics,
        give_up: Callable[[str], None],
        keywords: Keywords,
    ) -> None:
        """Not ready, by the condition `users`, until the table was filled; `start` begins the work.

        `keywords` learn every word by which a user is mentioned, at the latest when the next repair is through.
        `give_up(why)` is told when the work ends by an error that waiting does not cure.
        """
        self._database, self._committing, self._bus, self._auth = database, committing, bus, auth
        self._readiness = readiness
        self._keywords = keywords
        self._learned = Position("", 0)
        self._tasks = Tasks(lambda name, error: give_up(f"{name}: {error!r}"))
        # Those who arrive while one catching-up is under way need the next one: what they wait for may be younger.
        self._catching_up: Batcher[None, None] = Batcher(
            "users", self._repair_for, self._tasks, metrics, max_items=_WAITING, max_waiting=_WAITING
        )
        readiness.set(_CONDITION, False, "the users were not read from auth yet; auth must be running")

    def start(self) -> None:
        """Begin to fill and to follow."""
        self._tasks.spawn("users: follow", self._follow(), vital=True)
        self._tasks.spawn("users: repair", self._poll(), vital=True)

    async def close(self) -> None:
        """End the work; the database must still be open."""
        await self._tasks.close()

    async def catch_up(self) -> None:
        """Return once all that auth had committed before the call is in. Raises unavailable after two seconds."""
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await self._catching_up.submit(None)
        except TimeoutError as error:
            raise DomainError(Reason.UNAVAILABLE, part="auth") from error

    async def _poll(self) -> None:
        """Repair at the start and whenever auth's log moves: what the bus lost is not missing for long."""
        was, incarnation, cursor = "", "", 0
        while True:
            try:
                incarnation, cursor = await self._auth.changed(cursor, incarnation)
                await self._catching_up.submit(None)  # up to a position behind that cursor
                self._readiness.set(_CONDITION, True)
                was = ""
            except DomainError as error:
                cursor = 0  # what has moved is not in: it must not be waited for again
                if str(error) != was:
                    was = str(error)
                    _log.warning("users cannot be read from auth", extra={"why": was})
            await asyncio.sleep(POLL_SECONDS)

    async def _follow(self) -> None:
        following = self._bus.follow([TOPIC])
        await _begin(following)
        async with aclosing(following.batches()) as batches:  # type: ignore[type-var]  # an async generator
            async for batch in batches:
                changes = _changes(batch)
                if not changes:
                    continue
                try:
                    self._keywords.add([word for change in changes if change.user for word, _ in change.user.keywords])
                    await self._apply(changes)
                except _Gap:
                    await self._try_catch_up()
                except DomainError as error:
                    _log.warning("users could not be updated", extra={"why": str(error)})

    async def _try_catch_up(self) -> None:
        try:
            await self.catch_up()
        except DomainError as error:
            _log.warning("users are behind auth", extra={"why": str(error)})

    async def _repair_for(self, waiting: Sequence[None]) -> list[DomainError | None]:
        await self._repair()
        return [None for _ in waiting]

    async def _repair(self) -> None:
        """Reach the position that auth's log has now, and know its keywords, whoever has put them into the tables."""
        await self._reach()
        await self._learn()

    async def _learn(self) -> None:
        """Read the keywords that came since the last time; all of them when the tables were filled anew."""

        async def work(tx: Transaction) -> tuple[Position, list[str]]:
            position = await store.read_position(tx, TOPIC)
            known = self._learned
            if position == known:
                return known, []
            after = known.seq if position.incarnation == known.incarnation and position.seq >= known.seq else -1
            return position, await store.keywords(tx, after)

        self._learned, words = await self._database.snapshot(work)
        self._keywords.add(words)

    async def _reach(self) -> None:
        incarnation, upto = await self._auth.current()
        position = await self._database.transact(lambda tx: store.read_position(tx, TOPIC))
        if position.incarnation != incarnation:
            await self._fill(incarnation)
            return
        while position.seq < upto:
            try:
                answer = await self._auth.changes(position.seq)
                if answer.incarnation != incarnation or not answer.changes:
                    raise DomainError(Reason.UNAVAILABLE, part="auth")  # it changes under our hands: ask again later
                position = await self._apply(answer.changes)
            except _Gap:
                # Another instance has filled the tables anew meanwhile.
                position = await self._database.transact(lambda tx: store.read_position(tx, TOPIC))
                if position.incarnation != incarnation:
                    raise DomainError(Reason.UNAVAILABLE, part="auth") from None
            except DomainError as error:
                if error.reason is not Reason.LOG_TRUNCATED:
                    raise
                await self._fill(incarnation, again=True)
                return

    async def _apply(self, changes: Sequence[UserChange]) -> Position:
        return await self._committing.commit(lambda change: _apply(change, changes))

    async def _fill(self, incarnation: str, *, again: bool = False) -> None:
        """Read all users anew, in one transaction: readers see the old ones until the new ones are all there."""

        async def work(change: changing.Change) -> None:
            tx = change.tx
            position = await store.lock_position(tx, TOPIC)
            if position.incarnation == incarnation and not again:
                return  # another instance was faster
            await store.clear(tx)
            after_id, first = "", None
            while (chunk := await self._auth.snapshot(after_id)).users:
                await store.put(tx, chunk.users)
                await store.choose(tx, chunk.collapsed)
                await store.put_keywords(tx, chunk.users, chunk.seq)
                ids = [user.id for user in chunk.users]
                await guest_store.align_channels(tx, ids, change.now_ms)
                await guest_store.align_teams(tx, ids)
                # What changed after the first chunk is applied again from its position: an older state never wins.
                first = first or chunk
                after_id = chunk.users[-1].id
            start = first or chunk
            await store.move(tx, TOPIC, Position(start.incarnation, start.seq))

        _log.info("reading all users from auth", extra={"incarnation": incarnation})
        await self._committing.commit(work)


async def _begin(following: Following) -> None:
    """Fix the position in the bus as soon as there is one; until then polling alone feeds the projection."""
    while True:
        try:
            await following.start()
        except BusError as error:
            _log.warning("bus is away", extra={"why": str(error)})
            await asyncio.sleep(POLL_SECONDS)
        else:
            return


def _changes(batch: Sequence[BusMessage]) -> list[UserChange]:
    return [change_from_bus(message.data) for message in batch if message.topic == TOPIC and message.seq]


async def _apply(change: changing.Change, changes: Sequence[UserChange]) -> Position:
    """Apply events that follow our position and return the new one; what was applied already is skipped.

    Raises _Gap when they belong to another incarnation or leave something out.
    """
    tx = change.tx
    position = await store.lock_position(tx, TOPIC)
    seq, users, collapsed = position.seq, dict[str, User](), dict[str, bool | None]()
    for told in changes:
        if told.incarnation != position.incarnation or told.seq > seq + 1:
            raise _Gap
        if told.seq <= seq:
            continue
        seq = told.seq
        if told.user is not None:
            users[told.user.id] = told.user
        if told.collapsed is not None:
            user_id, choice = told.collapsed
            collapsed[user_id] = choice
    if seq == position.seq:
        return position
    before = await store.read(tx, list(users))
    await store.put(tx, list(users.values()))
    await store.choose(tx, collapsed)
    await store.put_keywords(tx, list(users.values()), seq)
    moved = Position(position.incarnation, seq)
    await store.move(tx, TOPIC, moved)
    await guests.follow(change, before, list(users.values()))
    return moved
