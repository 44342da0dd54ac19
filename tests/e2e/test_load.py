"""The bench's own tools on the shared mesh, in small: what they make is what a client sees, and nothing is lost."""

from collections.abc import Iterator

import pytest

from deploy.local.mesh import Mesh
from tests.conftest import ADMIN
from tests.e2e.world import World, history, say
from tests.load import counters, filling
from tests.load.crowd import Crew
from tests.load.generator import Generator
from tests.load.phases import faults


@pytest.fixture
def generator(chorus: Mesh) -> Iterator[Generator]:
    crew = Crew(people=3, channels=2, workers=4, sockets=6, admin=f"{ADMIN['username']}:{ADMIN['password']}")
    made = Generator(chorus.front_url, crew)
    try:
        made.ask("setup", 0)
        yield made
    finally:
        made.close()


def test_every_phase_of_the_load_does_what_it_says(generator: Generator) -> None:
    assert generator.ask("rooms", 0, members=[2, 3])["rooms"] == 2
    for phase, how in (
        ("ping", {}),
        ("idle", {}),
        ("post", {"workers": 2}),
        ("post", {"room": 1}),
        ("read", {}),
        ("beside", {}),
        ("connect", {"sockets": 4}),
        ("connect", {}),
        ("paced", {}),
        ("fanout", {}),
        ("workday", {}),
        ("storm", {}),
        ("disconnect", {}),
    ):
        figures = generator.ask(phase, 0.5, most=20, **how)
        assert faults(phase, figures) == []
        assert figures["done"] > 0, phase


def test_sockets_that_come_again_go_on_where_they_were(generator: Generator, chorus: Mesh) -> None:
    def went_on() -> float:
        samples = counters.of_edges(chorus, "chorus_edge_resumptions")
        return sum(one.value for one in samples if one.labels.get("outcome") in ("here", "from_another"))

    generator.ask("rooms", 0, members=[3])
    generator.ask("connect", 0)
    before = went_on()
    day = generator.ask("workday", 1.0, rate=20)
    assert faults("workday", day) == []
    assert day["return"]["done"] == went_on() - before > 0


async def test_a_channel_that_was_filled_is_one_that_people_filled(world: World, chorus: Mesh) -> None:
    ana, ben = await world.people("ana", "ben")
    channel = await world.room(ana, ben)
    first = await say(ana.rest, channel["id"], "first of all")
    with filling.connect(chorus) as messaging:
        filling.posts(messaging, channel["id"], 70)
        filling.members(messaging, channel["id"], 30)
    last = await say(ben.rest, channel["id"], "and now")
    shown = await history(ana.at(world.edges[1]), channel["id"])
    assert len(shown) == 72
    assert [post["id"] for post in shown[-2:]] == [first["id"], last["id"]]
    assert len({post["create_at"] for post in shown}) == 72
    mine = await ana.rest.get(f"/channels/{channel['id']}/members/me")
    found = await ana.rest.get(f"/channels/{channel['id']}")
    assert found["total_msg_count"] == 72
    assert found["total_msg_count"] - mine["msg_count"] == 1
    assert (await ana.rest.get(f"/channels/{channel['id']}/stats"))["member_count"] == 30
