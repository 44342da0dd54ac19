"""Sidebar categories through generated stubs, the real gate and a real database."""

from collections.abc import Sequence
from typing import Any

from chorus.messaging.v1 import categories_pb2 as pb
from chorus.messaging.v1 import categories_pb2_grpc
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted


class Sidebar:
    """A user's headings in a team."""

    def __init__(self, scene: Scene, user_id: str, team_id: str) -> None:
        self.scene, self.user_id, self.team_id = scene, user_id, team_id
        self.stub = categories_pb2_grpc.CategoryServiceStub(scene.caller.channel)

    def _whose(self, by: str) -> dict[str, Any]:
        return {"actor": self.scene.actor(by or self.user_id), "user_id": self.user_id, "team_id": self.team_id}

    async def all(self, by: str = "") -> dict[str, pb.Category]:
        """By display name, in their order."""
        answer = await self.scene.call(self.stub.ListCategories, pb.ListCategoriesRequest(**self._whose(by)))
        return {category.display_name: category for category in answer.categories}

    async def create(self, name: str, *channel_ids: str, by: str = "") -> pb.Category:
        category = pb.Category(display_name=name, channel_ids=channel_ids)
        request = pb.CreateCategoryRequest(**self._whose(by), category=category)
        return (await self.scene.call(self.stub.CreateCategory, request)).category

    async def update(self, *categories: pb.Category, by: str = "") -> Sequence[pb.Category]:
        request = pb.UpdateCategoriesRequest(**self._whose(by), categories=categories)
        return (await self.scene.call(self.stub.UpdateCategories, request)).categories

    async def order(self, *ids: str) -> None:
        await self.scene.call(self.stub.OrderCategories, pb.OrderCategoriesRequest(**self._whose(""), category_ids=ids))

    async def delete(self, category_id: str, by: str = "") -> None:
        request = pb.DeleteCategoryRequest(**self._whose(by), category_id=category_id)
        await self.scene.call(self.stub.DeleteCategory, request)


