"""What the web client asks for when it loads, in its order and with its headers, and what it needs of each answer."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.cli.sample_plan import Sizes
from tests.e2e.browser import Browser

TEAMS, CHANNELS = 3, 200
"""Of who has much."""
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


def busy(posts: int) -> Sizes:
    """Return the sample data among which somebody is a member of everything."""
    return Sizes(users=3, teams=TEAMS, channels=CHANNELS, posts=posts)


async def load_client(browser: Browser, somebody: Somebody) -> None:
    """Ask for everything that a window asks for when it opens on who is signed in, and talk in the first team."""
    mine = await _who_am_i(browser, somebody.id)
    assert len(mine) == somebody.teams
    memberships = await _channels(browser, somebody)
    for team in mine:
        await _team(browser, somebody.id, team)
    await _layout(browser, somebody.id)
    if mine:
        await _open_and_talk(browser, somebody.id, mine[0], memberships)


def _has(value: Mapping[str, Any], names: str) -> None:
    missing = [name for name in names.split() if name not in value]
    assert not missing, (missing, value)


async def login_page(browser: Browser) -> None:
    """Ask for what the page needs that asks for a name and a password."""
    config = await browser.ask("GET", "/config/client?format=old")
    _has(config, "Version BuildNumber SiteName DefaultClientLocale EnableSignInWithEmail EnableSignInWithUsername")
    _has(config, "NoAccounts DiagnosticId EnableUserCreation EnableOpenServer PluginsEnabled")
    assert config["NoAccounts"] == "false"
    licence = await browser.ask("GET", "/license/client?format=old")
    assert licence["IsLicensed"] in ("true", "false")
    assert (await browser.send("GET", "/license/client")).status == 400
    assert (await browser.send("GET", "/users/me")).refusal == LOGGED_OUT


async def sign_in(browser: Browser, somebody: Somebody) -> None:
    """Sign in, wrongly and then rightly."""
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


async def sign_out(browser: Browser) -> None:
    """Sign out, twice."""
    await browser.ask("POST", "/users/logout")
    assert "MMAUTHTOKEN" not in browser.cookies
    assert (await browser.send("GET", "/users/me")).refusal == LOGGED_OUT
    await browser.ask("POST", "/users/logout")
