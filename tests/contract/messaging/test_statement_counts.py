"""No operation asks the database more often the more there is: whatever is about many is run with few and with many."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.message import Message

import chorus.messaging.v1
from chorus.common.v1 import access_pb2, actor_pb2
from chorus.messaging.v1 import (
    categories_pb2,
    channel_directory_pb2,
    channels_pb2,
    drafts_pb2,
    emoji_pb2,
    freshness_pb2,
    memberships_pb2,
    posts_pb2,
    reactions_pb2,
    teams_pb2,
    threads_pb2,
)
from services.chassis.ids import new_id
from tests.contract.messaging.scene import Scene
from tests.contract.served import Caller, eventually
from tests.contract.statements import counted, methods, more, of_many, stub_method

FEW, MANY = 2, 7
ALL = 200
FIXED = {
    "ChannelService.CreateDirectChannel": "of two, always",
    "MembershipService.SetNotifyProps": "its settings are one value",
    "MemberRoleService.SetChannelMemberRoles": "its roles are one value",
}
"""What names many, and is about one thing all the same."""
BESIDE = ("projections", "mention_keywords", "awaited_previews")
"""In statements of what goes on beside: following auth, and looking at links."""
TRIES = 3
_METHODS = methods(chorus.messaging.v1)


@dataclass
class Plenty:
    """A user with some of everything."""

    scene: Scene
    me: str
    team: str
    channel: str
    root: str
    users: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    emoji: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    callers: dict[str, Caller] = field(default_factory=dict)

    @property
    def actor(self) -> actor_pb2.Actor:
        return self.scene.actor(self.me)

    async def call(self, name: str, request: Any) -> Any:
        method = _METHODS[name]
        (caller, *_) = method.GetOptions().Extensions[access_pb2.access].callers
        if caller not in self.callers:
            self.callers[caller] = self.scene.served.caller(caller)
        asking = self.callers[caller]
        return await asking.call(stub_method(name, method, asking.channel), request)

    async def post(self, author: str, channel: str, text: str = "hi", root: str = "") -> str:
        draft = posts_pb2.PostDraft(
            id=new_id(), actor=self.scene.actor(author), channel_id=channel, root_id=root, message=text
        )
        (result,) = (await self.call("PostService.CreatePosts", posts_pb2.CreatePostsRequest(drafts=[draft]))).results
        assert result.HasField("post"), result.error
        return str(result.post.id)

    async def strangers(self) -> list[str]:
        """As many new users as there are of everything, once messaging has heard of them."""
        made = [await self.scene.user() for _ in self.users]

        async def known() -> bool:
            return self.scene.sql("SELECT count(*) FROM users WHERE id = ANY(%s)", made) == [(len(made),)]

        await eventually(known, "messaging knows the users")
        return made

    async def grow(self, upto: int) -> None:
        """Have so many of everything."""
        while len(self.users) < upto:
            await self._one_more()

    async def _one_more(self) -> None:
        scene, number = self.scene, len(self.users)
        user = await scene.user()
        await scene.join(self.team, user)
        await scene.enter(self.channel, user)
        name = f"parrot_{new_id()}"
        await self.call(
            "EmojiService.CreateEmoji", emoji_pb2.CreateEmojiRequest(actor=self.actor, id=new_id(), name=name)
        )
        post = await self.post(user, self.channel, f"@{scene.name_of(self.me)} :{name}:")
        await self.post(self.me, self.channel, "re", post)
        await self.post(user, self.channel, f":{name}: re", self.root)
        await self.call(
            "ReactionService.AddReaction",
            reactions_pb2.AddReactionRequest(actor=scene.actor(user), post_id=post, emoji_name=name),
        )
        await self.call(
            "ReactionService.AddReaction",
            reactions_pb2.AddReactionRequest(actor=scene.actor(user), post_id=self.root, emoji_name=name),
        )
        await self.call(
            "PostService.PatchPost", posts_pb2.PatchPostRequest(actor=scene.actor(user), id=post, is_pinned=True)
        )
        channel = (await scene.channel(self.me, self.team)).id
        await scene.enter(channel, user)
        drafted = drafts_pb2.Draft(user_id=self.me, channel_id=channel, message="half")
        await self.call("DraftService.SaveDraft", drafts_pb2.SaveDraftRequest(actor=self.actor, draft=drafted))
        group = channels_pb2.CreateGroupChannelRequest(actor=self.actor, user_ids=[self.me, user, await scene.user()])
        self.groups.append((await self.call("ChannelService.CreateGroupChannel", group)).channel.id)
        heading = categories_pb2.Category(display_name=f"Heading {number}", channel_ids=[channel])
        await self.call(
            "CategoryService.CreateCategory",
            categories_pb2.CreateCategoryRequest(
                actor=self.actor, user_id=self.me, team_id=self.team, category=heading
            ),
        )
        await scene.team(self.me)
        self.users.append(user)
        self.channels.append(channel)
        self.posts.append(post)
        self.emoji.append(name)


async def _headings(p: Plenty) -> list[categories_pb2.Category]:
    listing = categories_pb2.ListCategoriesRequest(actor=p.actor, user_id=p.me, team_id=p.team)
    return list((await p.call("CategoryService.ListCategories", listing)).categories)


async def _update_categories(p: Plenty) -> Message:
    headings = [heading for heading in await _headings(p) if heading.type == "custom"]
    for heading in headings:
        heading.display_name, heading.muted = f"{heading.display_name}!", not heading.muted
    return categories_pb2.UpdateCategoriesRequest(actor=p.actor, user_id=p.me, team_id=p.team, categories=headings)


async def _order_categories(p: Plenty) -> Message:
    ids = [heading.id for heading in await _headings(p)]
    return categories_pb2.OrderCategoriesRequest(actor=p.actor, user_id=p.me, team_id=p.team, category_ids=ids[::-1])


async def _add_members(p: Plenty) -> Message:
    strangers = await p.strangers()
    for stranger in strangers:
        await p.scene.join(p.team, stranger)
    return memberships_pb2.AddMembersRequest(actor=p.actor, channel_id=p.channel, user_ids=strangers)


async def _add_team_members(p: Plenty) -> Message:
    return teams_pb2.AddTeamMembersRequest(actor=p.actor, team_id=p.team, user_ids=await p.strangers())


async def _create_group(p: Plenty) -> Message:
    others = (await p.strangers())[:7]
    return channels_pb2.CreateGroupChannelRequest(actor=p.actor, user_ids=[p.me, *others])


async def _view(p: Plenty) -> Message:
    for user, channel in zip(p.users, p.channels, strict=True):
        root = await p.post(p.me, channel)
        await p.post(user, channel, "re", root)
    return memberships_pb2.ViewChannelsRequest(actor=p.actor, user_id=p.me, channel_ids=p.channels)


def _create_posts(p: Plenty) -> Message:
    texts = [f"@{p.scene.name_of(user)} :{name}: @all" for user, name in zip(p.users, p.emoji, strict=True)]
    said = [*((text, "") for text in texts), *zip(texts, p.posts, strict=True)]
    drafts = [
        posts_pb2.PostDraft(id=new_id(), actor=p.actor, channel_id=p.channel, message=text, root_id=root)
        for text, root in said
    ]
    return posts_pb2.CreatePostsRequest(drafts=drafts)


Build = Callable[[Plenty], Message | Awaitable[Message]]

REQUESTS: dict[str, Build] = {
    "CategoryService.ListCategories": lambda p: categories_pb2.ListCategoriesRequest(
        actor=p.actor, user_id=p.me, team_id=p.team
    ),
    "CategoryService.UpdateCategories": _update_categories,
    "CategoryService.OrderCategories": _order_categories,
    "ChannelDirectoryService.SearchChannels": lambda p: channel_directory_pb2.SearchChannelsRequest(
        actor=p.actor, scope=channel_directory_pb2.SEARCH_SCOPE_ALL_TEAMS, per_page=ALL
    ),
    "ChannelDirectoryService.CountMembers": lambda p: channel_directory_pb2.CountMembersRequest(
        actor=p.actor, channel_ids=p.channels
    ),
    "ChannelDirectoryService.GetPublicChannels": lambda p: channel_directory_pb2.GetPublicChannelsRequest(
        actor=p.actor, team_id=p.team, channel_ids=p.channels
    ),
    "ChannelDirectoryService.ListTimezones": lambda p: channel_directory_pb2.ListTimezonesRequest(
        actor=p.actor, channel_id=p.channel
    ),
    "ChannelDirectoryService.ListCommonTeams": lambda p: channel_directory_pb2.ListCommonTeamsRequest(
        actor=p.actor, channel_id=p.groups[0]
    ),
    "ChannelDirectoryService.ListMembershipsWithTeams": lambda p: channel_directory_pb2.ListMembershipsWithTeamsRequest(
        actor=p.actor, user_id=p.me
    ),
    "ChannelService.CreateGroupChannel": _create_group,
    "ChannelService.ListChannelsForUser": lambda p: channels_pb2.ListChannelsForUserRequest(
        actor=p.actor, user_id=p.me
    ),
    "ChannelService.ListPublicChannels": lambda p: channels_pb2.ListPublicChannelsRequest(
        actor=p.actor, team_id=p.team, per_page=ALL
    ),
    "ChannelService.CheckAccess": lambda p: channels_pb2.CheckAccessRequest(
        checks=[
            channels_pb2.AccessCheck(actor=p.actor, channel_id=channel, permission="upload_file")
            for channel in p.channels
        ]
    ),
    "DraftService.ListDrafts": lambda p: drafts_pb2.ListDraftsRequest(actor=p.actor, team_id=p.team),
    "EmojiService.ListEmoji": lambda p: emoji_pb2.ListEmojiRequest(actor=p.actor, per_page=ALL),
    "EmojiService.FindEmoji": lambda p: emoji_pb2.FindEmojiRequest(actor=p.actor, names=p.emoji),
    "EmojiService.SearchEmoji": lambda p: emoji_pb2.SearchEmojiRequest(actor=p.actor, term="parrot", limit=ALL),
    "FreshnessService.Check": lambda p: freshness_pb2.CheckRequest(
        checks=[freshness_pb2.ReadCheck(actor=p.actor, channel_id=channel) for channel in p.channels]
    ),
    "MembershipService.AddMembers": _add_members,
    "MembershipService.GetMembers": lambda p: memberships_pb2.GetMembersRequest(
        actor=p.actor, channel_id=p.channel, user_ids=p.users
    ),
    "MembershipService.ListMembers": lambda p: memberships_pb2.ListMembersRequest(
        actor=p.actor, channel_id=p.channel, per_page=ALL
    ),
    "MembershipService.ListMembershipsForUser": lambda p: memberships_pb2.ListMembershipsForUserRequest(
        actor=p.actor, user_id=p.me
    ),
    "MembershipService.ViewChannels": _view,
    "MembershipService.GetBaseline": lambda p: memberships_pb2.GetBaselineRequest(user_ids=[p.me, *p.users]),
    "MembershipService.FindUserIds": lambda p: memberships_pb2.FindUserIdsRequest(
        in_channel_id=p.channel, per_page=ALL
    ),
    "MembershipService.ListKnownUserIds": lambda p: memberships_pb2.ListKnownUserIdsRequest(actor=p.actor),
    "MembershipService.ListGroupMembers": lambda p: memberships_pb2.ListGroupMembersRequest(
        actor=p.actor, channel_ids=p.groups
    ),
    "MembershipService.FindVisibleUserIds": lambda p: memberships_pb2.FindVisibleUserIdsRequest(
        viewer_id=p.me, user_ids=p.users
    ),
    "PostService.CreatePosts": _create_posts,
    "PostService.GetPosts": lambda p: posts_pb2.GetPostsRequest(actor=p.actor, ids=p.posts),
    "PostService.ListPosts": lambda p: posts_pb2.ListPostsRequest(
        actor=p.actor, channel_id=p.channel, per_page=ALL, roots_only=True
    ),
    "PostService.ListUnreadPosts": lambda p: posts_pb2.ListUnreadPostsRequest(
        actor=p.actor, user_id=p.me, channel_id=p.channel, limit_before=60, limit_after=60
    ),
    "PostService.GetThread": lambda p: posts_pb2.GetThreadRequest(actor=p.actor, post_id=p.root, with_following=True),
    "PostService.ListPinnedPosts": lambda p: posts_pb2.ListPinnedPostsRequest(actor=p.actor, channel_id=p.channel),
    "PostService.ListSavedPosts": lambda p: posts_pb2.ListSavedPostsRequest(actor=p.actor, ids=p.posts, per_page=ALL),
    "PostService.FindExistingPosts": lambda p: posts_pb2.FindExistingPostsRequest(ids=p.posts),
    "ReactionService.ListReactions": lambda p: reactions_pb2.ListReactionsRequest(actor=p.actor, post_id=p.root),
    "ReactionService.ListReactionsOfPosts": lambda p: reactions_pb2.ListReactionsOfPostsRequest(
        actor=p.actor, post_ids=p.posts
    ),
    "TeamService.ListTeams": lambda p: teams_pb2.ListTeamsRequest(actor=p.actor, per_page=ALL),
    "TeamService.ListTeamsForUser": lambda p: teams_pb2.ListTeamsForUserRequest(actor=p.actor, user_id=p.me),
    "TeamService.SearchTeams": lambda p: teams_pb2.SearchTeamsRequest(actor=p.actor, term="team", per_page=ALL),
    "TeamService.AddTeamMembers": _add_team_members,
    "TeamService.GetTeamMembers": lambda p: teams_pb2.GetTeamMembersRequest(
        actor=p.actor, team_id=p.team, user_ids=p.users
    ),
    "TeamService.ListTeamMembers": lambda p: teams_pb2.ListTeamMembersRequest(
        actor=p.actor, team_id=p.team, per_page=ALL
    ),
    "TeamService.ListTeamMembershipsForUser": lambda p: teams_pb2.ListTeamMembershipsForUserRequest(
        actor=p.actor, user_id=p.me
    ),
    "ThreadService.ListThreads": lambda p: threads_pb2.ListThreadsRequest(
        actor=p.actor, user_id=p.me, team_id=p.team, per_page=ALL
    ),
    "ThreadService.CountTeamUnreads": lambda p: threads_pb2.CountTeamUnreadsRequest(
        actor=p.actor, user_id=p.me, include_threads=True
    ),
}


def test_each_method_of_many_things_is_counted() -> None:
    assert of_many(chorus.messaging.v1) - FIXED.keys() <= REQUESTS.keys(), "say how it is asked for few and for many"


@pytest.fixture
async def plenty(scene: Scene) -> Plenty:
    me = await scene.user()
    team = (await scene.team(me)).id
    channel = (await scene.channel(me, team)).id
    made = Plenty(scene, me, team, channel, "")
    made.root = await made.post(me, channel)
    return made


async def _cost(plenty: Plenty, name: str, build: Build) -> list[str]:
    """Return the statements of a call: the fewest of some tries, since auth is followed at the same time."""
    tries: list[list[str]] = []
    for _ in range(TRIES):
        built = build(plenty)
        request = await built if inspect.isawaitable(built) else built
        with counted() as seen:
            answer = await plenty.call(name, request)
        assert not [result for result in getattr(answer, "results", ()) if result.HasField("error")], (name, answer)
        tries.append([sql for sql in seen if not any(word in sql for word in BESIDE)])
    return min(tries, key=len)


async def test_no_method_asks_the_database_more_often_the_more_there_is(plenty: Plenty) -> None:
    costs: list[dict[str, list[str]]] = []
    for size in (FEW, MANY):
        await plenty.grow(size)
        costs.append({name: await _cost(plenty, name, build) for name, build in REQUESTS.items()})
    assert not more(*costs)
