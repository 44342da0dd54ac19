"""People who use a mesh all at once while it is being broken, and the history of what they saw."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import aiohttp

from tests.e2e.client import Place, Rest
from tests.faults.caller import Request
from tests.faults.cast import Cast, Player, Room
from tests.faults.comings import Flicker, Goer, Keeper, Watcher
from tests.faults.ear import Ear, token_of
from tests.faults.history import SETTLED, Args, Kept, Recorder, Value
from tests.faults.roles import Reader, Writer, reactions_of
from tests.faults.shift import Shift

_PAGE = 200


class Unsettled(Exception):
    """Something could not be read in the end, so that nothing can be said of the history."""


class Workload:
    """Writers, readers, listeners, members who come and go, sessions that end, and people who are online or not."""

    def __init__(
        self,
        recorder: Recorder,
        http: aiohttp.ClientSession,
        edges: Sequence[Place],
        front: Place,
        admin: Rest,
        *,
        seed: int,
        rate: float,
        name: str,
        writers: int = 8,
    ) -> None:
        """About `rate` writes are tried a second; `name` begins the names of people and channels."""
        self._recorder, self._http, self._edges = recorder, http, edges
        self._chance = random.Random(seed)
        self._cast = Cast(recorder, http, edges, front, self._chance, admin, name)
        self._tokens: Iterator[int] = count(1)
        self._pause = writers / rate
        self._writers = writers
        self._rooms: list[Room] = []
        self._ears: list[Ear] = []
        self._lives: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._owner: Player
        self._shift = Shift()

    @property
    def rooms(self) -> Sequence[Room]:
        """The channels."""
        return self._rooms

    async def prepare(self) -> None:
        """Make people and channels, and let the listeners begin."""
        cast = self._cast
        await cast.open()
        owner = self._owner = await cast.player("owner")
        writers = [await cast.player(f"writer{n}") for n in range(self._writers)]
        guests = [await cast.player(f"guest{n}") for n in range(3)]
        goers = [await cast.player(f"goer{n}") for n in range(4)]
        flickers = [await cast.player(f"flicker{n}") for n in range(3)]
        rooms = [await cast.room(f"room{n}", owner, [*writers, *goers]) for n in range(3)]
        club = await cast.room("club", owner, [*writers[:3], *guests], private=True)
        self._rooms = [*rooms, club]
        for listener in (*writers[:4], *guests, owner):
            for edge in self._edges:
                self._ears.append(self._listen(listener, edge))
        for number, writer in enumerate(writers):
            where = [*rooms, club] if number < 3 else rooms
            self._lives.append(Writer(writer, where, self._own(), self._tokens, self._pause))
            self._lives.append(Reader(writer, where, self._own(), 4 * self._pause))
        for guest in guests:
            self._lives.append(Writer(guest, [club], self._own(), self._tokens, 4 * self._pause))
            self._lives.append(Reader(guest, [club], self._own(), 2 * self._pause))
        self._lives.append(Keeper(cast, owner, club, guests, self._own()))
        self._lives += [Goer(cast, goer, rooms, self._own()) for goer in goers]
        self._lives += [Flicker(cast, flicker, self._own()) for flicker in flickers]
        self._lives.append(Watcher(owner, flickers, self._own()))
        for ear in self._ears:
            if not await ear.opens(30):
                raise Unsettled("a socket was not opened before anything was broken")

    def start(self) -> None:
        """Let everybody begin."""
        self._tasks = [asyncio.create_task(life.live(self._shift)) for life in self._lives]

    async def stop(self) -> None:
        """Let everybody finish what is under way."""
        self._shift.end()
        await asyncio.gather(*self._tasks)

    def check(self) -> None:
        """Raise what somebody failed with: that is a fault of the workload, not of the mesh."""
        for task in self._tasks:
            if task.done() and (error := task.exception()) is not None:
                raise error

    async def settle(self, seconds: float) -> None:
        """Wait until every socket has caught up, close them, and read each channel's history at every edge."""
        await self._last_words(seconds)
        for ear in self._ears:
            await ear.close(SETTLED)
        for room in self._rooms:
            for edge in self._edges:
                await self._history(room, edge)

    async def _last_words(self, seconds: float) -> None:
        """A last post in each channel, which every socket of its members must come to.

        Sockets that do not are closed all the same: the checker then says what they lack.
        """
        for room in self._rooms:
            writer = Writer(self._owner, [room], self._own(), self._tokens, 1.0)
            last = await writer.post(room)
            if last.outcome != "ok":
                raise Unsettled(f"the last post was answered {last.outcome} {last.status} {last.why}")
            members = await self._members(room)
            token = f"w{next(self._tokens) - 1}"
            ears = [ear for ear in self._ears if ear.user in members]
            await asyncio.gather(*(ear.hears(token, seconds) for ear in ears))

    async def _members(self, room: Room) -> set[str]:
        members: list[str] = []

        def read(answer: Any) -> Value:
            members.extend(one["user_id"] for one in answer)
            return Value()

        request = Request("GET", f"/channels/{room.id}/members?per_page=200")
        done = await self._cast.admin.read("members", Args(), request, read)
        if done.outcome != "ok":
            raise Unsettled(f"members: {done.outcome} {done.status} {done.why}")
        return set(members)

    async def _history(self, room: Room, edge: Place) -> None:
        """One operation for all pages: nothing changes any more while they are read."""
        pages: list[Any] = []

        def read(answer: Any) -> Value:
            posts = [answer["posts"][post_id] for post_id in answer["order"]]
            pages.append(posts)
            return Value()

        query = "skipFetchThreads=true&include_deleted=true"
        for number in count():
            request = Request("GET", f"/channels/{room.id}/posts?page={number}&per_page={_PAGE}&{query}")
            done = await self._cast.admin.read("history page", Args(), request, read, edge)
            if done.outcome != "ok":
                raise Unsettled(f"the history at {edge.name}: {done.outcome} {done.status} {done.why}")
            if len(pages[-1]) < _PAGE:
                break
        posts = [post for page in pages for post in page][::-1]
        value = Value(
            kept=tuple(_kept(post) for post in posts),
            reactions=tuple(one for post in posts for one in reactions_of(post)),
        )
        self._cast.admin.note("history", Args(channel=room.id), edge, value)

    def _listen(self, player: Player, edge: Place) -> Ear:
        places = [edge, *self._cast.places]
        return Ear(self._recorder, self._http, places, self._own(), player.id, player.caller.session)

    def _own(self) -> random.Random:
        return random.Random(self._chance.random())


def _kept(post: Any) -> Kept:
    return Kept(
        id=post["id"],
        create_at=post["create_at"],
        update_at=post["update_at"],
        edit_at=post["edit_at"],
        delete_at=post["delete_at"],
        user=post["user_id"],
        root=post["root_id"],
        type=post["type"],
        token=token_of(post["message"]),
        subject=post["props"].get("addedUserId") or post["props"].get("removedUserId") or "",
        reply_count=post["reply_count"],
    )
