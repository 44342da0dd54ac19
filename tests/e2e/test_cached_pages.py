"""Pages that edges keep: as fresh, and as private, as if each was read anew, whatever changes while they are read."""

import asyncio
import random
from typing import Any

from deploy.local.mesh import Mesh
from tests.e2e.client import Person, Rest
from tests.e2e.world import World, say
from tests.load import cache

WRITERS, CHANGES = 6, 30
READERS = 3  # at each edge
DENIED = (403, "api.context.permissions.app_error")


class Known:
    """What has been acknowledged: the version of each post, and which are gone."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.going: set[str] = set()
        """To be deleted, acknowledged or not."""
        self.gone: set[str] = set()

    def must_show(self, versions: dict[str, int], gone: set[str], page: dict[str, Any]) -> None:
        """Fail when a page lacks what was acknowledged before it was asked for."""
        shown = {post["id"]: int(post["message"]) for post in page["posts"].values() if not post["type"]}
        assert not gone & shown.keys(), "a deleted post is shown"
        for post_id, version in versions.items():
            if post_id not in self.going:  # it may have gone while the page was under way
                assert shown.get(post_id, -1) >= version, f"{post_id} at {shown.get(post_id)}, acknowledged {version}"


async def _change(person: Rest, channel_id: str, known: Known, chance: random.Random) -> None:
    """Change the page in one of the ways in which pages change; each writer touches its own posts alone."""
    mine: list[str] = []
    for number in range(CHANGES):
        kind = chance.choice(("post", "edit", "react", "delete")) if mine else "post"
        if kind == "post":
            post_id = (await say(person, channel_id, "0"))["id"]
            known.versions[post_id] = 0
            mine.append(post_id)
            continue
        post_id = chance.choice(mine)
        if kind == "edit":
            await person.put(f"/posts/{post_id}/patch", {"message": f"{number}"})
            known.versions[post_id] = number
        elif kind == "react":
            user = await person.get("/users/me")
            reaction = {"user_id": user["id"], "post_id": post_id, "emoji_name": f"{chance.choice(('tada', 'eyes'))}"}
            await person.post("/reactions", reaction, expect=200)
        else:
            mine.remove(post_id)
            del known.versions[post_id]
            known.going.add(post_id)
            await person.delete(f"/posts/{post_id}")
            known.gone.add(post_id)


async def test_a_kept_page_shows_all_that_was_acknowledged_however_fast_it_is_outdated(
    world: World, chorus: Mesh
) -> None:
    people = await world.people(*("writer" for _ in range(WRITERS)))
    channel = await world.room(*people)
    path = f"/channels/{channel['id']}/posts"
    known = Known()
    writing = asyncio.gather(
        *(_change(person.rest, channel["id"], known, random.Random(number)) for number, person in enumerate(people))
    )
    pages = 0

    async def read(person: Rest) -> None:
        nonlocal pages
        while not writing.done():
            versions, gone = dict(known.versions), set(known.gone)
            known.must_show(versions, gone, await person.get(path, per_page=200))
            pages += 1

    before = cache.pages(chorus)
    await asyncio.gather(writing, *(read(people[n].at(edge)) for edge in world.edges for n in range(READERS)))
    calm = [await person.at(edge).get(path, per_page=200) for edge in world.edges for person in people]
    assert all(page == calm[0] for page in calm)
    known.must_show(known.versions, known.gone, calm[0])
    counted = {result: count - before.get(result, 0) for result, count in cache.pages(chorus).items()}
    assert counted["hit"] >= len(calm) - 2  # each edge reads once, and has it for the others
    assert sum(counted.values()) == pages + len(calm)


async def _lost(viewer: Person, owner: Person, world: World, channel_id: str) -> None:
    """The viewer reads without a pause at both edges while the owner takes it out of the channel."""
    path = f"/channels/{channel_id}/posts"
    removed = asyncio.Event()

    async def read(rest: Rest) -> None:
        while True:
            late = removed.is_set()
            answer = await rest.send("GET", path, params={"per_page": "60"})
            if late:
                assert answer.refusal == DENIED, f"{rest.place.name} still shows the page"
                return
            assert answer.status in (200, DENIED[0])

    reading = [asyncio.create_task(read(viewer.at(edge))) for edge in world.edges for _ in range(READERS)]
    await owner.rest.delete(f"/channels/{channel_id}/members/{viewer.id}")
    removed.set()
    await asyncio.gather(*reading)


async def test_who_lost_access_is_shown_no_kept_page_from_the_moment_of_the_answer(world: World) -> None:
    owner, viewer, other = await world.people("owner", "viewer", "other")
    channel = await world.room(owner, viewer, other, kind="P")
    path = f"/channels/{channel['id']}/posts"
    post = await say(owner.rest, channel["id"], "for members")
    for _ in range(5):
        for person in (owner, viewer, other):
            for edge in world.edges:
                assert post["id"] in (await person.at(edge).get(path))["order"]
        await _lost(viewer, owner, world, channel["id"])
        for edge in world.edges:
            assert post["id"] in (await other.at(edge).get(path))["order"]
            for asked in (path, f"{path}?page=0&per_page=60", f"{path}?since=1", f"/posts/{post['id']}/thread"):
                assert (await viewer.at(edge).send("GET", asked)).refusal == DENIED
        await owner.rest.post(f"/channels/{channel['id']}/members", {"user_id": viewer.id})
