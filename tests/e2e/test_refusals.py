"""What is wrong is refused with the reference's status and id, at both edges, and nothing is written."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.client import Rest
from tests.e2e.database import Database
from tests.e2e.world import World, say

BODY = (400, "api.context.invalid_body_param.app_error")
URL = (400, "api.context.invalid_url_param.app_error")
FORBIDDEN = (403, "api.context.permissions.app_error")
EXPIRED = (401, "api.context.session_expired.app_error")
MISSING = "x" * 26
NOT_TEXT: tuple[Any, ...] = (7, True, [], {}, [7])
NOT_PROPS: tuple[Any, ...] = (7, "text", [], True)
NOT_IDS: tuple[Any, ...] = (7, "text", {}, [7])
NO_LISTS: tuple[Any, ...] = ({}, [7], [])


@dataclass(frozen=True, slots=True)
class Case:
    """A request and its answer."""

    method: str
    path: str
    expected: tuple[int, str]
    value: Any = None
    body: bytes | None = None


async def _refuse(rest: Rest, cases: list[Case]) -> list[str]:
    wrong = []
    for case in cases:
        answer = await rest.send(case.method, case.path, case.value, body=case.body)
        said = f"{case.method} {case.path} {str(case.value or case.body)[:80]}"
        if answer.refusal != case.expected:
            wrong.append(f"{said}: {answer.refusal}, not {case.expected}")
        elif answer.json["request_id"] != answer.headers["X-Request-Id"] or not answer.json["message"]:
            wrong.append(f"{said}: {answer.json}")
    return wrong


async def _check(world: World, database: Database, rest: Rest, cases: list[Case]) -> None:
    before = database.rows()
    wrong = [f"{edge.name}: {line}" for edge in world.edges for line in await _refuse(rest.at(edge), cases)]
    after = {table: count - before.get(table, 0) for table, count in database.rows().items()}
    assert not wrong, "\n".join(wrong)
    assert not {table: count for table, count in after.items() if count}


async def test_malformed_bodies(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    post = await say(ana.rest, channel["id"])
    operations = [
        ("POST", "/posts"),
        ("PUT", f"/posts/{post['id']}/patch"),
        ("POST", "/reactions"),
        ("POST", "/channels"),
        ("POST", "/channels/direct"),
        ("POST", "/channels/group"),
        ("PUT", f"/channels/{channel['id']}/patch"),
        ("POST", f"/channels/{channel['id']}/members"),
        ("POST", "/channels/members/me/view"),
        ("POST", "/teams"),
        ("PUT", "/users/me/patch"),
        ("PUT", "/users/me/status"),
        ("POST", "/users/ids"),
        ("POST", "/users/usernames"),
        ("POST", "/users/search"),
        ("POST", "/users/status/ids"),
        ("POST", "/users/me/typing"),
        ("POST", "/users/me/sessions/revoke"),
        ("POST", "/users"),
        ("POST", "/users/login"),
    ]
    broken = (b"", b"{", b'{"a":', b"nonsense", b'"text"', b"\xff\xfe", b"[" * 5000, b"7")
    cases = [Case(method, path, BODY, body=body) for method, path in operations for body in broken]
    await _check(world, database, ana.rest, cases)


async def test_wrong_types_and_missing_fields(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    channel = await world.channel(team, ana)
    message = {"channel_id": channel["id"], "message": "m"}
    made = {"team_id": team["id"], "name": "typed", "display_name": "Typed", "type": "O"}
    cases = [
        *(Case("POST", "/posts", BODY, message | {"message": wrong}) for wrong in NOT_TEXT),
        *(Case("POST", "/posts", BODY, message | {"channel_id": wrong}) for wrong in NOT_TEXT),
        *(Case("POST", "/posts", BODY, message | {"props": wrong}) for wrong in NOT_PROPS),
        *(Case("POST", "/posts", BODY, message | {"file_ids": wrong}) for wrong in NOT_IDS),
        *(Case("POST", "/channels", BODY, made | {"display_name": wrong}) for wrong in NOT_TEXT),
        *(Case("POST", "/channels/direct", BODY, wrong) for wrong in (*NO_LISTS, [ana.id, "short"], [ana.id] * 3)),
        *(Case("POST", "/channels/group", BODY, wrong) for wrong in NO_LISTS[:2]),
        Case("POST", "/channels/group", BODY, [ana.id, "short", MISSING]),
        *(Case("POST", "/users/ids", BODY, wrong) for wrong in NO_LISTS),
        Case("POST", "/channels", BODY, {"name": "x", "type": "O"}),
        Case("POST", f"/channels/{channel['id']}/members", BODY, {}),
        Case("POST", f"/channels/{channel['id']}/members", BODY, {"user_id": 7}),
        Case("POST", f"/teams/{team['id']}/members", BODY, {"team_id": team["id"]}),
        Case("POST", f"/teams/{team['id']}/members", BODY, {"team_id": MISSING, "user_id": ana.id}),
        Case("POST", "/channels/members/me/view", BODY, {"channel_id": "short"}),
    ]
    await _check(world, database, ana.rest, cases)


async def test_oversized_fields_and_bodies(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    post = await say(ana.rest, channel["id"])
    message = {"channel_id": channel["id"], "message": "m"}
    long = "é" * 16_384
    cases = [
        Case("POST", "/posts", (400, "model.post.is_valid.message_length.app_error"), message | {"message": long}),
        Case(
            "PUT",
            f"/posts/{post['id']}/patch",
            (400, "model.post.is_valid.message_length.app_error"),
            {"message": long},
        ),
        Case("POST", "/posts", (413, "api.context.request_body_too_large.app_error"), body=b" " * 300_001),
        Case("POST", "/posts", (400, "app.post.save.existing.app_error"), message | {"id": MISSING}),
        Case("POST", "/posts", (400, "api.context.invalid_param.app_error"), message | {"type": "system_generic"}),
    ]
    await _check(world, database, ana.rest, cases)
    whole = await say(ana.rest, channel["id"], "é" * 16_383)
    assert len(whole["message"]) == 16_383
    answer = await ana.rest.send("GET", "/users/me?x=" + "y" * 2100)
    assert answer.refusal == (414, "basic_security_check.url.too_long_error")


async def test_unknown_and_malformed_ids(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    team = await world.team(ana)
    channel, other = await world.channel(team, ana), await world.channel(team, ana)
    root = await say(ana.rest, channel["id"])
    reply = await say(ana.rest, channel["id"], root_id=root["id"])
    message = {"channel_id": channel["id"], "message": "m"}
    cases = [
        Case("GET", "/posts/short", URL),
        Case("GET", "/channels/short", URL),
        Case("GET", "/channels/short/posts", URL),
        Case("GET", f"/posts/{MISSING}", (404, "app.post.get.app_error")),
        Case("DELETE", f"/posts/{MISSING}", (404, "app.post.get.app_error")),
        Case("PUT", f"/posts/{MISSING}/patch", FORBIDDEN, {"message": "x"}),
        Case("GET", f"/channels/{MISSING}", (404, "app.channel.get.existing.app_error")),
        Case("GET", f"/users/{MISSING}", (404, "app.user.missing_account.const")),
        Case("GET", f"/channels/{channel['id']}/posts?before=short", BODY),
        Case("POST", "/posts", FORBIDDEN, message | {"channel_id": MISSING}),
        Case("POST", "/posts", (400, "api.post.create_post.root_id.app_error"), message | {"root_id": MISSING}),
        Case("POST", "/posts", (400, "api.post.create_post.root_id.app_error"), message | {"root_id": reply["id"]}),
        Case(
            "POST",
            "/posts",
            (400, "api.post.create_post.channel_root_id.app_error"),
            {"channel_id": other["id"], "message": "m", "root_id": root["id"]},
        ),
    ]
    await _check(world, database, ana.rest, cases)


async def test_other_peoples_channels_and_posts(world: World, database: Database) -> None:
    ana, eve = await world.people("ana", "eve")
    team = await world.team(ana, eve)
    secret, shared = await world.channel(team, ana, kind="P"), await world.channel(team, ana, eve)
    hidden, post = await say(ana.rest, secret["id"]), await say(ana.rest, shared["id"])
    direct = await ana.rest.post("/channels/direct", [ana.id, (await world.person("ben")).id])
    cases = [
        Case("POST", "/posts", FORBIDDEN, {"channel_id": secret["id"], "message": "m"}),
        Case("POST", "/posts", FORBIDDEN, {"channel_id": direct["id"], "message": "m"}),
        Case("GET", f"/channels/{secret['id']}/posts", FORBIDDEN),
        Case("GET", f"/channels/{direct['id']}/members", FORBIDDEN),
        Case("GET", f"/posts/{hidden['id']}", FORBIDDEN),
        Case("GET", f"/posts/{hidden['id']}/reactions", FORBIDDEN),
        Case("PUT", f"/posts/{post['id']}/patch", FORBIDDEN, {"message": "x"}),
        Case("PUT", f"/posts/{hidden['id']}/patch", FORBIDDEN, {"message": "x"}),
        Case("DELETE", f"/posts/{post['id']}", FORBIDDEN),
        Case("DELETE", f"/posts/{hidden['id']}", FORBIDDEN),
        Case("PUT", f"/channels/{secret['id']}/patch", FORBIDDEN, {"header": "x"}),
        Case("DELETE", f"/channels/{secret['id']}", FORBIDDEN),
        Case("POST", f"/channels/{secret['id']}/members", FORBIDDEN, {"user_id": eve.id}),
        Case("DELETE", f"/channels/{secret['id']}/members/{ana.id}", FORBIDDEN),
        Case("POST", "/users/me/typing", FORBIDDEN, {"channel_id": secret["id"]}),
        Case("PUT", f"/users/{ana.id}/patch", FORBIDDEN, {"nickname": "x"}),
        Case("GET", f"/users/{ana.id}/sessions", FORBIDDEN),
        Case("DELETE", f"/teams/{team['id']}/members/{ana.id}", FORBIDDEN),
    ]
    await _check(world, database, eve.rest, cases)


async def test_no_token_and_an_ended_one(world: World, database: Database) -> None:
    (ana,) = await world.people("ana")
    channel = await world.room(ana)
    ended = await world.person("ended")
    await ended.rest.post("/users/logout", expect=200)
    operations = [
        ("GET", "/users/me", None),
        ("POST", "/posts", {"channel_id": channel["id"], "message": "m"}),
        ("GET", f"/channels/{channel['id']}/posts", None),
        ("POST", "/teams", {"name": "x"}),
        ("POST", "/channels", {"name": "x"}),
        ("POST", "/reactions", {}),
        ("PUT", "/users/me/patch", {"nickname": "x"}),
        ("PUT", "/users/me/status", {"status": "dnd"}),
        ("GET", f"/files/{MISSING}", None),
    ]
    cases = [Case(method, path, EXPIRED, value) for method, path, value in operations]
    for token in ("", ended.token, MISSING):
        await _check(world, database, Rest(world.http, world.edges[0], token), cases)
