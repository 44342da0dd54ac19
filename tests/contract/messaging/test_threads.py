"""Threads and what is unread: followed, read, put back, and at any time equal to a count from the posts."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import pytest

from chorus.messaging.v1 import (
    memberships_pb2,
    posts_pb2,
    posts_pb2_grpc,
    reactions_pb2,
    reactions_pb2_grpc,
    threads_pb2,
    threads_pb2_grpc,
)
from services.chassis.database import Row, Statement, Transaction
from services.chassis.errors import Reason
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import refused
from tests.contract.statements import counted
from tests.recount import differences


@dataclass(frozen=True, slots=True)
class Talk:
    """People in a channel, and the words for what they do there."""

    scene: Scene
    team: str
    channel: str
    people: tuple[str, ...]

    async def post(self, user: str, text: str = "hi", root: str = "", **more: Any) -> posts_pb2.Post:
        drafted = posts_pb2.PostDraft(
            id=new_id(), actor=self.scene.actor(user), channel_id=self.channel, root_id=root, message=text, **more
        )
        stub = posts_pb2_grpc.PostServiceStub(self.scene.caller.channel)
        answer = await self.scene.call(stub.CreatePosts, posts_pb2.CreatePostsRequest(drafts=[drafted]))
        return answer.results[0].post

    async def react(self, user: str, post: str) -> None:
        stub = reactions_pb2_grpc.ReactionServiceStub(self.scene.caller.channel)
        request = reactions_pb2.AddReactionRequest(actor=self.scene.actor(user), post_id=post, emoji_name="smile")
        await self.scene.call(stub.AddReaction, request)

    async def delete(self, user: str, post: str) -> None:
        stub = posts_pb2_grpc.PostServiceStub(self.scene.caller.channel)
        await self.scene.call(stub.DeletePost, posts_pb2.DeletePostRequest(actor=self.scene.actor(user), id=post))

    async def ask(self, name: str, user: str, **fields: Any) -> Any:
        """Call a method of the threads."""
        stub = threads_pb2_grpc.ThreadServiceStub(self.scene.caller.channel)
        request = getattr(threads_pb2, f"{name}Request")(actor=self.scene.actor(user), user_id=user, **fields)
        return await self.scene.call(getattr(stub, name), request)

    async def member(self, name: str, user: str, **fields: Any) -> Any:
        """Call a method of the memberships."""
        request = getattr(memberships_pb2, f"{name}Request")(actor=self.scene.actor(user), user_id=user, **fields)
        return await self.scene.call(getattr(self.scene.members, name), request)

    async def follow(self, user: str, root: str, following: bool = True) -> None:
        await self.ask("FollowThread", user, thread_id=root, following=following)

    async def threads(self, user: str, **query: Any) -> threads_pb2.ListThreadsResponse:
        answer = await self.ask("ListThreads", user, team_id=self.team, **({"per_page": 30} | query))
        assert isinstance(answer, threads_pb2.ListThreadsResponse)
        return answer

    async def look(self, user: str, *, keeps_threads: bool = True) -> None:
        await self.member("ViewChannels", user, channel_ids=[self.channel], keeps_threads=keeps_threads)

    def at(self, user: str) -> str:
        return f"@{self.scene.name_of(user)}"


async def talk_of(scene: Scene) -> Talk:
    """Bring four people together in a channel."""
    people = tuple([await scene.user() for _ in range(4)])
    team = await scene.team(people[0])
    channel = await scene.channel(people[0], team.id)
    for person in people[1:]:
        await scene.join(team.id, person)
        await scene.enter(channel.id, person)
    return Talk(scene, team.id, channel.id, people)


@pytest.fixture
async def talk(scene: Scene) -> Talk:
    return await talk_of(scene)


async def test_a_followed_thread_is_listed_read_and_put_back(talk: Talk) -> None:
    a, b, *_ = talk.people
    root = await talk.post(a)
    replies = [await talk.post(b, f"{n} {talk.at(a)}", root.id) for n in range(3)]
    page = await talk.threads(a)
    (thread,) = page.threads
    assert (page.total, page.total_unread, page.total_unread_mentions) == (1, 1, 3)
    assert (thread.root.id, thread.unread_replies, thread.unread_mentions) == (root.id, 3, 3)
    assert list(thread.root.participant_ids) == [b]
    read = await talk.ask("ReadThread", a, thread_id=root.id, timestamp_ms=replies[1].create_at_ms)
    assert (read.thread.unread_replies, read.thread.unread_mentions) == (1, 1)
    back = await talk.ask("UnreadThread", a, thread_id=root.id, post_id=replies[0].id)
    assert (back.thread.unread_replies, back.thread.unread_mentions) == (3, 3)
    await talk.ask("ReadAllThreads", a, team_id=talk.team)
    assert (await talk.threads(a)).total_unread == 0
    assert [t.root.id for t in (await talk.threads(a, unread=True)).threads] == []
    kinds = [kind for kind in await talk.scene.kinds(f"user:{a}") if kind.startswith("thread_")]
    assert kinds == ["thread_read_changed"] * 3
    assert differences(talk.scene.dsn) == []


async def test_who_stops_following_is_not_told_until_mentioned(talk: Talk) -> None:
    a, b, c, _ = talk.people
    root = await talk.post(a)
    await talk.post(b, "one", root.id)
    await talk.follow(a, root.id, False)
    await talk.post(b, "two", root.id)
    assert (await talk.threads(a)).total == 0
    with refused(Reason.THREAD_NOT_FOLLOWED):
        await talk.ask("GetFollowedThread", a, thread_id=root.id)
    with refused(Reason.THREAD_MEMBERSHIP_NOT_FOUND):
        await talk.ask("GetFollowedThread", c, thread_id=root.id)
    await talk.post(b, talk.at(a), root.id)
    assert (await talk.ask("GetFollowedThread", a, thread_id=root.id)).thread.unread_mentions == 1
    await talk.follow(c, root.id)
    assert (await talk.ask("GetFollowedThread", c, thread_id=root.id)).thread.unread_replies == 0
    assert "thread_follow_changed" in await talk.scene.kinds(f"user:{c}")
    assert differences(talk.scene.dsn) == []


async def test_threads_of_channels_that_one_may_not_read_are_refused_and_leave_with_the_member(talk: Talk) -> None:
    a, b, *_ = talk.people
    stranger = await talk.scene.user()
    root = await talk.post(a)
    await talk.post(b, "re", root.id)
    for name in ("GetFollowedThread", "FollowThread"):
        with refused(Reason.PERMISSION_DENIED):
            await talk.ask(name, stranger, thread_id=root.id)
    with refused(Reason.PERMISSION_DENIED):
        await talk.ask("ReadThread", a, thread_id=new_id())
    with refused(Reason.POST_NOT_FOUND):
        await talk.ask("UnreadThread", a, thread_id=root.id, post_id=(await talk.post(a)).id)
    await talk.scene.exit(talk.channel, b)
    assert (await talk.threads(b)).total == 0


async def test_a_channel_is_put_back_to_unread_and_a_teams_unread_tells_it(talk: Talk) -> None:
    a, b, *_ = talk.people
    first, second = await talk.post(a), await talk.post(a, talk.at(b))
    await talk.post(a, "re", first.id)
    await talk.delete(a, (await talk.post(a)).id)
    await talk.look(b)
    marked = (await talk.member("MarkUnread", b, post_id=second.id)).member
    assert (marked.mention_count, marked.mention_count_root, marked.last_viewed_at_ms) == (
        1,
        1,
        second.create_at_ms - 1,
    )
    (unread,) = (await talk.ask("CountTeamUnreads", b, include_threads=True)).teams
    town = (await talk.member("GetUnread", b, channel_id=talk.channel)).msg_count
    assert (town, unread.mention_count) == (2, 1)
    assert differences(talk.scene.dsn) == []
    await talk.member("SetNotifyProps", b, channel_id=talk.channel, notify_props={"mark_unread": "mention"})
    (muted,) = (await talk.ask("CountTeamUnreads", b)).teams
    assert (unread.msg_count - muted.msg_count, muted.mention_count) == (2, 1)
    assert {"post_unread", "member_updated"} <= set(await talk.scene.kinds(f"user:{b}"))
    with refused(Reason.INVALID_NOTIFY_PROPS):
        await talk.member("SetNotifyProps", b, channel_id=talk.channel, notify_props={"desktop": "loud"})


async def test_the_history_around_the_first_unseen_post(talk: Talk) -> None:
    a, b, *_ = talk.people
    posts = [await talk.post(a, str(n)) for n in range(6)]
    stub = posts_pb2_grpc.PostServiceStub(talk.scene.caller.channel)
    await talk.member("MarkUnread", b, post_id=posts[3].id)

    async def around(before: int, after: int) -> posts_pb2.PostPage:
        request = posts_pb2.ListUnreadPostsRequest(
            actor=talk.scene.actor(b), user_id=b, channel_id=talk.channel, limit_before=before, limit_after=after,
            roots_only=True,
        )  # fmt: skip
        return (await talk.scene.call(stub.ListUnreadPosts, request)).page

    page = await around(2, 2)
    assert [p.message for p in page.posts] == ["4", "3", "2", "1"]
    assert (page.next_post_id, page.prev_post_id) == (posts[5].id, posts[0].id)
    assert (await around(2, 60)).next_post_id == ""
    await talk.look(b)
    assert [p.message for p in (await around(2, 2)).posts] == ["5", "4"]


async def test_keywords_and_first_names_mention_once_auth_has_told_of_them(talk: Talk) -> None:
    a, b, *_ = talk.people
    await talk.scene.auth.change(
        b, first_name="Bea", notify_props={"mention_keys": "deploy, Rain", "first_name": "true"}
    )

    async def mentioned(text: str) -> bool:
        await talk.post(a, text)
        events = await talk.scene.events(f"channel:{talk.channel}")
        return b in events[-1][1].mentioned_user_ids

    async with asyncio.timeout(10):
        while not await mentioned("the DEPLOY!"):
            pass
    assert [await mentioned(text) for text in ("rain", "hi Bea,", "hi bea", "`deploy`")] == [True, True, False, False]


async def test_hundreds_of_concurrent_acts_leave_every_counter_as_the_posts_say(talk: Talk) -> None:
    chance = random.Random(7)
    roots = [(await talk.post(talk.people[0])).id for _ in range(3)]
    made: list[tuple[str, str]] = []

    async def act() -> None:
        user, other, root = chance.choice(talk.people), chance.choice(talk.people), chance.choice(roots)
        kind = chance.choice(("post", "reply", "reply", "mention", "everybody", "delete", "look", "read", "unread",
                              "follow", "unfollow", "mark", "leave"))  # fmt: skip
        match kind:
            case "post" | "reply" | "mention" | "everybody":
                text = {"mention": talk.at(other), "everybody": "@all"}.get(kind, "hi")
                post = await talk.post(user, text, root if kind != "post" and chance.random() < 0.7 else "")
                if post.id:
                    made.append((user, post.id))
            case "delete" if made:
                await talk.delete(*made.pop(chance.randrange(len(made))))
            case "look":
                await talk.look(user, keeps_threads=chance.random() < 0.5)
            case "read":
                await talk.ask("ReadThread", user, thread_id=root, timestamp_ms=2**50)
            case "unread" if made:
                await talk.ask("UnreadThread", user, thread_id=root, post_id=chance.choice(made)[1])
            case "follow" | "unfollow":
                await talk.follow(user, root, kind == "follow")
            case "mark" if made:
                await talk.member("MarkUnread", user, post_id=chance.choice(made)[1], keeps_threads=True)
            case "leave" if user == talk.people[3]:
                await talk.scene.exit(talk.channel, user)
                await talk.scene.enter(talk.channel, user)

    for _ in range(6):
        await asyncio.gather(*(act() for _ in range(60)), return_exceptions=True)
        assert differences(talk.scene.dsn) == []
    assert talk.scene.deadlocks() == 0


async def test_lists_ask_as_much_for_many_threads_as_for_one(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, *_ = talk.people
    asked: list[str] = []
    pipelined = Transaction.pipelined

    async def counting(tx: Transaction, *statements: Statement) -> list[list[Row]]:
        asked.extend(sql for sql, _ in statements)
        return await pipelined(tx, *statements)

    monkeypatch.setattr(Transaction, "pipelined", counting)
    posts = posts_pb2_grpc.PostServiceStub(talk.scene.caller.channel)

    async def cost() -> dict[str, int]:
        request = posts_pb2.ListPostsRequest(
            actor=talk.scene.actor(a), channel_id=talk.channel, per_page=60, roots_only=True
        )
        costs = {}
        for name, call in (
            ("threads", lambda: talk.threads(a)),
            ("teams", lambda: talk.ask("CountTeamUnreads", a, include_threads=True)),
            ("posts", lambda: talk.scene.call(posts.ListPosts, request)),
            ("reply", lambda: talk.post(b, "re", roots[0])),
        ):
            asked.clear()
            await call()
            # Not those by which the process keeps up with auth meanwhile.
            costs[name] = len([sql for sql in asked if "projections" not in sql and "mention_keywords" not in sql])
        return costs

    roots = [(await talk.post(a)).id]
    await talk.post(b, "re", roots[0])
    one = await cost()
    for _ in range(8):
        roots.append((await talk.post(a)).id)
        await talk.post(b, "re", roots[-1])
    assert await cost() == one


async def test_a_list_of_threads_shows_their_posts_as_they_are_and_asks_no_more_for_many(talk: Talk) -> None:
    alice, bob = talk.people[:2]
    costs = []
    for number in (1, 10):
        for _ in range(number):
            root = await talk.post(alice, "look :smile: :nothing_at_all:")
            await talk.post(bob, root=root.id)
            await talk.react(bob, root.id)
        with counted() as seen:
            listed = (await talk.threads(alice)).threads
        costs.append(len(seen))
        assert all([reaction.emoji_name for reaction in thread.root.reactions] == ["smile"] for thread in listed)
        assert len(listed) >= number
    assert costs[0] == costs[1]
