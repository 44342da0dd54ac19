"""The web client loads, as its own requests say it: in its order and with its headers, for who has nothing or much.

What this server does not have yet must say so; the day it is served, its answer is held to what the client needs.
"""

import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deploy.cli.sample_plan import Sizes, plan
from deploy.cli.seeding import PASSWORD as SAMPLE_PASSWORD
from deploy.cli.seeding import Seeder
from tests.conftest import ADMIN
from tests.e2e.browser import Browser
from tests.e2e.client import Place
from tests.e2e.database import Database
from tests.e2e.world import World, unique

POSTS = int(os.environ.get("BOOT_POSTS", "600"))
"""In all channels of who is busy; BOOT_POSTS=50000 takes minutes."""
BUSY_SEED = 31
PASSWORD = "where do we begin"
LOGGED_OUT = (401, "api.context.session_expired.app_error")
COOKIES = {"MMAUTHTOKEN", "MMUSERID", "MMCSRF"}
PAGE = "limit_after=30&limit_before=30&skipFetchThreads=false&collapsedThreads=true&collapsedThreadsExtended=false"


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whose client loads, and what it will find."""

    id: str
    username: str
    password: str
    teams: int = 0
    channels: int = 0
    """Beside town-square and off-topic."""
    posts: int = 0


@pytest.fixture
async def browser(front: Place) -> AsyncIterator[Browser]:
    window = Browser(front)
    yield window
    await window.close()


async def _account(world: World) -> Somebody:
    name = unique("boot")
    made = await world.admin.post("/users", {"username": name, "email": f"{name}@example.org", "password": PASSWORD})
    return Somebody(made["id"], name, PASSWORD)


async def _fresh_admin(world: World, database: Database) -> Somebody:
    """Who administers the server, before there is any team."""
    admin = await _account(world)
    database.write("auth", "UPDATE users SET roles = %s WHERE id = %s", ["system_admin", "system_user"], admin.id)
    return admin


async def _plain_member(world: World, database: Database) -> Somebody:
    """Who is in one team, with nothing in it."""
    member = await _account(world)
    team = await world.team()
    await world.admin.post(f"/teams/{team['id']}/members", {"team_id": team["id"], "user_id": member.id})
    return replace(member, teams=1)


async def _busy_member(world: World, database: Database) -> Somebody:
    """Who is in three teams and two hundred channels full of posts."""
    story = plan(BUSY_SEED, Sizes(users=3, teams=3, channels=200, posts=POSTS))
    url = f"http://{world.front.host}:{world.front.rest_port}"
    for _, _, make in Seeder(world.http, url, story).chapters((ADMIN["username"], ADMIN["password"])):
        await make(lambda: None)
    user = await world.admin.get(f"/users/username/{story.people[0]}")
    return Somebody(user["id"], story.people[0], SAMPLE_PASSWORD, teams=3, channels=200, posts=POSTS)


def _has(value: Mapping[str, Any], names: str) -> None:
    missing = [name for name in names.split() if name not in value]
    assert not missing, (missing, value)


@pytest.mark.parametrize("who", [_fresh_admin, _plain_member, _busy_member])
async def test_the_web_client_loads(
    world: World, browser: Browser, database: Database, who: Callable[[World, Database], Awaitable[Somebody]]
) -> None:
    somebody = await who(world, database)
    await _pages(world)
    await _login_page(browser)
    await _sign_in(browser, somebody)
    mine = await _who_am_i(browser, somebody.id)
    assert len(mine) == somebody.teams
    memberships = await _channels(browser, somebody)
    for team in mine:
        await _team(browser, somebody.id, team)
    await _layout(browser, somebody.id)
    if mine:
        await _open_and_talk(browser, somebody.id, mine[0], memberships)
    await _sign_out(browser)


async def _pages(world: World) -> None:
    """The page and its files: what is asked for before anything of the API."""
    site = f"http://{world.front.host}:{world.front.rest_port}"
    kept, asked_again = "max-age=31556926, public", "no-cache, max-age=31556926, public"
    for path, kind, keeping in (
        ("/", "text/html; charset=utf-8", asked_again),
        ("/a-team/channels/town-square", "text/html; charset=utf-8", asked_again),
        ("/static/chat.js", "text/javascript; charset=utf-8", kept),
        ("/static/chat.css", "text/css; charset=utf-8", kept),
        ("/static/manifest.json", "application/json", kept),
    ):
        async with world.http.get(f"{site}{path}") as response:
            assert (response.status, response.headers["Content-Type"]) == (200, kind), path
            assert response.headers["Cache-Control"] == keeping
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            if kind.startswith("text/html"):
                assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
                assert response.headers["Content-Security-Policy"] == "frame-ancestors 'self'; script-src 'self'"
                assert "<title>Chorus</title>" in await response.text()
    for path, status in (("/static/none.js", 404), ("/static/", 404), ("/robots.txt", 200), ("/api/v5/x", 404)):
        async with world.http.get(f"{site}{path}") as response:
            assert response.status == status, path


async def _login_page(browser: Browser) -> None:
    config = await browser.ask("GET", "/config/client?format=old")
    _has(config, "Version BuildNumber SiteName DefaultClientLocale EnableSignInWithEmail EnableSignInWithUsername")
    _has(config, "NoAccounts DiagnosticId EnableUserCreation EnableOpenServer PluginsEnabled")
    assert config["NoAccounts"] == "false"
    licence = await browser.ask("GET", "/license/client?format=old")
    assert licence["IsLicensed"] in ("true", "false")
    assert (await browser.send("GET", "/license/client")).status == 400
    assert (await browser.send("GET", "/users/me")).refusal == LOGGED_OUT


async def _sign_in(browser: Browser, somebody: Somebody) -> None:
    user_id = somebody.id
    wrong = {"login_id": somebody.username, "password": "is it this", "token": "", "deviceId": ""}
    refused = await browser.send("POST", "/users/login", wrong)
    assert refused.refusal == (401, "api.user.login.invalid_credentials_email_username")
    answer = await browser.send("POST", "/users/login", wrong | {"password": somebody.password})
    user = answer.expect(200)
    assert user["id"] == user_id
    _has(user, "roles locale notify_props timezone email")
    assert not {"password", "mfa_secret", "last_login"} & set(user)
    assert set(browser.cookies) == COOKIES
    assert browser.cookies["MMUSERID"] == user_id
    assert browser.cookies["MMAUTHTOKEN"] == answer.headers["Token"]
    assert browser.readable == {"MMUSERID", "MMCSRF"}
    roles = await browser.ask("POST", "/roles/names", user["roles"].split())
    assert {role["name"] for role in roles} == set(user["roles"].split())
    assert all(role["permissions"] for role in roles)


async def _who_am_i(browser: Browser, user_id: str) -> Sequence[dict[str, Any]]:
    config = await browser.ask("GET", "/config/client?format=old")
    _has(config, "TeammateNameDisplay CollapsedThreads MaxFileSize MaxPostSize PostEditTimeLimit EnableUserStatuses")
    _has(config, "EnableCustomEmoji EnableEmojiPicker EnableFileAttachments AllowSyncedDrafts")
    _has(config, "TimeBetweenUserTypingUpdatesMilliseconds UniqueEmojiReactionLimitPerPost")
    assert all(isinstance(value, str) for value in config.values())
    me = await browser.ask("GET", "/users/me")
    assert me["id"] == user_id
    _has(me, "username roles locale notify_props timezone update_at create_at delete_at")
    _has(me["notify_props"], "desktop push mention_keys channel first_name comments")
    await browser.ask("GET", "/users/me/preferences")
    teams: list[dict[str, Any]] = await browser.ask("GET", "/users/me/teams")
    members = await browser.ask("GET", "/users/me/teams/members")
    assert {member["team_id"] for member in members} == {team["id"] for team in teams}
    assert all("team_user" in member["roles"] for member in members)
    await browser.ask("GET", "/users/me/teams/unread?include_collapsed_threads=true")
    await browser.ask("GET", "/limits/server")
    return teams


async def _channels(browser: Browser, somebody: Somebody) -> list[dict[str, Any]]:
    path = f"/users/{somebody.id}/channel_members?page=-1&per_page=60"
    members: list[dict[str, Any]] = await browser.ask("GET", path)
    assert len(members) == somebody.channels + 2 * somebody.teams  # town-square and off-topic are in each
    answer = await browser.send("GET", "/users/me/channels")
    if not members:
        assert answer.status in (200, 404)
        return members
    channels = {channel["id"]: channel for channel in answer.expect(200)}
    assert channels.keys() == {member["channel_id"] for member in members}
    assert sum(channel["total_msg_count"] for channel in channels.values()) == somebody.posts
    unread: Counter[str] = Counter()
    mentions: Counter[str] = Counter()
    for member in members:
        channel = channels[member["channel_id"]]
        assert channel["total_msg_count"] >= member["msg_count"]
        assert channel["total_msg_count_root"] >= member["msg_count_root"]
        unread[channel["team_id"]] += channel["total_msg_count_root"] - member["msg_count_root"]
        mentions[channel["team_id"]] += member["mention_count_root"]
    told = await browser.ask("GET", "/users/me/teams/unread?include_collapsed_threads=true")
    assert {one["team_id"]: one["msg_count_root"] for one in told} == dict(unread)
    assert {one["team_id"]: one["mention_count_root"] for one in told} == dict(mentions)
    return members


async def _team(browser: Browser, user_id: str, team: Mapping[str, Any]) -> None:
    here = f"/users/{user_id}/teams/{team['id']}"
    channels = await browser.ask("GET", f"/users/me/teams/{team['id']}/channels?include_deleted=false")
    assert {"town-square", "off-topic"} <= {channel["name"] for channel in channels}
    await browser.ask("GET", f"/users/me/teams/{team['id']}/channels/members")
    sidebar = await browser.ask("GET", f"{here}/channels/categories")
    assert {one["type"] for one in sidebar["categories"]} == {"favorites", "channels", "direct_messages"}
    assert sidebar["order"] == [one["id"] for one in sidebar["categories"]]
    listed = next(one["channel_ids"] for one in sidebar["categories"] if one["type"] == "channels")
    assert set(listed) == {channel["id"] for channel in channels if channel["team_id"]}
    totals = "per_page=20&extended=false&deleted=false&unread=false&since=0&totalsOnly=true&threadsOnly=false"
    await browser.ask("GET", f"{here}/threads?before=&after=&{totals}")
    await browser.ask("GET", f"/users/me/teams/{team['id']}/drafts")
    await browser.ask("GET", f"/posts/scheduled/team/{team['id']}?includeDirectChannels=true")
    await browser.ask("GET", f"/system/notices/{team['id']}?client=web&clientVersion=11.6.0")


async def _layout(browser: Browser, user_id: str) -> None:
    await browser.ask("GET", "/users?page=0&per_page=100")
    await browser.ask("GET", "/teams?page=0&per_page=200&include_total_count=false&exclude_policy_constrained=false")
    statuses = await browser.ask("POST", "/users/status/ids", [user_id])
    assert [status["user_id"] for status in statuses] == [user_id]
    assert [user["id"] for user in await browser.ask("POST", "/users/ids", [user_id])] == [user_id]
    await browser.ask("POST", "/users/group_channels", ["x" * 26])
    await browser.ask("POST", "/users/usernames", ["nobody"])
    await browser.ask("POST", "/emoji/names", ["none_such"])
    for path in ("/agents/status", "/custom_profile_attributes/fields", "/plugins/webapp", "/trial-license/prev"):
        await browser.ask("GET", path)


async def _open_and_talk(
    browser: Browser, user_id: str, team: Mapping[str, Any], memberships: Sequence[Mapping[str, Any]]
) -> None:
    found = await browser.ask("GET", f"/teams/name/{team['name']}/channels/name/town-square?include_deleted=true")
    channel_id = found["id"]
    assert channel_id in [member["channel_id"] for member in memberships]
    await browser.ask("GET", f"/channels/{channel_id}/members/{user_id}")
    stats = await browser.ask("GET", f"/channels/{channel_id}/stats?exclude_files_count=true")
    assert stats["files_count"] == -1
    await browser.ask("GET", f"/users/{user_id}/channels/{channel_id}/posts/unread?{PAGE}")
    posts = await browser.ask("GET", f"/channels/{channel_id}/posts?page=0&per_page=30&{PAGE}")
    assert (posts["next_post_id"], posts["prev_post_id"]) == ("", "")
    viewed = await browser.ask(
        "POST", "/channels/members/me/view", {"channel_id": channel_id, "collapsed_threads_supported": True}
    )
    assert list(viewed["last_viewed_at_times"]) == [channel_id]
    await browser.ask("GET", "/users/stats")
    draft = {
        "channel_id": channel_id,
        "message": "half",
        "root_id": "",
        "user_id": user_id,
        "props": {},
        "file_ids": [],
    }
    await browser.ask("POST", "/drafts", draft, expect=201, headers={"Connection-Id": "x" * 26})
    pending = f"{user_id}:{int(time.time() * 1000)}"
    post = await browser.ask(
        "POST",
        "/posts",
        {
            "channel_id": channel_id,
            "message": "half past",
            "root_id": "",
            "pending_post_id": pending,
            "user_id": user_id,
            "create_at": 0,
            "update_at": int(time.time() * 1000),
            "reply_count": 0,
            "props": {},
            "metadata": {},
        },
        expect=201,
    )
    assert post["pending_post_id"] == pending
    assert isinstance(post["metadata"], dict)
    assert isinstance(post["props"], dict)
    await browser.ask("DELETE", f"/users/me/channels/{channel_id}/drafts", headers={"Connection-Id": "x" * 26})
    down = "skipFetchThreads=false&collapsedThreads=true&collapsedThreadsExtended=false&direction=down&perPage=60"
    thread = await browser.ask("GET", f"/posts/{post['id']}/thread?{down}")
    assert thread["order"] == [post["id"]]
    since = await browser.ask("GET", f"/channels/{channel_id}/posts?since={post['create_at'] - 1}&{PAGE}")
    assert post["id"] in since["order"]
    blurred = await browser.ask("POST", "/channels/members/me/view", {"channel_id": ""})
    assert blurred["last_viewed_at_times"] == {}


async def _sign_out(browser: Browser) -> None:
    await browser.ask("POST", "/users/logout")
    assert "MMAUTHTOKEN" not in browser.cookies
    assert (await browser.send("GET", "/users/me")).refusal == LOGGED_OUT
    await browser.ask("POST", "/users/logout")
