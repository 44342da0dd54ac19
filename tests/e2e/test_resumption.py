"""Promises 4 and 8: a connection goes on at any edge, exactly, or its client is told to begin anew."""

from tests.e2e.traveller import Traveller
from tests.e2e.world import World, histories, ids
from tests.faults.chatter import Chatter


async def test_a_socket_that_moves_fifty_times_under_load_misses_and_repeats_nothing(world: World) -> None:
    people = await world.people("ana", "ben", "cem", "dia")
    channel = await world.room(*people)
    moving = Traveller(world.http, "ana", people[0].token)
    await moving.come(world.edges[0])
    await moving.until(lambda: moving.hellos, "hello")
    chatter = Chatter([person.at(edge) for person in people for edge in world.edges], channel["id"])
    for number in range(1, 51):
        await moving.hears()
        await moving.go(abruptly=number % 3 == 0)
        if number % 5 == 0:
            await chatter.acknowledges(10)
        await moving.come((*world.edges, world.front)[number % 3])
    await chatter.end()
    posted = ids((await histories([people[1].at(world.front)], channel["id"]))[0])
    await moving.until(lambda: len(moving.posts(channel["id"])) >= len(posted), "every post")
    await moving.go()
    assert moving.hellos == 1
    assert moving.posts(channel["id"]) == posted
    assert set(posted) == set(chatter.acknowledged.values())


async def test_whoever_is_removed_while_away_hears_nothing_of_what_came_after(world: World) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    moving = Traveller(world.http, "ben", ben.token)
    await moving.come(world.edges[0])
    await moving.until(lambda: moving.hellos, "hello")
    chatter = Chatter([ana.at(world.edges[1])], channel["id"])
    await moving.hears(5)
    await moving.go()
    await ana.rest.delete(f"/channels/{channel['id']}/members/{ben.id}")
    before = set(chatter.acknowledged.values())
    await chatter.acknowledges(10)
    await moving.come(world.edges[1])
    await moving.until(lambda: any(f["event"] == "user_removed" for f in moving.frames), "the removal")
    await chatter.acknowledges(10)
    await chatter.end()
    await moving.go()
    assert moving.hellos == 1
    late = set(moving.posts(channel["id"])) - before
    # At most the one that was under way when the removal was answered.
    assert len(late) <= 1


async def test_a_session_that_ended_while_away_goes_on_nowhere(world: World) -> None:
    ana = await world.person("ana")
    moving = Traveller(world.http, "ana", ana.token)
    await moving.come(world.edges[0])
    await moving.until(lambda: moving.hellos, "hello")
    await moving.go()
    heard = list(moving.frames)  # the hello, and perhaps that one is online
    await ana.rest.post("/users/logout", expect=200)
    await moving.come(world.edges[1])
    await moving.until(lambda: moving.ended, "the end of the socket")
    assert moving.frames == heard
