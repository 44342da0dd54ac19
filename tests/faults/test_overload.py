"""Promise 9: a reader that stops reading costs an edge a bounded amount of memory, and the others nothing."""

import asyncio
from itertools import count

import psutil

from deploy.local.mesh import Mesh
from tests.e2e.client import Person, Place
from tests.e2e.traveller import Traveller
from tests.e2e.world import World, histories, ids

EVENTS = 20_000
_TEXT = "x" * 3_500
"""So that what all events take is far more than an edge may grow by."""
GROWTH = 40 << 20
"""Bytes by which the edge may grow, where its readers are told twice as much: their bounds are 512 KiB each."""
STOPPED = 8
"""Readers that stop."""
_WRITERS = 24
_DELIVERED = 30.0
"""Seconds for the last events to arrive after the last was acknowledged."""


async def _flood(person: Person, place: Place, channel_id: str) -> None:
    numbers = count()
    headers = {"Authorization": f"Bearer {person.token}"}

    async def write() -> None:
        for number in numbers:
            if number >= EVENTS:
                return
            body = {
                "channel_id": channel_id,
                "message": f"{number} {_TEXT}",
                "pending_post_id": f"{person.id}:{number}",
            }
            while True:  # being told to come again is fine
                async with person.rest.http.post(f"{place.rest}/posts", json=body, headers=headers) as answer:
                    if answer.status == 201:
                        break
                    assert answer.status in (429, 503), (answer.status, await answer.text())
                    await asyncio.sleep(0.1)

    await asyncio.gather(*(write() for _ in range(_WRITERS)))


async def test_twenty_thousand_events_against_readers_that_stop(doomed: Mesh, world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    here, there = world.edges
    reading = Traveller(world.http, "reads", ana.token)
    stopped = [Traveller(world.http, f"stops-{n}", ana.token) for n in range(STOPPED)]
    for traveller in (reading, *stopped):
        await traveller.come(here)
        await traveller.until(lambda traveller=traveller: traveller.hellos, "hello")  # type: ignore[misc]
    edge = psutil.Process(doomed.pid(here.name))
    before = edge.memory_info().rss
    for traveller in stopped:
        traveller.stop_reading()
    await _flood(ben, there, channel["id"])
    await reading.until(lambda: reading.told["posted"] >= EVENTS, "every event", _DELIVERED)
    grown = edge.memory_info().rss - before
    print(f"{here.name} grew by {grown >> 20} MiB")
    assert grown < GROWTH, f"{here.name} grew by {grown >> 20} MiB"
    posted = ids((await histories([ben.at(there)], channel["id"]))[0])
    assert reading.posts(channel["id"]) == posted
    assert not reading.ended
    for traveller in stopped:
        traveller.read_on()
        await traveller.until(lambda traveller=traveller: traveller.ended, "the end")  # type: ignore[misc]
    await reading.go()
