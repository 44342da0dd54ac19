"""Posts that others link to: shown to those who may read them, wherever they read of them, and to nobody else."""

from collections.abc import Sequence

import psycopg
import pytest

from chorus.messaging.v1 import events_pb2, posts_pb2, posts_pb2_grpc
from services.chassis.config import Settings
from services.chassis.ids import new_id
from tests.contract.messaging.conftest import Ground
from tests.contract.messaging.test_posts import create, draft, entries
from tests.contract.served import Caller, Served
from tests.contract.statements import counted


class Reader:
    """Somebody who asks for posts in every way that there is."""

    def __init__(self, edge: Caller, ground: Ground, user_id: str) -> None:
        self.edge, self.actor, self.channel, self.user_id = edge, ground.actor(user_id), ground.channel, user_id
        self.stub = posts_pb2_grpc.PostServiceStub(edge.channel)

    async def page(self) -> posts_pb2.ListPostsResponse:
        request = posts_pb2.ListPostsRequest(actor=self.actor, channel_id=self.channel, per_page=60)
        return await self.edge.call(self.stub.ListPosts, request)

    async def everywhere(self, post_id: str) -> list[posts_pb2.Post]:
        """The post as each answer has it."""
        one = await self.edge.call(self.stub.GetPost, posts_pb2.GetPostRequest(actor=self.actor, id=post_id))
        some = await self.edge.call(self.stub.GetPosts, posts_pb2.GetPostsRequest(actor=self.actor, ids=[post_id]))
        thread = await self.edge.call(
            self.stub.GetThread, posts_pb2.GetThreadRequest(actor=self.actor, post_id=post_id)
        )
        unread = await self.edge.call(
            self.stub.ListUnreadPosts,
            posts_pb2.ListUnreadPostsRequest(
                actor=self.actor, user_id=self.user_id, channel_id=self.channel, limit_before=60, limit_after=60
            ),
        )
        page = await self.page()
        assert page.personal
        found = [one.post, *some.posts, *thread.posts, *unread.page.posts, *page.page.posts]
        return [post for post in found if post.id == post_id]

    async def sees(self, post_id: str) -> bool:
        """Whether it is shown what the post links to; alike everywhere."""
        answers = {post.HasField("previewed") for post in await self.everywhere(post_id)}
        assert len(answers) == 1
        return answers.pop()


@pytest.fixture
def site(settings: Settings) -> str:
    return settings.ServiceSettings.SiteURL


async def linked(edge: Caller, ground: Ground, site: str, channel_id: str, message: str = "hidden") -> tuple[str, str]:
    """Post something, and in the open channel a link to it; return both ids, the link's last."""
    (hidden,) = await create(edge, draft(ground, ground.alice, message, channel_id=channel_id))
    (link,) = await create(edge, draft(ground, ground.alice, f"see {site}/team/pl/{hidden.post.id}"))
    return hidden.post.id, link.post.id


def sql(ground: Ground, statement: str, *parameters: object) -> None:
    with psycopg.connect(ground.dsn) as connection:
        connection.execute(statement.encode(), parameters)


async def test_a_linked_post_is_shown_to_those_who_may_read_its_channel(
    messaging: Served, ground: Ground, site: str
) -> None:
    edge = messaging.caller()
    hidden, link = await linked(edge, ground, site, ground.private)
    bob, carol = Reader(edge, ground, ground.bob), Reader(edge, ground, ground.carol)
    for post in await bob.everywhere(link):
        shown = post.previewed
        assert (shown.post.id, shown.post.message, shown.channel_type) == (hidden, "hidden", "P")
        assert (shown.channel_display_name, shown.team_name) == ("Channel", ground.team)
        assert not post.HasField("preview")
    for post in await carol.everywhere(link):
        assert b"hidden" not in post.SerializeToString()
    assert not await carol.sees(link)


async def test_what_changes_who_may_read_counts_at_once(messaging: Served, ground: Ground, site: str) -> None:
    edge = messaging.caller()
    hidden, link = await linked(edge, ground, site, ground.private)
    bob, carol = Reader(edge, ground, ground.bob), Reader(edge, ground, ground.carol)
    sql(ground, "DELETE FROM channel_members WHERE channel_id = %s AND user_id = %s", ground.private, ground.bob)
    sql(
        ground,
        "INSERT INTO channel_members (channel_id, user_id, last_update_at) VALUES (%s, %s, 1)",
        ground.private,
        ground.carol,
    )
    assert not await bob.sees(link)
    assert await carol.sees(link)
    request = posts_pb2.DeletePostRequest(actor=ground.actor(ground.alice), id=hidden)
    await edge.call(posts_pb2_grpc.PostServiceStub(edge.channel).DeletePost, request)
    assert not await carol.sees(link)


