"""What posts show of their links: nothing waits for it, nothing of it is lost, and every page comes to show it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, LiteralString

import psycopg
import pytest

from chorus.common.v1 import events_pb2 as log_pb2
from chorus.messaging.v1 import events_pb2, posts_pb2, posts_pb2_grpc
from services.chassis.config import Settings
from services.messaging.__main__ import wire
from services.messaging.operations import link_previews
from tests.contract.grounds import Grounds
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.links_double import LinksDouble, described, links_double
from tests.contract.messaging.test_posts import create, draft, entries, page
from tests.contract.served import Caller, Served, eventually, serving
from tests.contract.statements import counted

LINK = "https://a.example/"


@pytest.fixture
async def links(grounds: Grounds, settings: Settings) -> AsyncIterator[LinksDouble]:
    """Files, at the mesh's address; before messaging, which looks for it."""
    async with links_double(grounds, settings) as made:
        yield made


@pytest.fixture
async def messaging(links: LinksDouble, messaging: Served) -> Served:
    return messaging


async def edits(edge: Caller, ground: Ground, number: int) -> Sequence[posts_pb2.Post]:
    """The posts of a channel's first `number` changes, once there are so many."""
    found: list[log_pb2.LogEntry] = []

    async def there() -> bool:
        found[:] = [entry for entry in await entries(edge, ground) if entry.kind == "post_edited"]
        return len(found) >= number

    await eventually(there, f"{number} changed posts")
    return [events_pb2.PostEdited.FromString(entry.body).post for entry in found]


async def nobody_waits(ground: Ground) -> None:
    async def none() -> bool:
        return sql(ground, "SELECT count(*) FROM awaited_previews") == [(0,)]

    await eventually(none, "no post waits for a preview")


async def patch(edge: Caller, ground: Ground, post_id: str, **fields: object) -> posts_pb2.Post:
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    request = posts_pb2.PatchPostRequest(actor=ground.actor(ground.alice), id=post_id, **fields)  # type: ignore[arg-type]
    return (await edge.call(stub.PatchPost, request)).post


async def test_a_post_is_there_at_once_and_shows_its_link_a_little_later(
    messaging: Served, ground: Ground, links: LinksDouble
) -> None:
    edge = messaging.caller()
    links.answering.clear()
    (made,) = await create(edge, draft(ground, ground.alice, f"see {LINK}1"))
    assert made.post.preview == posts_pb2.Preview(link=f"{LINK}1")
    (shown,) = (await page(edge, ground, ground.bob)).posts
    assert shown.preview == made.post.preview
    links.answering.set()
    (edited,) = await edits(edge, ground, 1)
    assert edited.preview == posts_pb2.Preview(link=f"{LINK}1", found=described(f"{LINK}1"))
    assert edited.update_at_ms > made.post.update_at_ms
    assert edited.edit_at_ms == 0
    assert [entry.seq for entry in await entries(edge, ground)] == [1, 2]
    assert list((await page(edge, ground, ground.bob)).posts) == [edited]
    since = await page(edge, ground, ground.bob, since_ms=made.post.update_at_ms)
    assert list(since.posts) == [edited]
    await nobody_waits(ground)


async def test_what_is_known_is_shown_at_once_and_looked_at_once(
    messaging: Served, ground: Ground, links: LinksDouble
) -> None:
    edge = messaging.caller()
    drafts = [draft(ground, ground.alice, f"{LINK}2 ![a]({LINK}2.png)") for _ in range(20)]
    await create(edge, *drafts)
    changed = await edits(edge, ground, 20)
    assert sorted(post.id for post in changed) == sorted(one.id for one in drafts)
    assert sorted(links.asked) == [f"{LINK}2", f"{LINK}2.png"]
    (made,) = await create(edge, draft(ground, ground.bob, f"again {LINK}2 ![a]({LINK}2.png)"))
    assert made.post.preview.found == described(f"{LINK}2")
    assert [image.url for image in made.post.preview.images] == [f"{LINK}2.png"]
    *_, last = await entries(edge, ground)
    assert events_pb2.PostCreated.FromString(last.body).post.preview == made.post.preview
    await nobody_waits(ground)
    assert len(links.asked) == 2


async def test_what_leads_to_nothing_changes_nothing(messaging: Served, ground: Ground, links: LinksDouble) -> None:
    edge = messaging.caller()
    await create(edge, draft(ground, ground.alice, f"{LINK}nothing"))
    await nobody_waits(ground)
    assert links.asked == [f"{LINK}nothing"]
    assert [entry.kind for entry in await entries(edge, ground)] == ["post_created"]