async def test_every_member_has_three_headings_with_its_channels(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    other = await scene.team(alice)
    channel = await scene.channel(alice, team.id, display_name="A first")
    square = await scene.named(alice, team.id, "town-square")
    topic = await scene.named(alice, team.id, "off-topic")
    found = await Sidebar(scene, alice, team.id).all()
    assert list(found) == ["Favorites", "Channels", "Direct Messages"]
    assert found["Channels"].channel_ids == [channel.id, topic.id, square.id]
    assert found["Channels"].id == f"channels_{alice}_{team.id}"
    assert channel.id not in (await Sidebar(scene, alice, other.id).all())["Channels"].channel_ids


async def test_a_channel_is_under_one_heading_and_comes_home_when_it_is_gone(scene: Scene) -> None:
    alice, eve = await scene.user("alice"), await scene.user("eve")
    team = await scene.team(alice)
    await scene.join(team.id, eve)
    one, two = await scene.channel(alice, team.id), await scene.channel(alice, team.id)
    foreign = await scene.channel(eve, team.id, type="P")
    sidebar = Sidebar(scene, alice, team.id)
    mine = await sidebar.create("Mine", two.id, one.id, foreign.id)
    assert (mine.type, list(mine.channel_ids)) == ("custom", [two.id, one.id])
    found = await sidebar.all()
    assert list(found) == ["Favorites", "Mine", "Channels", "Direct Messages"]
    assert not {one.id, two.id} & set(found["Channels"].channel_ids)
    mine.channel_ids[:] = [two.id]
    found["Favorites"].channel_ids.append(one.id)
    changed = await sidebar.update(found["Favorites"], mine)
    assert [c.channel_ids for c in changed] == [[one.id], [two.id]]
    await scene.exit(one.id, alice)
    assert (await sidebar.all())["Favorites"].channel_ids == []
    await sidebar.delete(mine.id)
    found = await sidebar.all()
    assert "Mine" not in found
    assert two.id in found["Channels"].channel_ids
    kinds = [kind for kind in await scene.kinds(f"user:{alice}") if kind.startswith("categor")]
    assert kinds == ["category_created", "categories_updated", "category_deleted"]


async def test_the_order_is_the_users_own(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    sidebar = Sidebar(scene, alice, team.id)
    await sidebar.create("Mine")
    ids = [category.id for category in (await sidebar.all()).values()]
    back = ids[::-1]
    await sidebar.order(*back)
    assert [category.id for category in (await sidebar.all()).values()] == back
    before = await scene.kinds(f"user:{alice}")
    assert before[-1] == "categories_ordered"
    for wrong in (ids[:-1], [*ids, new_id()], [*ids[:-1], ids[0]]):
        with refused(Reason.CATEGORIES_REFUSED):
            await sidebar.order(*wrong)
    with refused(Reason.CATEGORIES_REFUSED):
        await sidebar.delete(f"favorites_{alice}_{team.id}")
    with refused(Reason.PERMISSION_DENIED):
        await sidebar.delete(new_id())
    assert await scene.kinds(f"user:{alice}") == before


async def test_nobody_else_sees_or_changes_it(scene: Scene) -> None:
    alice, eve = await scene.user("alice"), await scene.user("eve")
    root = await scene.user("root", "system_user", "system_admin")
    team = await scene.team(alice)
    await scene.join(team.id, eve)
    sidebar = Sidebar(scene, alice, team.id)
    mine = await sidebar.create("Mine", by=root)
    for attempt in (
        sidebar.all(by=eve),
        sidebar.create("Hers", by=eve),
        sidebar.update(mine, by=eve),
        sidebar.delete(mine.id, by=eve),
    ):
        with refused(Reason.PERMISSION_DENIED):
            await attempt
    with refused(Reason.INVALID_ARGUMENT, field="category"):
        await Sidebar(scene, eve, team.id).update(mine)
    with refused(Reason.PERMISSION_DENIED):
        await Sidebar(scene, eve, (await scene.team(alice)).id).all()


async def test_who_leaves_the_team_leaves_no_headings(scene: Scene) -> None:
    alice, bob = await scene.user("alice"), await scene.user("bob")
    team = await scene.team(alice)
    await scene.join(team.id, bob)
    square = await scene.named(bob, team.id, "town-square")
    await Sidebar(scene, bob, team.id).create("Mine", square.id)
    await scene.quit(team.id, bob)
    await scene.join(team.id, bob)
    assert list(await Sidebar(scene, bob, team.id).all()) == ["Favorites", "Channels", "Direct Messages"]
    assert scene.sql("SELECT count(*) FROM sidebar_channels WHERE user_id = %s", bob) == [(0,)]


async def test_the_sidebar_costs_the_same_however_many_channels_there_are(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    sidebar = Sidebar(scene, alice, team.id)
    with counted() as few:
        await sidebar.all()
    for _ in range(6):
        await scene.channel(alice, team.id)
    with counted() as many:
        assert len((await sidebar.all())["Channels"].channel_ids) == 8
    assert len(many) == len(few) <= 4


async def test_what_is_under_a_muted_heading_is_muted_and_no_longer_when_it_leaves(scene: Scene) -> None:
    alice = await scene.user("alice")
    team = await scene.team(alice)
    one, two = await scene.channel(alice, team.id), await scene.channel(alice, team.id)
    sidebar = Sidebar(scene, alice, team.id)
    mine = await sidebar.create("Mine", one.id, two.id)

    def marks() -> dict[str, str]:
        rows = scene.sql(
            "SELECT channel_id, notify_props ->> 'mark_unread' FROM channel_members WHERE user_id = %s", alice
        )
        return {channel: mark for channel, mark in rows if channel in (one.id, two.id)}

    assert marks() == {one.id: "all", two.id: "all"}
    mine.muted = True
    await sidebar.update(mine)
    assert marks() == {one.id: "mention", two.id: "mention"}
    assert (await scene.kinds(f"user:{alice}"))[-3:] == ["categories_updated", "member_updated", "member_updated"]
    mine.channel_ids[:] = [one.id]
    await sidebar.update(mine)
    assert marks() == {one.id: "mention", two.id: "all"}
    told = [body.member for kind, body in await scene.events(f"user:{alice}") if kind == "member_updated"]
    assert [(m.channel_id, m.notify_props["mark_unread"]) for m in told[2:]] == [(two.id, "all")]
