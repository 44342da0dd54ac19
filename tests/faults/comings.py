"""People who come and go: into channels, with their sessions, and with their sockets."""

import random
from collections.abc import Sequence
from typing import Any

from tests.faults.caller import Request, Session
from tests.faults.cast import Cast, Player, Room
from tests.faults.ear import Ear
from tests.faults.history import Args, Value
from tests.faults.roles import page
from tests.faults.shift import Shift


class Keeper:
    """Owns a private channel, and lets its guests in and out, at any moment."""

    def __init__(self, cast: Cast, player: Player, room: Room, guests: Sequence[Player], chance: random.Random) -> None:
        """Nobody else decides on the guests, except that they may leave."""
        self._cast, self._player, self._room, self._guests, self._chance = cast, player, room, guests, chance
        self._inside = {guest.id: True for guest in guests}

    async def live(self, shift: Shift) -> None:
        """Open and shut until the end."""
        while shift.is_on():
            guest = self._chance.choice(self._guests)
            inside = self._inside[guest.id]
            if inside and self._chance.random() < 0.3:
                await self._cast.remove(guest, self._room, guest)
            elif inside:
                await self._cast.remove(self._player, self._room, guest)
            else:
                await self._cast.add(self._player, self._room, guest)
            self._inside[guest.id] = not inside
            await shift.pause(self._chance.uniform(0.1, 0.8))  # a person's pause


class Goer:
    """Signs in, listens and reads at every edge, signs out, and then tries everywhere what must not work any more."""

    def __init__(self, cast: Cast, player: Player, rooms: Sequence[Room], chance: random.Random) -> None:
        """The rooms are those that the player is in."""
        self._cast, self._player, self._rooms, self._chance = cast, player, rooms, chance

    async def live(self, shift: Shift) -> None:
        """Come and go until the end."""
        caller = self._player.caller
        while shift.is_on():
            session = caller.session
            ear = self._listen(session)
            await ear.opens(10)
            await self._read_everywhere()  # so that every edge knows the session
            done = await caller.write("sign_out", Args(ends=session.name), Request("POST", "/users/logout"))
            if done.outcome == "ok":
                # Right after the bound, and right after the one for a broken bus.
                for seconds in (self._chance.uniform(0.1, 0.4), self._chance.uniform(1.7, 2.5)):
                    await shift.pause(seconds)
                    await self._read_everywhere()
                    again = self._listen(session)
                    await shift.pause(0.3)  # for events that must not come
                    await again.close()
            await ear.close()
            while not await self._cast.sign_in(self._player):
                if not shift.is_on():
                    return

    async def _read_everywhere(self) -> None:
        for edge in self._cast.edges:
            await page(self._player.caller, self._chance.choice(self._rooms), "newest", 10, place=edge)

    def _listen(self, session: Session) -> Ear:
        cast = self._cast
        places = self._chance.sample(list(cast.places), len(cast.places))
        return Ear(cast.recorder, cast.http, places, self._chance, self._player.id, session, comes_back=False)


class Flicker:
    """Has a socket for a while, and then has none: nothing else, so that its status says just that."""

    def __init__(self, cast: Cast, player: Player, chance: random.Random) -> None:
        """Nobody else uses the player."""
        self._cast, self._player, self._chance = cast, player, chance

    async def live(self, shift: Shift) -> None:
        """Come and go until the end."""
        cast = self._cast
        while shift.is_on():
            places = self._chance.sample(list(cast.places), len(cast.places))
            session = self._player.caller.session
            ear = Ear(cast.recorder, cast.http, places, self._chance, self._player.id, session)
            await shift.pause(self._chance.uniform(2, 8))
            await ear.close()
            await shift.pause(self._chance.uniform(3, 6))


class Watcher:
    """Asks how people are."""

    def __init__(self, player: Player, watched: Sequence[Player], chance: random.Random) -> None:
        """`watched` are asked for together."""
        self._caller, self._watched, self._chance = player.caller, watched, chance

    async def live(self, shift: Shift) -> None:
        """Ask until the end."""
        ids = tuple(player.id for player in self._watched)
        request = Request("POST", "/users/status/ids", list(ids))

        def read(answer: Any) -> Value:
            return Value(statuses={one["user_id"]: one["status"] for one in answer})

        while shift.is_on():
            await self._caller.read("statuses", Args(users=ids), request, read)
            await shift.pause(self._chance.uniform(0.2, 0.6))  # a client's poll