async def test_the_author_too_is_shown_only_what_it_may_read(messaging: Served, ground: Ground, site: str) -> None:
    edge = messaging.caller()
    (hidden,) = await create(edge, draft(ground, ground.alice, "hidden", channel_id=ground.private))
    sql(
        ground,
        "INSERT INTO channel_members (channel_id, user_id, last_update_at) VALUES (%s, %s, 1)",
        ground.channel,
        ground.carol,
    )
    text = f"{site}/_redirect/pl/{hidden.post.id}"
    own, foreign = await create(edge, draft(ground, ground.alice, text), draft(ground, ground.carol, text))
    assert own.post.previewed.post.id == hidden.post.id
    assert not foreign.post.HasField("previewed")
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    pinning = posts_pb2.PatchPostRequest(actor=ground.actor(ground.carol), id=foreign.post.id, is_pinned=True)
    assert not (await edge.call(stub.PatchPost, pinning)).post.HasField("previewed")
    bob = Reader(edge, ground, ground.bob)
    assert await bob.sees(foreign.post.id)


async def test_events_carry_it_for_the_edge_to_share_out(messaging: Served, ground: Ground, site: str) -> None:
    edge = messaging.caller()
    hidden, link = await linked(edge, ground, site, ground.private)
    stub = posts_pb2_grpc.PostServiceStub(edge.channel)
    patch = posts_pb2.PatchPostRequest(actor=ground.actor(ground.alice), id=link, is_pinned=True)
    await edge.call(stub.PatchPost, patch)
    made, edited = await entries(edge, ground)
    assert events_pb2.PostCreated.FromString(made.body).post.previewed.post.id == hidden
    assert events_pb2.PostEdited.FromString(edited.body).post.previewed.post.id == hidden
    gone = posts_pb2.PatchPostRequest(actor=ground.actor(ground.alice), id=link, message="no link")
    answer = (await edge.call(stub.PatchPost, gone)).post
    assert not answer.HasField("previewed")
    page = await Reader(edge, ground, ground.bob).page()
    assert not page.personal


async def test_what_a_linked_post_links_to_is_not_shown_with_it(messaging: Served, ground: Ground, site: str) -> None:
    edge = messaging.caller()
    _, link = await linked(edge, ground, site, ground.private)
    (outer,) = await create(edge, draft(ground, ground.alice, f"{site}/team/pl/{link}"))
    assert outer.post.previewed.post.id == link
    assert not outer.post.previewed.post.HasField("previewed")
    (nothing,) = await create(edge, draft(ground, ground.alice, f"{site}/team/pl/{new_id()}"))
    assert not nothing.post.HasField("previewed")
    assert not nothing.post.HasField("preview")


async def test_of_direct_channels_no_name_is_told(messaging: Served, ground: Ground, site: str) -> None:
    edge = messaging.caller()
    direct = new_id()
    sql(
        ground,
        "INSERT INTO channels (id, create_at, update_at, team_id, type, display_name, name) "
        "VALUES (%s, 1, 1, '', 'D', 'no', %s)",
        direct,
        direct,
    )
    sql(ground, "INSERT INTO topics VALUES ('messaging/channel:' || %s, 0, 0)", direct)
    for user_id in (ground.alice, ground.bob):
        sql(
            ground,
            "INSERT INTO channel_members (channel_id, user_id, last_update_at) VALUES (%s, %s, 1)",
            direct,
            user_id,
        )
    _, link = await linked(edge, ground, site, direct)
    for post in await Reader(edge, ground, ground.bob).everywhere(link):
        shown = post.previewed
        assert (shown.channel_type, shown.channel_display_name, shown.team_name) == ("D", "", "")


async def test_a_page_asks_as_much_for_many_linked_posts_as_for_one(
    messaging: Served, ground: Ground, site: str
) -> None:
    edge = messaging.caller()
    costs: list[Sequence[str]] = []
    for number in (1, 20):
        for _ in range(number):
            await linked(edge, ground, site, ground.private)
        with counted() as seen:
            page = await Reader(edge, ground, ground.bob).page()
        costs.append(list(seen))
        assert len([post for post in page.page.posts if post.HasField("previewed")]) >= number
    assert len(costs[0]) == len(costs[1])