async def test_an_edit_shows_the_links_that_there_are_now(
    messaging: Served, ground: Ground, links: LinksDouble
) -> None:
    edge = messaging.caller()
    (made,) = await create(edge, draft(ground, ground.alice, f"{LINK}3"))
    await edits(edge, ground, 1)
    kept = await patch(edge, ground, made.post.id, message=f"still {LINK}3")
    assert kept.preview.found == described(f"{LINK}3")
    gone = await patch(edge, ground, made.post.id, message="no link")
    assert not gone.HasField("preview")
    links.answering.clear()
    other = await patch(edge, ground, made.post.id, message=f"{LINK}4")
    assert other.preview == posts_pb2.Preview(link=f"{LINK}4")
    # While that one is looked at, the post comes to have yet another.
    last = await patch(edge, ground, made.post.id, message=f"{LINK}5")
    assert last.preview == posts_pb2.Preview(link=f"{LINK}5")
    links.answering.set()
    *_, shown = await edits(edge, ground, 6)
    assert shown.preview.found == described(f"{LINK}5")
    await nobody_waits(ground)


async def test_a_deleted_post_shows_nothing_more(messaging: Served, ground: Ground, links: LinksDouble) -> None:
    edge = messaging.caller()
    links.answering.clear()
    (made,) = await create(edge, draft(ground, ground.alice, f"{LINK}6"))
    request = posts_pb2.DeletePostRequest(actor=ground.actor(ground.alice), id=made.post.id)
    await edge.call(posts_pb2_grpc.PostServiceStub(edge.channel).DeletePost, request)
    links.answering.set()
    await nobody_waits(ground)
    assert [entry.kind for entry in await entries(edge, ground)] == ["post_created", "post_deleted"]


async def test_one_instance_asks_for_a_few_links_at_a_time(
    messaging: Served, ground: Ground, links: LinksDouble
) -> None:
    edge = messaging.caller()
    links.answering.clear()
    texts = [" ".join(f"![x]({LINK}few{n}x{m}.png)" for m in range(10)) for n in range(4)]
    await create(edge, *(draft(ground, ground.alice, text) for text in texts))

    async def full() -> bool:
        return links.looking == link_previews.LOOKS

    await eventually(full, "as many are looked at as may be")
    links.answering.set()
    await edits(edge, ground, 4)
    assert links.most == link_previews.LOOKS
    assert len(links.asked) == 40


async def test_links_cost_a_batch_two_statements_however_many_there_are(
    messaging: Served, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_previews, "AT_ONCE", 0)  # nobody looks meanwhile
    edge = messaging.caller()
    costs = []
    for number in (1, 30):
        for text in ("plain", LINK):
            batch = [draft(ground, ground.alice, f"{text}many{n}") for n in range(number)]
            with counted() as seen:
                await create(edge, *batch)
            costs.append(len(seen))
    assert costs[:2] == costs[2:]
    assert costs[1] - costs[0] == 2  # what is known of them, and that the posts wait
    sql(ground, "DELETE FROM awaited_previews")


async def test_who_is_killed_while_looking_leaves_it_to_the_next(
    grounds: Grounds, messaging: Served, links: LinksDouble, ground: Ground, settings: Settings
) -> None:
    links.answering.clear()
    async with serving("messaging", wire, grounds, settings, ordinal=2) as killed:
        await create(killed.caller(), draft(ground, ground.alice, f"{LINK}7"))
        await asked_for(links, f"{LINK}7")
    links.answering.set()
    sql(ground, "UPDATE awaited_previews SET leased_until = 0")  # a minute later
    await create(messaging.caller(), draft(ground, ground.alice, f"{LINK}nothing7"))
    (shown,) = await edits(messaging.caller(), ground, 1)
    assert shown.preview.found == described(f"{LINK}7")
    await nobody_waits(ground)


async def test_links_that_nobody_could_look_at_for_an_hour_stay_links(
    messaging: Served, links: LinksDouble, ground: Ground
) -> None:
    edge = messaging.caller()
    links.away = True
    await create(edge, draft(ground, ground.alice, f"{LINK}8"))
    await asked_for(links, f"{LINK}8")
    links.away = False
    sql(ground, "UPDATE awaited_previews SET leased_until = 0, asked_at = asked_at - %s", link_previews.GIVEN_UP_MS)
    await create(edge, draft(ground, ground.alice, f"{LINK}nothing8"))
    await nobody_waits(ground)
    assert [entry.kind for entry in await entries(edge, ground)] == ["post_created"] * 2
    assert links.asked.count(f"{LINK}8") == 1


async def test_without_link_previews_nothing_outside_is_looked_at(
    grounds: Grounds, links: LinksDouble, ground: Ground, settings: Settings
) -> None:
    off = replace(settings, ServiceSettings=replace(settings.ServiceSettings, EnableLinkPreviews=False))
    async with serving("messaging", wire, grounds, off, ordinal=2) as served:
        (made,) = await create(served.caller(), draft(ground, ground.alice, f"{LINK}9 ![a]({LINK}9.png)"))
    assert not made.post.HasField("preview")
    assert sql(ground, "SELECT count(*) FROM awaited_previews") == [(0,)]
    assert links.asked == []


async def asked_for(links: LinksDouble, url: str) -> None:
    async def asked() -> bool:
        return url in links.asked

    await eventually(asked, f"{url} is looked at")


def sql(ground: Ground, statement: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(ground.dsn) as connection:
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []
